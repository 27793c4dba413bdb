"""A deployment with accounts and opportunities, its API, and what the tests of the API share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tenon.app import Tenon, add_faces
from tenon.identity.actor import Actor
from tenon.settings import Settings
from tenon.testing import ApiClient
from tenon.testing.deployments import Deployments
from tenon.testing.people import make_actor
from tests.rest.documented import Documented

Send = Callable[..., TestResponse]


@pytest.fixture
def tenon_settings(request: pytest.FixtureRequest) -> Settings:
    """Both modes, amounts in euros; the marker ``tenon`` changes more."""
    marker = request.node.get_closest_marker("tenon")
    given = {"plugins": ["b2b_accounts"], "locale": {"currency": "EUR"}}
    return Settings.for_tests(**(given | (marker.kwargs if marker else {})))


@pytest.fixture(scope="session")
def documented(tenon_deployments: Deployments) -> Iterator[Documented]:
    """The OpenAPI document, and what was answered of it so far."""
    tenon = tenon_deployments.compose(Settings.for_tests(plugins=["b2b_accounts"]))
    add_faces(tenon)
    yield Documented(tenon.app.test_client().get("/api/v1/openapi.json").json)
    tenon_deployments.discard(tenon)


@pytest.fixture
def tenon_app(tenon_app: Flask, documented: Documented) -> Flask:
    """The app with both faces; an answer that the document does not have fails the test."""
    tenon_app.after_request(documented.check)
    return tenon_app


@pytest.fixture
def key(tenon: Tenon, actor: Actor) -> str:
    """An API key of the actor."""
    assert actor.id is not None
    _row, secret = tenon.identity.create_api_key(actor.id, "raw")
    return secret


@pytest.fixture
def send(tenon_app: Flask, key: str) -> Send:
    """Send anything at all: ``send("POST", "/contacts", b"{", content_type="application/json")``."""
    client = tenon_app.test_client(use_cookies=False)

    def sent(
        method: str, path: str, data: Any = None, *, content_type: str | None = None, **headers: str
    ) -> Any:
        given = {"Authorization": f"Bearer {key}"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        return client.open(
            f"/api/v1{path}", method=method, data=data, content_type=content_type, headers=given
        )

    return sent


ROWS: tuple[dict[str, Any], ...] = (
    {"name": "Acme", "industry": "retail", "revenue": "1000.00", "city": "Berlin"},
    {"name": "Bolt", "industry": "software", "revenue": "250.50", "city": "berlin"},
    {"name": "Cobra", "industry": "retail", "founded": 1990},
    {"name": "Delta", "founded": 2001, "revenue": "70.00", "city": "100% Ort_1"},
)


@pytest.fixture
def accounts(api: ApiClient) -> dict[str, str]:
    """The ids of four accounts, by name."""
    return {row["name"]: api.post("/accounts", row)["id"] for row in ROWS}


@pytest.fixture(scope="session")
def still(tenon_deployments: Deployments) -> Iterator[ApiClient]:
    """The API of a deployment with the four accounts, for tests that change nothing."""
    plain = Settings.for_tests(plugins=["b2b_accounts"], locale={"currency": "EUR"})
    tenon = tenon_deployments.compose(plain)
    add_faces(tenon)
    api = ApiClient.of(tenon, make_actor(tenon, name="Anna Example"))
    for row in ROWS:
        api.post("/accounts", row)
    yield api
    tenon_deployments.discard(tenon)
