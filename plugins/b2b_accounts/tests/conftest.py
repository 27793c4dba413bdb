"""A deployment with b2b_accounts, once on SQLite and once on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tenon.identity.actor import Actor
from tenon.settings import Settings


@pytest.fixture(params=["sqlite", "postgresql"])
def tenon_database(request: pytest.FixtureRequest) -> str:
    """The server that each test's database is made on."""
    if request.param == "sqlite":
        return "sqlite"
    return str(request.getfixturevalue("postgres_server").render_as_string(hide_password=False))


@pytest.fixture
def tenon_settings() -> Settings:
    """Both modes, amounts in euros."""
    return Settings.for_tests(plugins=["b2b_accounts"], locale={"currency": "EUR"})


@pytest.fixture
def anna(as_role: Callable[..., Actor]) -> Actor:
    """Somebody who works there."""
    return as_role(name="Anna", email="anna@example.com")
