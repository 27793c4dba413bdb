"""A deployment with b2b_accounts over a fresh database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tenon.app import Tenon, create_tenon
from tenon.clock import ManualClock
from tenon.identity.actor import Actor, system
from tenon.settings import Settings
from tenon.storage import Base


@pytest.fixture
def tenon(database: str) -> Iterator[Tenon]:
    settings = Settings.for_tests(database=database, plugins=["b2b_accounts"], locale={"currency": "EUR"})
    found = create_tenon(settings, clock=ManualClock())
    Base.metadata.create_all(found.storage.engine)
    yield found
    found.storage.close()


@pytest.fixture
def anna(tenon: Tenon) -> Actor:
    with tenon.records.writing(system("test")) as work:
        user = work.create("user", {"name": "Anna", "email": "anna@example.com"})
    return Actor(id=user.id, name="Anna", email="anna@example.com")
