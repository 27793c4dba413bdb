"""Making users and keys, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from tenon.clock import ManualClock
from tenon.errors import DuplicateError, InvalidError, NotFoundError
from tenon.identity import Identity, NewUser

PASSWORD = "correct horse battery"


def test_an_address_belongs_to_one_user_and_many_have_none(identity: Identity) -> None:
    identity.create_user(NewUser("Ana", "ana@example.com"))
    for name in ("Darcel Schlecht", "Kary Hendrixson"):
        identity.create_user(NewUser(name))
    with pytest.raises(DuplicateError, match=r"ANA@example\.com"):
        identity.create_user(NewUser("Another", "ANA@example.com"))
    assert [user.name for user in identity.users.all()] == ["Ana", "Darcel Schlecht", "Kary Hendrixson"]


@pytest.mark.parametrize(
    ("user", "password", "pointer"),
    [
        (NewUser("  "), None, "/name"),
        (NewUser("Ana", "not an address"), None, "/email"),
        (NewUser("Ana"), PASSWORD, "/email"),
        (NewUser("Ana", "ana@example.com"), "too short", "/password"),
        (NewUser("Ana", "ana@example.com"), "x" * 1025, "/password"),
        (NewUser("Ana", "ana@example.com"), "ANA@example.com", "/password"),
    ],
)
def test_a_bad_user_is_refused_with_the_field_that_is_wrong(
    identity: Identity, user: NewUser, password: str | None, pointer: str
) -> None:
    with pytest.raises(InvalidError) as refusal:
        identity.create_user(user, password)
    assert [problem.pointer for problem in refusal.value.problems] == [pointer]
    assert identity.users.all() == []


def test_a_team_that_does_not_exist_is_refused(identity: Identity) -> None:
    with pytest.raises(InvalidError, match="team or the manager"):
        identity.create_user(NewUser("Ana", team_id=uuid4()))


def test_asking_for_somebody_unknown_says_how_to_find_who_there_is(identity: Identity) -> None:
    for ask in (
        lambda: identity.users.find("nobody@example.com"),
        lambda: identity.set_password(uuid4(), PASSWORD),
        lambda: identity.users.set_active(uuid4(), False),
    ):
        with pytest.raises(NotFoundError, match="tenon user list"):
            ask()


def test_the_first_administrator_is_made_once(identity: Identity) -> None:
    password = identity.bootstrap_admin("Admin", "admin@localhost")
    assert password is not None
    token = identity.sign_in("admin@localhost", password)
    actor = identity.actor_for_session(token.secret)
    assert actor is not None
    assert actor.admin
    assert identity.bootstrap_admin("Other", "other@localhost") is None
    assert len(identity.users.all()) == 1


def test_a_key_acts_for_its_user_within_its_scopes(identity: Identity) -> None:
    ana = identity.create_user(NewUser("Ana", "ana@example.com", admin=True))
    row, secret = identity.create_api_key(ana, "erp", scopes=["*:read", "account:update", "*:read"])
    actor = identity.actor_for_key(secret)

    assert actor is not None
    assert (actor.id, actor.name, actor.key_id) == (ana, "Ana", row.id)
    assert actor.scopes == {"*:read", "account:update"}
    assert secret.startswith(f"tnn_{row.prefix}_")
    assert secret not in str(identity.keys.all())


def test_a_key_without_scopes_may_do_what_its_user_may(identity: Identity) -> None:
    ana = identity.create_user(NewUser("Ana"))
    _row, secret = identity.create_api_key(ana, "everything")
    actor = identity.actor_for_key(secret)
    assert actor is not None
    assert actor.scopes is None


def test_a_key_expires(identity: Identity, clock: ManualClock) -> None:
    ana = identity.create_user(NewUser("Ana"))
    _row, secret = identity.create_api_key(ana, "short", expires_at=clock.now() + timedelta(milliseconds=500))
    assert identity.actor_for_key(secret) is not None
    clock.advance(milliseconds=500)
    assert identity.actor_for_key(secret) is None


@pytest.mark.parametrize("scopes", [["account"], ["account:read:all"], ["Account:Read"], [""], []])
def test_a_scope_that_is_no_permission_is_refused(identity: Identity, scopes: list[str]) -> None:
    ana = identity.create_user(NewUser("Ana"))
    with pytest.raises(InvalidError) as refusal:
        identity.create_api_key(ana, "bad", scopes=scopes)
    assert refusal.value.problems[0].pointer == "/scopes"
    assert identity.keys.all() == []


def test_a_key_for_nobody_or_in_the_past_is_refused(identity: Identity, clock: ManualClock) -> None:
    ana = identity.create_user(NewUser("Ana"))
    with pytest.raises(InvalidError, match="expired already"):
        identity.create_api_key(ana, "late", expires_at=clock.now())
    with pytest.raises(NotFoundError):
        identity.create_api_key(uuid4(), "nobody")
    with pytest.raises(NotFoundError, match="tenon apikey list"):
        identity.keys.revoke("abcdefgh")


def test_changing_the_last_letter_of_a_key_makes_it_worthless(identity: Identity) -> None:
    ana = identity.create_user(NewUser("Ana"))
    _row, secret = identity.create_api_key(ana, "script")
    assert identity.actor_for_key(secret[:-1] + ("a" if secret[-1] != "a" else "b")) is None
