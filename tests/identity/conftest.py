"""An identity on each kind of database, its tables made by its migrations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

import tenon.identity.models
from tenon.clock import ManualClock
from tenon.identity import Identity, IdentityOptions
from tenon.storage import Storage
from tenon.storage.migrations import MigrationOwner, Migrations
from tests.identity.provider import Forger

FOLDER = Path(tenon.identity.models.__file__).parent / "migrations"
OPTIONS = IdentityOptions(secret_key="a secret that only tests know")
OWNER = MigrationOwner("identity", FOLDER, "identity_")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def open_storage() -> Iterator[Callable[[str], Storage]]:
    """Open storages that are closed after the test."""
    opened: list[Storage] = []

    def open_one(url: str) -> Storage:
        opened.append(Storage(Flask(__name__), url))
        return opened[-1]

    yield open_one
    for storage in opened:
        storage.close()


@pytest.fixture
def storage(database: str, open_storage: Callable[[str], Storage]) -> Storage:
    """The tables of users, once on SQLite and once on PostgreSQL."""
    storage = open_storage(database)
    Migrations(storage, [OWNER]).upgrade()
    return storage


@pytest.fixture
def identity(storage: Storage, clock: ManualClock) -> Identity:
    return Identity(storage, clock, OPTIONS)


@pytest.fixture
def another_process(
    storage: Storage, database: str, open_storage: Callable[[str], Storage], clock: ManualClock
) -> Identity:
    """The same users as another process sees them: other connections, another memory."""
    return Identity(open_storage(database), clock, OPTIONS)


@pytest.fixture
def forger(clock: ManualClock) -> Iterator[Forger]:
    """A provider on this machine that signs whatever a test wants signed."""
    provider = Forger(lambda: clock.now().timestamp())
    yield provider
    provider.close()
