"""A world of nouns alone: records over a fresh database, with the plugin's own hooks at work."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from tenon.access.policy import Access, OpenPolicy
from tenon.clock import ManualClock
from tenon.identity import plugin as identity
from tenon.identity.actor import Actor
from tenon.nouns import plugin as nouns
from tenon.records.records import Records
from tenon.records.registry import Registry, build_type
from tenon.storage import Base, Storage


@pytest.fixture
def world(database: str) -> Iterator[Any]:
    storage = Storage(Flask(__name__), database)
    Base.metadata.create_all(storage.engine)
    types = [build_type("identity", e) for e in identity.entities()] + [
        build_type("nouns", e) for e in nouns.entities()
    ]
    clock = ManualClock()
    records = Records(storage, Access(OpenPolicy()), Registry(types), clock)
    tenon = SimpleNamespace(records=records, clock=clock, storage=storage)
    nouns.startup(tenon)
    yield tenon
    storage.close()


@pytest.fixture
def anna(world: Any) -> Actor:
    from tenon.identity.actor import system

    with world.records.writing(system("test")) as work:
        user = work.create("user", {"name": "Anna", "email": "anna@example.com"})
    return Actor(id=user.id, name="Anna", email="anna@example.com")
