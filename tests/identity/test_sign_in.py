"""Signing in and out, and what an attacker at the door learns."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from tenon.clock import ManualClock
from tenon.errors import NotSignedInError, UnavailableError
from tenon.identity import Browser, Identity, NewUser
from tenon.identity.models import Credential, Session
from tenon.identity.passwords import Passwords
from tenon.storage import Storage

EMAIL, PASSWORD = "ana@example.com", "correct horse battery"


@pytest.fixture
def ana(identity: Identity) -> UUID:
    return identity.create_user(NewUser("Ana", EMAIL, roles=("rep",), locale="vi"), PASSWORD)


def refuse(identity: Identity, email: str = EMAIL, password: str = "not the password") -> str:
    with pytest.raises(NotSignedInError) as refusal:
        identity.sign_in(email, password)
    return str(refusal.value)


def test_who_signs_in_is_known_by_the_token(identity: Identity, ana: UUID) -> None:
    token = identity.sign_in(" Ana@Example.com ", PASSWORD)
    actor = identity.actor_for_session(token.secret)

    assert actor is not None
    assert (actor.id, actor.name, actor.email, actor.locale) == (ana, "Ana", EMAIL, "vi")
    assert actor.roles == {"rep"}
    assert not actor.admin
    assert actor.scopes is None


def test_who_signs_out_is_not_known_any_more(identity: Identity, ana: UUID) -> None:
    token = identity.sign_in(EMAIL, PASSWORD)
    assert identity.actor_for_session(token.secret) is not None
    identity.sign_out(token.secret)
    assert identity.actor_for_session(token.secret) is None


def test_a_token_is_new_at_each_sign_in_and_the_one_before_it_ends(identity: Identity, ana: UUID) -> None:
    first = identity.sign_in(EMAIL, PASSWORD)
    elsewhere = identity.sign_in(EMAIL, PASSWORD)
    second = identity.sign_in(EMAIL, PASSWORD, replaces=first.secret)

    assert len({first.secret, second.secret, elsewhere.secret}) == 3
    assert identity.actor_for_session(first.secret) is None
    assert identity.actor_for_session(second.secret) is not None
    assert identity.actor_for_session(elsewhere.secret) is not None


def test_neither_token_nor_password_is_in_the_database(
    identity: Identity, storage: Storage, ana: UUID
) -> None:
    token = identity.sign_in(EMAIL, PASSWORD, browser=Browser("Firefox " * 100, "::1"))
    with storage.reading() as connection:
        session = connection.execute(sa.select(Session.__table__)).one()
        credential = connection.execute(sa.select(Credential.__table__)).one()
    assert token.secret not in str(session)
    assert session.token_hash == hashlib.sha256(token.secret.encode()).hexdigest()
    assert PASSWORD not in str(credential)
    assert credential.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert token.secret not in repr(token)


def test_a_session_ends_by_itself(identity: Identity, clock: ManualClock, ana: UUID) -> None:
    token = identity.sign_in(EMAIL, PASSWORD)
    for _hour in range(11):
        clock.advance(hours=1)
        assert identity.actor_for_session(token.secret) is not None
    clock.advance(hours=1, seconds=-1)
    assert identity.actor_for_session(token.secret) is not None
    clock.advance(seconds=1)
    assert identity.actor_for_session(token.secret) is None


def test_every_refusal_reads_the_same(identity: Identity, ana: UUID) -> None:
    identity.create_user(NewUser("Without", "without@example.com"))
    gone = identity.create_user(NewUser("Gone", "gone@example.com"), PASSWORD)
    identity.users.set_active(gone, False)
    for _attempt in range(5):
        wrong = refuse(identity)
    locked = refuse(identity, password=PASSWORD)

    assert {
        wrong,
        locked,
        refuse(identity, "nobody@example.com"),
        refuse(identity, "without@example.com"),
        refuse(identity, "gone@example.com", PASSWORD),
        refuse(identity, "", ""),
    } == {wrong}


def test_an_unknown_or_locked_account_costs_one_comparison_as_well(
    identity: Identity, ana: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time is the hash's: where one runs in every case, the time tells nothing."""
    compared: list[str] = []
    argon2 = identity.signing_in._passwords._argon2
    verify = type(argon2).verify

    def counted(self: Any, kept: str, password: str) -> bool:
        compared.append(kept.rsplit("$", 2)[0])
        return verify(self, kept, password)

    monkeypatch.setattr(type(argon2), "verify", counted)
    refuse(identity)
    refuse(identity, "nobody@example.com")
    for _attempt in range(5):
        refuse(identity)
    refuse(identity, password=PASSWORD)

    assert len(compared) == 8
    assert set(compared) == {"$argon2id$v=19$m=19456,t=2,p=1"}


def test_after_five_failures_the_account_rests_and_then_opens(
    identity: Identity, clock: ManualClock, ana: UUID
) -> None:
    for _attempt in range(4):
        refuse(identity)
    identity.sign_in(EMAIL, PASSWORD)
    for _attempt in range(5):
        refuse(identity)

    refuse(identity, password=PASSWORD)
    clock.advance(seconds=29)
    refuse(identity, password=PASSWORD)
    clock.advance(seconds=1)
    identity.sign_in(EMAIL, PASSWORD)


def test_each_further_failure_doubles_the_rest_up_to_a_quarter_of_an_hour(
    identity: Identity, clock: ManualClock, storage: Storage, ana: UUID
) -> None:
    rests = []
    for attempt in range(1, 13):
        refuse(identity)
        with storage.reading() as connection:
            until = connection.execute(sa.select(Credential.locked_until)).scalar_one()
        if attempt >= 5:
            rests.append((until - clock.now()).total_seconds())
            clock.set(until)
    assert rests == [30, 60, 120, 240, 480, 900, 900, 900]


def test_trying_while_it_rests_does_not_make_the_rest_longer(
    identity: Identity, clock: ManualClock, ana: UUID
) -> None:
    for _attempt in range(50):
        refuse(identity)
    clock.advance(seconds=30)
    identity.sign_in(EMAIL, PASSWORD)


def test_guesses_made_at_once_are_all_counted(identity: Identity, storage: Storage, ana: UUID) -> None:
    def guess(_number: int) -> str:
        return refuse(identity)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(guess, range(16)))
    with storage.reading() as connection:
        failed = connection.execute(sa.select(Credential.failed)).scalar_one()
    assert failed == 5


def test_a_sign_in_clears_the_count(identity: Identity, ana: UUID) -> None:
    for _round in range(3):
        for _attempt in range(4):
            refuse(identity)
        identity.sign_in(EMAIL, PASSWORD)


def test_whoever_waits_too_long_for_a_place_to_hash_is_told_to_try_again() -> None:
    passwords = Passwords(at_once=1, patience=0.01)
    with passwords.turn(), pytest.raises(UnavailableError, match="Too many people"), passwords.turn():
        pass
    with passwords.turn():
        assert passwords.matches(passwords.hash("once more with feeling"), "once more with feeling")


def test_a_password_kept_with_other_parameters_is_kept_anew(
    identity: Identity, storage: Storage, ana: UUID
) -> None:
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    with storage.writing() as connection:
        connection.execute(sa.update(Credential).values(password_hash=weak))
    identity.sign_in(EMAIL, PASSWORD)
    with storage.reading() as connection:
        kept = connection.execute(sa.select(Credential.password_hash)).scalar_one()
    assert "m=19456,t=2,p=1" in kept
    identity.sign_in(EMAIL, PASSWORD)


def test_the_same_password_typed_on_another_keyboard_fits(identity: Identity) -> None:
    identity.create_user(NewUser("Zoé", "zoe@example.com"), "cafe\u0301 au lait \ufb01n")
    identity.sign_in("zoe@example.com", "caf\u00e9 au lait fin")
