"""Worlds over an empty database, once on SQLite and once on PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import URL

from tests.fixtures.databases import administer
from tests.pipelines.world import TABLES, World


@pytest.fixture(scope="session")
def shared_postgres(postgres_server: URL) -> Iterator[str]:
    """One database for all tests here: making and dropping one takes longer than most of them."""
    name = f"tenon_test_pipelines_{uuid.uuid4().hex[:8]}"
    administer(postgres_server, f'CREATE DATABASE "{name}" TEMPLATE template0')
    administer(postgres_server, f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    yield postgres_server.set(database=name).render_as_string(hide_password=False)
    administer(postgres_server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database(request: pytest.FixtureRequest) -> str:
    """The URL of a database without records."""
    fixture = {"sqlite": "sqlite_url", "postgresql": "shared_postgres"}[request.param]
    url: str = request.getfixturevalue(fixture)
    return url


@pytest.fixture
def make_world(database: str) -> Iterator[Callable[..., World]]:
    """``make_world(pipelines=…, customer=…)``: a company with those definitions."""
    made: list[World] = []

    def make(**definitions: object) -> World:
        made.append(World(database, **definitions))
        return made[-1]

    yield make
    for world in made:
        if world is made[-1] and world.storage.dialect == "postgresql":
            empty(world)
        world.storage.close()


def empty(world: World) -> None:
    """Leave the database to the next test as this one found it."""
    with world.storage.writing() as connection:
        connection.execute(sa.text("TRUNCATE " + ", ".join(f'"{table.name}"' for table in TABLES)))


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A company that sells freely; see tests/pipelines/sales.py."""
    return make_world()
