"""A small world for the exchange: a database with its tables, a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

import pytest

from tenon.clock import ManualClock
from tenon.storage import Storage
from tests.exchange.world import World, open_storage


@pytest.fixture
def storage(database: str) -> Iterator[Storage]:
    opened = open_storage(database)
    yield opened
    opened.close()


@pytest.fixture
def make_world(storage: Storage) -> Callable[..., World]:
    """Worlds over one database, as several processes would see it."""

    def make(**contributed: object) -> World:
        clock = contributed.pop("clock", None) or ManualClock()
        return World(storage, clock, rng=Random(7), **contributed)

    return make
