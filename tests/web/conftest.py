"""A deployment with accounts and opportunities, and somebody at a browser without a script."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tenon.app import Tenon
from tenon.identity.actor import Actor
from tenon.settings import Settings
from tenon.testing.people import PASSWORD, sign_in
from tenon.testing.plugin_factory import plugin_factory as plugin_factory
from tests.web.visitor import Visitor


@pytest.fixture
def tenon_settings(request: pytest.FixtureRequest) -> Settings:
    """Business customers, amounts in euros; the marker ``tenon`` changes more."""
    marker = request.node.get_closest_marker("tenon")
    given = {"plugins": ["b2b_accounts"], "locale": {"currency": "EUR"}}
    return Settings.for_tests(**(given | (marker.kwargs if marker else {})))


@pytest.fixture
def visitor(tenon: Tenon, signed_in: FlaskClient) -> Visitor:
    """Anna, signed in."""
    return Visitor(signed_in)


@pytest.fixture
def admin(tenon: Tenon, tenon_app: object, as_role: Callable[..., Actor]) -> Visitor:
    """An administrator, signed in at another browser."""
    who = as_role(admin=True, name="Ada", email="ada@example.com", password=PASSWORD)
    client = tenon.app.test_client()
    sign_in(tenon, client, str(who.email))
    return Visitor(client)


@pytest.fixture
def make(tenon: Tenon, actor: Actor) -> Callable[..., str]:
    """Make a record as Anna and get its id: ``make("account", name="Acme")``."""

    def made(entity: str, **values: object) -> str:
        with tenon.records.writing(actor) as work:
            return str(work.create(entity, values).id)

    return made
