"""Who asks: keys, what they were made for, how often they may ask, and plugins' own routes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from textwrap import dedent

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tenon.app import Tenon
from tenon.clock import ManualClock
from tenon.identity.actor import Actor
from tenon.settings import Settings
from tenon.testing import ApiClient
from tenon.testing.plugin_factory import PluginFactory
from tenon.testing.plugin_factory import plugin_factory as plugin_factory
from tests.rest.conftest import Send

TROUBLE = """
    from flask import Blueprint, abort, jsonify

    @hookimpl
    def endpoints(tenon):
        routes = Blueprint("trouble", __name__)

        @routes.get("/who")
        def who():
            return jsonify(name=current_actor().name)

        @routes.get("/boom")
        def boom():
            raise RuntimeError("SELECT password FROM the_vault")

        @routes.get("/gone")
        def gone():
            abort(410, "It went in 2019")

        return [Endpoint("trouble", routes)]
"""


@pytest.fixture
def tenon_settings(request: pytest.FixtureRequest, plugin_factory: PluginFactory) -> Settings:
    """As elsewhere; the mark ``trouble`` adds a plugin whose routes fail."""
    marker = request.node.get_closest_marker("tenon")
    given = {"plugins": ["b2b_accounts"]} | (marker.kwargs if marker else {})
    if "trouble" in given["plugins"]:
        plugin_factory.make("trouble", dedent(TROUBLE))
    return Settings.for_tests(**given)


def test_nothing_is_answered_without_a_valid_key(tenon_app: Flask, key: str) -> None:
    client = tenon_app.test_client()
    for header in (
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        key,
        f"Bearer {key}x",
        "Bearer " + "x" * 5000,
    ):
        answer = client.get(
            "/api/v1/accounts", headers={"Authorization": header} if header is not None else {}
        )
        assert answer.status_code == 401, header
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert answer.json is not None
        assert answer.json["hint"]
        assert key not in answer.text
    assert client.get("/api/v1/accounts", headers={"Authorization": f"bearer {key}"}).status_code == 200


def test_a_session_of_the_pages_is_no_key(signed_in: FlaskClient) -> None:
    assert signed_in.get("/").status_code == 200
    assert signed_in.get("/api/v1/accounts").status_code == 401
    assert signed_in.post("/api/v1/accounts", json={"name": "Acme"}).status_code == 401


def test_a_key_ends_when_it_is_revoked_expires_or_its_owner_goes(
    tenon: Tenon, tenon_app: Flask, as_role: Callable[..., Actor], clock: ManualClock
) -> None:
    user = as_role()
    assert user.id is not None

    def made(**details: object) -> tuple[str, str]:
        row, secret = tenon.identity.create_api_key(user.id, "one", **details)  # type: ignore[arg-type]
        return row.prefix, secret

    def status(secret: str) -> int:
        headers = {"Authorization": f"Bearer {secret}"}
        return tenon_app.test_client().get("/api/v1/me", headers=headers).status_code

    (prefix, revoked), (_p, brief), (_q, lasting) = (
        made(),
        made(expires_at=clock.now() + timedelta(hours=1)),
        made(),
    )
    assert [status(revoked), status(brief), status(lasting)] == [200, 200, 200]
    tenon.identity.keys.revoke(prefix)
    clock.advance(hours=2)
    assert [status(revoked), status(brief), status(lasting)] == [401, 401, 200]


@pytest.fixture
def reader(tenon: Tenon, api: ApiClient, actor: Actor) -> ApiClient:
    """A key of the same person that may read accounts and nothing else."""
    return api.acting_as(actor, "account:read")


def test_a_key_does_no_more_than_it_was_made_for(
    api: ApiClient, reader: ApiClient, accounts: dict[str, str]
) -> None:
    path = f"/accounts/{accounts['Acme']}"
    assert reader.get(path)["name"] == "Acme"
    assert reader.get("/me")["scopes"] == ["account:read"]
    other = f"/accounts/{accounts['Bolt']}"
    refused = [
        reader.post("/accounts", {"name": "x"}, status=403),
        reader.patch(path, {"name": "x"}, status=403),
        reader.delete(path, status=403),
        reader.post(f"{path}/restore", status=403),
        reader.post(f"{path}/merge", {"loser": accounts["Bolt"]}, status=403),
        reader.post("/accounts/fields", {"key": "a", "label": "A", "kind": "text"}, status=403),
        reader.put("/accounts/by-external-id/sap/1", {"name": "x"}, status=403),
        reader.get("/contacts", status=403),
        reader.get("/contacts/fields", status=403),
        reader.get("/contacts/sums", status=403),
        reader.post("/contacts/search", {}, status=403),
    ]
    assert "account:update" in refused[1]["hint"]
    for kind, items in (("create", [{"name": "x"}]), ("archive", [accounts["Bolt"]])):
        answer = reader.post("/accounts/bulk", {kind: items}, status=None if kind == "create" else 403)
        assert answer.status == 403 or [r["status"] for r in answer["results"]] == [403]
    assert api.get(other)["version"] == 1
    assert api.get("/accounts?total=true")["total"] == 4


def test_what_a_key_may_not_read_is_nowhere_in_its_answers(
    api: ApiClient, reader: ApiClient, accounts: dict[str, str]
) -> None:
    api.post("/contacts", {"last_name": "Acme"})
    assert {item["entity"] for item in reader.get("/search?q=acme")["data"]} == {"account"}
    record = reader.get(f"/accounts/{accounts['Acme']}?include=owner_id")
    assert record["included"] == {"owner_id": None}
    assert [c["entity"] for c in reader.get("/")["collections"]] == ["account"]


@pytest.mark.tenon(plugins=["b2b_accounts"], limits={"requests_per_minute": 3})
def test_a_key_that_asks_too_often_waits(api: ApiClient, as_role: Callable[..., Actor]) -> None:
    for _time in range(3):
        api.get("/me")
    refused = api.get("/me", status=429)
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert api.acting_as(as_role()).get("/me").status == 200


@pytest.mark.tenon(plugins=["trouble"])
def test_a_plugins_routes_ask_for_a_key_and_fail_as_the_others_do(tenon_app: Flask, send: Send) -> None:
    tenon_app.testing = False
    assert tenon_app.test_client().get("/api/v1/x/trouble/who").status_code == 401
    who = send("GET", "/x/trouble/who")
    assert (who.json, who.headers["Cache-Control"]) == ({"name": "Anna Example"}, "no-store")
    for path, status in (("gone", 410), ("boom", 500), ("nowhere", 404)):
        answer = send("GET", f"/x/trouble/{path}")
        assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
        assert "vault" not in answer.text
    assert send("GET", "/x/trouble/gone").json["detail"] == "It went in 2019"  # type: ignore[index]
    assert send("POST", "/x/trouble/who").status_code == 405


def test_the_address_of_a_plugin_that_is_not_there_is_nothing(
    send: Send, plugin_factory: PluginFactory
) -> None:
    assert send("GET", "/x/trouble/who").status_code == 404
