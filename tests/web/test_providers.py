"""Signing in with a provider, all the way: a real one in a process of its own, and no browser."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx
import pytest
from flask.testing import FlaskClient

from tenon.app import Tenon
from tenon.clock import ManualClock
from tenon.identity.actor import Actor
from tenon.settings import OidcProvider, Settings
from tests.web.visitor import Page, Visitor

BACK = "http://localhost/sign-in/with/mock/back"
PEOPLE = (
    {"sub": "anna", "email": "anna@example.com", "email_verified": True, "name": "Anna"},
    {"sub": "mallory", "email": "anna@example.com", "email_verified": False, "name": "Mallory"},
    {"sub": "nobody", "email": "nobody@example.com", "email_verified": True, "name": "Nobody"},
)


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """A provider where clients have to register, and nonces have to be given."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    people = [part for person in PEOPLE for part in ("--user-claims", json.dumps(person))]
    command = [sys.executable, "-m", "oidc_provider_mock", "-p", str(port), "-r", "true", "-n", "true"]
    provider = subprocess.Popen([*command, *people], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, provider)
        yield address
    finally:
        provider.terminate()
        provider.wait(timeout=10)


def _wait_for(address: str, provider: subprocess.Popen[bytes]) -> None:
    for _attempt in range(300):
        assert provider.poll() is None, "the provider ended by itself"
        try:
            httpx.get(f"{address}/.well-known/openid-configuration").raise_for_status()
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the provider did not begin to answer")


@pytest.fixture
def tenon_settings(issuer: str) -> Settings:
    registered = httpx.post(f"{issuer}/oauth2/clients", json={"redirect_uris": [BACK]}).json()
    mock = OidcProvider(
        "mock", issuer, registered["client_id"], registered["client_secret"], label="The Mock"
    )
    return Settings.for_tests(plugins=["b2b_accounts"], oidc={"mock": mock})


@pytest.fixture
def clock() -> ManualClock:
    """The provider's tokens are of today."""
    return ManualClock(datetime.now(UTC))


@pytest.fixture
def browser(client: FlaskClient, actor: Actor) -> Visitor:
    return Visitor(client)


def go(browser: Visitor, person: str, **choice: str) -> str:
    """To the provider, where ``person`` says who they are, and the address that one is sent back to."""
    sent = browser.get("/sign-in/with/mock?next=/accounts")
    assert sent.status == 302
    form = httpx.get(sent.location)
    assert form.status_code == 200
    answered = httpx.post(sent.location, data={"sub": person, **choice})
    assert answered.status_code == 302
    return answered.headers["Location"]


def back(browser: Visitor, address: str) -> Page:
    parts = urlsplit(address)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == BACK
    return browser.get(f"{parts.path}?{parts.query}")


def test_the_sign_in_page_offers_the_provider(browser: Visitor) -> None:
    page = browser.get("/sign-in?next=/accounts")
    assert "Sign in with The Mock" in page.text
    assert "/sign-in/with/mock?next=/accounts" in page.links


def test_somebody_signs_in_and_comes_back_to_where_they_were(
    browser: Visitor, tenon: Tenon, actor: Actor
) -> None:
    entered = back(browser, go(browser, "anna"))
    assert (entered.status, entered.location) == (303, "/accounts")
    assert "anna@example.com" in browser.get("/account").html
    assert [s.method for s in tenon.identity.sessions.of(actor.id)] == ["oidc:mock"]  # type: ignore[arg-type]
    browser.post("/sign-out")
    assert browser.get("/accounts").status == 302


def test_an_unverified_address_an_unknown_one_and_a_refusal_stay_out(browser: Visitor) -> None:
    for person, sentence in (("mallory", "has not verified"), ("nobody", "no account with your e-mail")):
        refused = back(browser, go(browser, person))
        assert (refused.status, sentence in refused.text) == (403, True)
    denied = back(browser, go(browser, "anna", action="deny"))
    assert denied.status == 403
    assert browser.get("/accounts").status == 302


def test_an_answer_is_good_once_and_in_its_own_browser(browser: Visitor, tenon: Tenon) -> None:
    address = go(browser, "anna")
    elsewhere = Visitor(tenon.app.test_client())
    assert back(elsewhere, address).status == 403
    assert back(browser, address).status == 303
    assert back(browser, address).status == 403


@pytest.mark.parametrize(
    "target", ["//evil.example", "\\\\evil.example", "https:evil.example", "https://evil.example"]
)
def test_coming_back_leads_nowhere_but_here(browser: Visitor, target: str) -> None:
    sent = browser.client.get("/sign-in/with/mock", query_string={"next": target}).headers["Location"]
    answered = httpx.post(sent, data={"sub": "anna"}).headers["Location"]
    assert back(browser, answered).location == "/"


def test_the_provider_refuses_any_other_address_to_come_back_to(browser: Visitor) -> None:
    """The control: the exact address is what the provider holds us to."""
    sent = browser.get("/sign-in/with/mock").location
    assert httpx.get(sent.replace("sign-in%2Fwith%2Fmock%2Fback", "elsewhere")).status_code == 400
    assert httpx.get(sent).status_code == 200


def test_a_provider_that_is_not_set_up_is_not_there(browser: Visitor) -> None:
    assert browser.get("/sign-in/with/other").status == 404
