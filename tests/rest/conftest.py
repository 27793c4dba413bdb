"""A deployment with accounts and opportunities, its API, and what the tests of the API share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tenon.identity.actor import Actor
from tenon.settings import Settings


@pytest.fixture
def tenon_settings(request: pytest.FixtureRequest) -> Settings:
    """Both modes, amounts in euros; the marker ``tenon`` changes more."""
    marker = request.node.get_closest_marker("tenon")
    given = {"plugins": ["b2b_accounts"], "locale": {"currency": "EUR"}}
    return Settings.for_tests(**(given | (marker.kwargs if marker else {})))


@pytest.fixture
def anna(as_role: Callable[..., Actor]) -> Actor:
    """Somebody who works there."""
    return as_role(name="Anna", email="anna@example.com")
