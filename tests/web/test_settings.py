"""Settings: for administrators alone; fields, people, keys, webhooks, plugins, health."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tenon.app import Tenon
from tenon.clock import ManualClock
from tenon.identity.actor import Actor
from tests.web.test_account import PASSWORD, set_up
from tests.web.visitor import Visitor

Make = Callable[..., str]
PAGES = (
    "",
    "/fields",
    "/fields/accounts/new",
    "/people",
    "/second-steps",
    "/api-keys",
    "/webhooks",
    "/plugins",
    "/health",
)


@pytest.mark.parametrize("page", PAGES)
def test_only_administrators_come_in(visitor: Visitor, admin: Visitor, page: str) -> None:
    assert visitor.get(f"/settings{page}").status == 403
    assert admin.get(f"/settings{page}").status == 200


def test_a_field_of_ones_own_is_made_and_filled_and_filtered_by(admin: Visitor, tenon: Tenon) -> None:
    sent = {"label": "Size class", "kind": "choice", "choices": "s = Small\nl = Large", "indexed": "1"}
    assert admin.post("/settings/fields/accounts/new", sent).status == 303
    assert 'name="custom.size_class"' in admin.get("/accounts/new").html
    admin.post("/accounts/new", {"name": "Acme", "custom.size_class": "l"})
    page = admin.get("/accounts?filter[custom.size_class][eq]=l&columns=name,custom.size_class")
    assert "Size class is Large" in page.text
    assert "Acme" in page.text


def test_a_field_that_cannot_be_says_why(admin: Visitor) -> None:
    page = admin.post("/settings/fields/accounts/new", {"label": "", "key": "9", "kind": "choice"})
    assert page.status == 422
    for sentence in ("Give the field a name", "begin with a letter", "Give at least one choice"):
        assert sentence in page.text


def test_an_archived_field_leaves_the_forms(admin: Visitor) -> None:
    admin.post("/settings/fields/accounts/new", {"label": "Size", "kind": "text"})
    admin.post("/settings/fields/accounts/size", {"label": "Size", "archived": "1"})
    assert "custom.size" not in admin.get("/accounts/new").html
    assert "Archived" in admin.get("/settings/fields").text


def test_a_new_user_gets_a_password_that_is_shown_once(admin: Visitor, tenon: Tenon) -> None:
    page = admin.post("/settings/people", {"name": "Ben", "email": "ben@example.com"})
    password = re.search(r"<code[^>]*>([^<]+)</code>", page.html)
    assert password is not None
    assert tenon.identity.sign_in("ben@example.com", password[1]).user_id
    assert password[1] not in admin.get("/settings/people").html


def test_a_disabled_user_is_out_at_once(admin: Visitor, visitor: Visitor, actor: Actor) -> None:
    admin.post(f"/settings/people/{actor.id}", {"action": "disable"})
    assert visitor.get("/accounts").status in (302, 200)
    assert "Disabled" in admin.get("/settings/people").text


def test_nobody_locks_themselves_out(admin: Visitor, tenon: Tenon) -> None:
    me = tenon.identity.users.find("ada@example.com").id
    for action in ("disable", "demote"):
        assert admin.post(f"/settings/people/{me}", {"action": action}).status == 409
    assert admin.get("/settings").status == 200


def test_a_key_works_until_it_is_revoked(admin: Visitor, tenon: Tenon, actor: Actor) -> None:
    page = admin.post("/settings/api-keys", {"name": "ERP", "user": str(actor.id), "scopes": "account:read"})
    key = re.search(r"tnn_[a-z0-9]{8}_\w+", page.html)
    assert key is not None
    assert tenon.identity.actor_for_key(key[0]) is not None
    admin.post(f"/settings/api-keys/{key[0].split('_')[1]}/revoke")
    assert tenon.identity.actor_for_key(key[0]) is None
    assert "Revoked" in admin.get("/settings/api-keys").text


@pytest.mark.parametrize(("field", "value"), [("scopes", "everything"), ("name", ""), ("user", "nobody")])
def test_a_key_that_cannot_be_says_why(admin: Visitor, actor: Actor, field: str, value: str) -> None:
    sent = {"name": "ERP", "user": str(actor.id), "scopes": "", field: value}
    page = admin.post("/settings/api-keys", sent)
    assert page.status == 422
    assert not re.search(r"tnn_[a-z0-9]{8}_", page.html)


def test_a_webhook_is_added_rotated_and_deleted(admin: Visitor) -> None:
    made = admin.post("/settings/webhooks", {"url": "https://example.com/hook", "events": "record.*"})
    assert made.status == 303
    admin.post(made.location, {"action": "rotate"})
    assert admin.get(made.location).html.count("whsec_") == 2
    admin.post(made.location, {"action": "disable"})
    assert "Switched off" in admin.get("/settings/webhooks").text
    admin.post(made.location, {"action": "delete"})
    assert "No webhooks yet" in admin.get("/settings/webhooks").text


@pytest.mark.parametrize(
    "sent",
    [
        {"url": "http://127.0.0.1/hook", "events": "record.*"},
        {"url": "https://example.com", "events": "nope!"},
    ],
)
def test_a_webhook_that_may_not_be_says_why(admin: Visitor, sent: dict[str, str]) -> None:
    assert admin.post("/settings/webhooks", sent).status == 422
    assert "No webhooks yet" in admin.get("/settings/webhooks").text


def test_the_plugins_that_run_are_listed(admin: Visitor) -> None:
    assert "b2b_accounts" in admin.get("/settings/plugins").text


def test_a_second_step_is_taken_away_from_who_lost_it(
    admin: Visitor, visitor: Visitor, tenon: Tenon, clock: ManualClock, actor: Actor
) -> None:
    set_up(visitor, clock)
    page = admin.get("/settings/second-steps")
    reset = f"/settings/second-steps/{actor.id}/reset"
    assert page.html.count("/reset") == 1
    assert reset in page.html
    assert visitor.post(reset).status == 403
    assert "password alone now" in admin.post(reset, follow=True).text
    assert visitor.get("/account").status == 302
    assert tenon.identity.sign_in("anna@example.com", PASSWORD)
