"""Who may come in, and what a page can be tricked into."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from tenon.identity.actor import Actor
from tenon.testing.people import PASSWORD
from tenon.web.security import safe_next
from tests.web.visitor import Visitor

ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "javascript:alert(1)",
    "/accounts\r\nSet-Cookie: a=b",
    "http:evil.example",
    "",
]


def test_somebody_unknown_is_led_to_the_sign_in_page_and_back(client: FlaskClient, actor: Actor) -> None:
    visitor = Visitor(client)
    asked = visitor.get("/accounts?sort=name")
    assert (asked.status, asked.location) == (302, "/sign-in?next=%2Faccounts%3Fsort%3Dname")
    entered = visitor.post(
        "/sign-in", {"email": actor.email, "password": PASSWORD, "next": "/accounts?sort=name"}
    )
    assert (entered.status, entered.location) == (303, "/accounts?sort=name")
    assert visitor.get("/accounts").status == 200


@pytest.mark.parametrize("target", ELSEWHERE)
def test_signing_in_leads_nowhere_but_here(client: FlaskClient, actor: Actor, target: str) -> None:
    entered = Visitor(client).post("/sign-in", {"email": actor.email, "password": PASSWORD, "next": target})
    assert entered.location == "/"


@given(st.text())
def test_a_safe_address_has_no_host_and_no_line_breaks(target: str) -> None:
    found = safe_next(target)
    if found is not None:
        assert found.startswith("/")
        assert not found.startswith(("//", "/\\"))
        assert not set(found) & set("\r\n\\")


@pytest.mark.parametrize(
    ("email", "password"), [("anna@example.com", "wrong"), ("nobody@example.com", PASSWORD)]
)
def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(
    client: FlaskClient, actor: Actor, email: str, password: str
) -> None:
    refused = Visitor(client).post("/sign-in", {"email": email, "password": password})
    assert refused.status == 422
    assert "The e-mail address or the password is not right" in refused.text


def test_a_form_without_its_token_is_refused(visitor: Visitor) -> None:
    page = visitor.post("/accounts/new", {"name": "Acme", "csrf_token": ""})
    assert page.status == 400
    assert "This form has expired" in page.text
    assert "Acme" not in visitor.get("/accounts").text


def test_a_form_from_another_site_is_refused_even_with_a_token(visitor: Visitor) -> None:
    data = {"name": "Acme", "csrf_token": visitor.token()}
    refused = visitor.client.post("/accounts/new", data=data, headers={"Sec-Fetch-Site": "cross-site"})
    assert refused.status_code == 403
    assert visitor.post("/accounts/new", {"name": "Acme"}).status == 303


def test_signing_out_ends_the_session_for_good(visitor: Visitor) -> None:
    before = visitor.client.get_cookie("tenon_session")
    visitor.post("/sign-out")
    assert before is not None
    visitor.client.set_cookie("tenon_session", before.value)
    assert visitor.get("/accounts").status == 302


@pytest.mark.tenon(limits={"sign_ins_per_minute": 3})
def test_guessing_is_slowed_down(client: FlaskClient, actor: Actor) -> None:
    visitor = Visitor(client)
    tried = [visitor.post("/sign-in", {"email": actor.email, "password": "guess"}) for _ in range(4)]
    assert [page.status for page in tried] == [422, 422, 422, 429]
    assert "Wait a minute" in tried[-1].text


def test_every_answer_forbids_scripts_and_styles_of_others(visitor: Visitor) -> None:
    for url in ("/", "/accounts", "/nothing-here", "/static/css/tenon.css"):
        headers = visitor.get(url).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'self'")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_https_is_kept_once_it_was_used(visitor: Visitor) -> None:
    assert "Strict-Transport-Security" not in visitor.get("/").headers
    secure = visitor.client.get("/sign-in", base_url="https://localhost")
    assert secure.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_pages_are_not_kept_by_browsers_and_hashed_files_are(visitor: Visitor) -> None:
    page = visitor.get("/accounts")
    sheet = next(link for link in page.links if "tenon.css?v=" in link)
    assert page.headers["Cache-Control"] == "no-store"
    assert "immutable" in visitor.get(sheet).headers["Cache-Control"]
    assert "immutable" not in visitor.get(sheet.partition("?")[0]).headers["Cache-Control"]
