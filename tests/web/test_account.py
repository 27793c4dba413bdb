"""What is one's own: the password, the second step, where one is signed in, keys. Without a script."""

from __future__ import annotations

import re
from collections.abc import Callable

import pyotp
import pytest
from flask.testing import FlaskClient

from tenon.app import Tenon
from tenon.clock import ManualClock
from tenon.identity.actor import Actor
from tenon.testing.people import PASSWORD, sign_in
from tests.web.visitor import Page, Visitor

NEW = "another good password"
SECRET = re.compile(r'id="secret">([A-Z2-7]{32})<')
CODES = re.compile(r"<code>([a-z0-9]{4}(?:-[a-z0-9]{4}){3})</code>")


def set_up(visitor: Visitor, clock: ManualClock) -> tuple[pyotp.TOTP, list[str]]:
    """Turn the second step on as a person does: the app, and the recovery codes."""
    shown = visitor.post("/account/two-step", {"action": "start"})
    found = SECRET.search(shown.html)
    assert found is not None
    assert "<svg" in shown.html
    app = pyotp.TOTP(found[1])
    on = visitor.post("/account/two-step", {"action": "confirm", "code": app.at(clock.now())})
    assert on.status == 200
    codes = CODES.findall(on.html)
    assert len(codes) == 10
    clock.advance(minutes=1)
    return app, codes


def enter(tenon: Tenon, email: str = "anna@example.com", **sent: str) -> tuple[Visitor, Page]:
    """A new browser that does the first step."""
    browser = Visitor(tenon.app.test_client())
    return browser, browser.post("/sign-in", {"email": email, "password": PASSWORD, **sent})


def cookie(visitor: Visitor) -> str:
    found = visitor.client.get_cookie("tenon_session")
    assert found is not None
    return found.value


def test_a_code_is_asked_for_once_the_second_step_is_on(
    visitor: Visitor, tenon: Tenon, clock: ManualClock
) -> None:
    app, _codes = set_up(visitor, clock)
    assert "On since" in visitor.get("/account").text

    browser, first = enter(tenon, next="/accounts?sort=name")
    assert (first.status, first.location) == (303, "/sign-in/code?next=/accounts?sort%3Dname")
    assert browser.get("/accounts").location.startswith("/sign-in")
    asked = browser.get(first.location)
    assert 'value="/accounts?sort=name"' in asked.html
    wrong = browser.post("/sign-in/code", {"code": "000000"})
    assert (wrong.status, "not right" in wrong.text) == (422, True)
    entered = browser.post("/sign-in/code", {"code": app.at(clock.now()), "next": "/accounts?sort=name"})
    assert (entered.status, entered.location) == (303, "/accounts?sort=name")
    assert browser.get("/accounts").status == 200


def test_the_secret_and_the_recovery_codes_are_shown_once(visitor: Visitor, clock: ManualClock) -> None:
    app, codes = set_up(visitor, clock)
    page = visitor.get("/account/two-step")
    assert app.secret not in page.html
    assert codes[0] not in page.html
    assert page.headers["Cache-Control"] == "no-store"


def test_a_wrong_code_while_setting_up_can_be_typed_again(visitor: Visitor, clock: ManualClock) -> None:
    shown = visitor.post("/account/two-step", {"action": "start"})
    app = pyotp.TOTP(SECRET.search(shown.html)[1])  # type: ignore[index]
    wrong = visitor.post("/account/two-step", {"action": "confirm", "code": "000000"})
    assert (wrong.status, 'value="confirm"' in wrong.html, app.secret in wrong.html) == (422, True, False)
    assert visitor.post("/account/two-step", {"action": "confirm", "code": app.at(clock.now())}).status == 200


def test_a_recovery_code_signs_in_and_says_how_many_are_left(
    visitor: Visitor, tenon: Tenon, clock: ManualClock
) -> None:
    _app, codes = set_up(visitor, clock)
    browser, _first = enter(tenon)
    assert (
        browser.post("/sign-in/code", {"code": codes[0]}, follow=True).text.count("9 recovery codes left")
        == 1
    )


def test_the_first_step_is_of_no_use_in_another_browser_or_later(
    visitor: Visitor, tenon: Tenon, clock: ManualClock
) -> None:
    app, _codes = set_up(visitor, clock)
    browser, _first = enter(tenon)
    other = Visitor(tenon.app.test_client())
    assert other.get("/sign-in/code").location.startswith("/sign-in")
    refused = other.post("/sign-in/code", {"code": app.at(clock.now())})
    assert (refused.status, "has expired" in refused.text) == (422, True)
    clock.advance(minutes=5)
    late = browser.post("/sign-in/code", {"code": app.at(clock.now())})
    assert (late.status, "has expired" in late.text) == (422, True)
    assert browser.get("/accounts").status == 302


@pytest.mark.parametrize("target", ["//evil.example", "\\\\evil.example", "https:evil.example", "/\\evil"])
def test_the_second_step_leads_nowhere_but_here(
    visitor: Visitor, tenon: Tenon, clock: ManualClock, target: str
) -> None:
    app, _codes = set_up(visitor, clock)
    browser, first = enter(tenon, next=target)
    assert "evil" not in first.location
    entered = browser.post("/sign-in/code", {"code": app.at(clock.now()), "next": target})
    assert (entered.status, entered.location) == (303, "/")


def test_turning_it_off_takes_both(visitor: Visitor, tenon: Tenon, clock: ManualClock) -> None:
    app, _codes = set_up(visitor, clock)
    off = {"action": "off", "code": app.at(clock.now())}
    assert visitor.post("/account/two-step", {**off, "current": "a guess"}).status == 422
    assert visitor.post("/account/two-step", {**off, "current": PASSWORD}).status == 303
    _browser, first = enter(tenon)
    assert first.location == "/"


@pytest.mark.tenon(session={"require_totp": "everyone"})
def test_who_has_to_set_it_up_is_led_there_before_anything_else(visitor: Visitor, clock: ManualClock) -> None:
    for url in ("/", "/accounts", "/account/keys"):
        assert (visitor.get(url).status, visitor.get(url).location) == (302, "/account/two-step")
    assert visitor.get("/accounts", htmx=True).headers["HX-Redirect"] == "/account/two-step"
    assert visitor.post("/accounts/new", {"name": "Acme"}).location == "/account/two-step"
    assert "Set yours up" in visitor.get("/account/two-step").text
    set_up(visitor, clock)
    assert visitor.get("/accounts").status == 200
    assert "Acme" not in visitor.get("/accounts").text


@pytest.mark.tenon(session={"require_totp": "admins"})
def test_it_may_be_wanted_of_administrators_alone(visitor: Visitor, admin: Visitor) -> None:
    assert visitor.get("/accounts").status == 200
    assert admin.get("/accounts").location == "/account/two-step"
    assert admin.post("/sign-out").status == 303


def test_a_token_planted_before_the_sign_in_is_worth_nothing_after_it(
    client: FlaskClient, tenon: Tenon, actor: Actor, as_role: Callable[..., Actor]
) -> None:
    """Session fixation: the attacker's own cookie in somebody else's browser."""
    as_role(name="Eve", email="eve@example.com", password=PASSWORD)
    sign_in(tenon, client, "eve@example.com")
    planted = client.get_cookie("tenon_session")
    assert planted is not None
    victim = Visitor(client)
    victim.post("/sign-in", {"email": actor.email, "password": PASSWORD})
    assert "anna@example.com" in victim.get("/account").html
    attacker = tenon.app.test_client()
    attacker.set_cookie("tenon_session", planted.value)
    assert Visitor(attacker).get("/account").status == 302


def test_the_cookie_is_for_this_site_and_no_script(client: FlaskClient, tenon: Tenon, actor: Actor) -> None:
    visitor = Visitor(client)
    set_cookie = visitor.post("/sign-in", {"email": actor.email, "password": PASSWORD}).headers["Set-Cookie"]
    attributes = {
        part.strip().partition("=")[0]: part.strip().partition("=")[2] for part in set_cookie.split(";")
    }
    assert {"HttpOnly", "SameSite", "Path"} <= set(attributes)
    assert (attributes["SameSite"], attributes["Path"]) == ("Lax", "/")
    assert "Domain" not in attributes
    assert "Secure" not in attributes
    over_https = client.post("/language", base_url="https://localhost", data={"locale": "vi"})
    assert over_https.status_code == 400
    assert "; Secure" in client.get("/sign-in", base_url="https://localhost").headers["Set-Cookie"]


@pytest.mark.tenon(session={"secure_cookie": True})
def test_over_https_alone_the_cookie_is_bound_to_this_host(client: FlaskClient, actor: Actor) -> None:
    page = client.get("/sign-in", base_url="https://localhost")
    assert page.headers["Set-Cookie"].startswith("__Host-tenon_session=")
    assert "; Secure" in page.headers["Set-Cookie"]


def test_more_rights_come_with_another_token(
    visitor: Visitor, admin: Visitor, actor: Actor, tenon: Tenon, clock: ManualClock
) -> None:
    before = cookie(visitor)
    assert visitor.get("/settings").status == 403
    tenon.identity.users.set_access(actor.id, admin=True)  # type: ignore[arg-type]
    clock.advance(seconds=1)
    assert visitor.get("/settings").status == 200
    assert cookie(visitor) != before
    thief = Visitor(tenon.app.test_client())
    thief.client.set_cookie("tenon_session", before)
    assert thief.get("/settings").status == 302


def test_a_password_is_changed_by_who_knows_it(visitor: Visitor, tenon: Tenon) -> None:
    elsewhere, _first = enter(tenon)
    before = cookie(visitor)
    fresh = {"new": NEW, "again": NEW}
    wrong = visitor.post("/account", {"current": "guess", **fresh})
    assert (wrong.status, "not your present password" in wrong.text) == (422, True)
    differs = visitor.post("/account", {"current": PASSWORD, "new": NEW, "again": "something else"})
    assert (differs.status, "differ" in differs.text) == (422, True)
    short = visitor.post("/account", {"current": PASSWORD, "new": "short", "again": "short"})
    assert (short.status, "characters or more" in short.text) == (422, True)

    assert visitor.post("/account", {"current": PASSWORD, **fresh}).status == 303
    assert visitor.get("/account").status == 200
    assert elsewhere.get("/account").status == 302
    visitor.client.set_cookie("tenon_session", before)
    assert visitor.get("/account").status == 302
    assert tenon.identity.sign_in("anna@example.com", NEW)


def test_ones_browsers_are_listed_and_signed_out(tenon: Tenon, visitor: Visitor) -> None:
    phone, desk = (Visitor(tenon.app.test_client()) for _browser in range(2))
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1"
    for browser in (phone, desk):
        token = browser.token()
        sent = {"email": "anna@example.com", "password": PASSWORD, "csrf_token": token}
        browser.client.post("/sign-in", data=sent, headers={"User-Agent": agent})
    page = visitor.get("/account/sessions")
    assert page.text.count("Safari, iPhone") == 4
    assert page.text.count("This browser") == 1
    end = re.findall(r'action="(/account/sessions/[0-9a-f-]+/end)"', page.html)
    assert len(end) == 3
    ends_phone = next(url for url in end if url.split("/")[3] == _session_id(tenon, phone))
    assert visitor.post(ends_phone).status == 303
    assert phone.get("/account").status == 302
    assert desk.get("/account").status == 200
    visitor.post("/account/sessions/end-others")
    assert desk.get("/account").status == 302
    assert visitor.get("/account").status == 200


def test_nobody_ends_somebody_elses_session(visitor: Visitor, admin: Visitor, tenon: Tenon) -> None:
    hers = _session_id(tenon, admin)
    absent = "00000000-0000-7000-8000-000000000000"
    answers = [visitor.post(f"/account/sessions/{id_}/end") for id_ in (hers, absent)]
    assert [answer.status for answer in answers] == [404, 404]
    assert answers[0].text == answers[1].text
    assert admin.get("/account").status == 200


def _session_id(tenon: Tenon, browser: Visitor) -> str:
    with browser.client.session_transaction() as session:
        found = tenon.identity.sessions.signed_in(session["token"])
    assert found is not None
    return str(found.session_id)


def _key(page: Page) -> str:
    found = re.search(r"tnn_[a-z0-9]{8}_\w{40}", page.html)
    assert found is not None
    return found[0]


def test_a_key_that_reads_writes_nothing(visitor: Visitor, make: Callable[..., str]) -> None:
    acme = make("account", name="Acme")
    key = _key(visitor.post("/account/keys", {"name": "Reports", "reach": "read", "days": "30"}))
    headers = {"Authorization": f"Bearer {key}"}
    program = visitor.client.application.test_client()
    assert program.get(f"/api/v1/accounts/{acme}", headers=headers).status_code == 200
    for method, url, body in (
        ("POST", "/api/v1/accounts", {"name": "New"}),
        ("PATCH", f"/api/v1/accounts/{acme}", {"name": "Vandal"}),
        ("DELETE", f"/api/v1/accounts/{acme}", None),
    ):
        answer = program.open(url, method=method, json=body, headers={**headers, "If-Match": '"1"'})
        assert answer.status_code == 403, (method, answer.get_data(as_text=True))
    assert "Vandal" not in visitor.get("/accounts").text


def test_a_key_has_what_was_ticked_and_is_shown_once(visitor: Visitor, tenon: Tenon) -> None:
    assert 'value="account:update"' in visitor.get("/account/keys").html
    sent = {"name": "ERP", "reach": "some", "scope": ["account:read", "account:update"], "days": "30"}
    made = visitor.post("/account/keys", sent)
    key = _key(made)
    actor = tenon.identity.actor_for_key(key)
    assert actor is not None
    assert actor.scopes == {"account:read", "account:update"}
    assert key not in visitor.get("/account/keys").html
    visitor.post(f"/account/keys/{key.split('_')[1]}/revoke")
    assert tenon.identity.actor_for_key(key) is None


@pytest.mark.parametrize(
    "sent",
    [
        {"reach": "some"},
        {"reach": "read", "days": ""},
        {"reach": "read", "days": "4000"},
        {"reach": "read", "name": ""},
        {"reach": "some", "scope": "nonsense"},
    ],
)
def test_a_key_that_cannot_be_says_why(visitor: Visitor, tenon: Tenon, sent: dict[str, str]) -> None:
    page = visitor.post("/account/keys", {"name": "ERP", "days": "30", **sent})
    assert page.status == 422
    assert tenon.identity.keys.all() == []


def test_nobody_revokes_somebody_elses_key(
    visitor: Visitor, tenon: Tenon, as_role: Callable[..., Actor]
) -> None:
    other = as_role(name="Bob")
    key, secret = tenon.identity.create_api_key(other.id, "his")  # type: ignore[arg-type]
    answers = [visitor.post(f"/account/keys/{prefix}/revoke") for prefix in (key.prefix, "abcdefgh")]
    assert [answer.status for answer in answers] == [404, 404]
    assert tenon.identity.actor_for_key(secret) is not None


FORMS = (
    "/sign-in", "/sign-in/code", "/sign-out", "/account", "/account/two-step", "/account/keys",
    "/account/keys/abcdefgh/revoke", "/account/sessions/end-others",
    "/account/sessions/00000000-0000-7000-8000-000000000000/end",
)  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_no_form_is_taken_without_its_token_or_from_another_site(visitor: Visitor, form: str) -> None:
    assert visitor.client.post(form).status_code == 400
    foreign = visitor.client.post(
        form, data={"csrf_token": visitor.token()}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert foreign.status_code == 403
    as_text = visitor.client.post(form, data='{"csrf_token": "x"}', content_type="text/plain")
    assert as_text.status_code == 400
    assert visitor.get("/account").status == 200


def test_tries_are_counted_for_an_account_from_wherever_they_come(
    tenon: Tenon, tenon_app: object, actor: Actor
) -> None:
    for number in range(10):
        browser = tenon.app.test_client()
        sent = {"email": actor.email, "password": "a guess", "csrf_token": Visitor(browser).token()}
        browser.post("/sign-in", data=sent, environ_base={"REMOTE_ADDR": f"10.0.0.{number}"})
    browser = tenon.app.test_client()
    sent = {"email": actor.email, "password": PASSWORD, "csrf_token": Visitor(browser).token()}
    answer = browser.post("/sign-in", data=sent, environ_base={"REMOTE_ADDR": "10.0.0.99"})
    assert answer.status_code == 429
