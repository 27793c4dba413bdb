"""Worlds over a fresh database, once on SQLite and once on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.pipelines.world import World


@pytest.fixture
def make_world(database: str) -> Iterator[Callable[..., World]]:
    """``make_world(pipelines=…, customer=…)``: a company with those definitions."""
    made: list[World] = []

    def make(**definitions: object) -> World:
        made.append(World(database, **definitions))
        return made[-1]

    yield make
    for world in made:
        world.storage.close()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A company that sells freely; see tests/pipelines/sales.py."""
    return make_world()
