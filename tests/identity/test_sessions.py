"""Sessions: seen and ended by their user, idle, and never under the token of before."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from tenon.clock import ManualClock
from tenon.errors import InvalidError, NotFoundError, NotSignedInError
from tenon.identity import Browser, Identity, IdentityOptions, NewUser
from tenon.storage import Storage

EMAIL, PASSWORD = "ana@example.com", "correct horse battery"
NEW = "another good password"


@pytest.fixture
def ana(identity: Identity) -> UUID:
    return identity.create_user(NewUser("Ana", EMAIL), PASSWORD)


def test_a_session_that_nobody_uses_ends(identity: Identity, clock: ManualClock, ana: UUID) -> None:
    token = identity.sign_in(EMAIL, PASSWORD)
    clock.advance(hours=4, seconds=-1)
    assert identity.actor_for_session(token.secret) is not None
    clock.advance(hours=4)
    assert identity.actor_for_session(token.secret) is None
    assert identity.sessions.of(ana) == []


def test_somebody_at_work_is_never_taken_for_idle(
    storage: Storage, clock: ManualClock, identity: Identity, ana: UUID
) -> None:
    """Though the last use is not noted each time, also where the idle time is short."""
    short = Identity(storage, clock, IdentityOptions(session_idle=timedelta(minutes=5)))
    token = short.sign_in(EMAIL, PASSWORD)
    for _request in range(40):
        clock.advance(minutes=4)
        assert short.actor_for_session(token.secret) is not None


def test_the_list_names_each_browser_and_marks_this_one(
    identity: Identity, clock: ManualClock, ana: UUID
) -> None:
    phone = identity.sign_in(EMAIL, PASSWORD, browser=Browser("Phone", "10.0.0.2"))
    clock.advance(hours=1)
    here = identity.sign_in(EMAIL, PASSWORD, browser=Browser("Desk", "::1"))
    assert [(s.id, s.user_agent, s.address, s.here) for s in identity.sessions.of(ana, here.session_id)] == [
        (here.session_id, "Desk", "::1", True),
        (phone.session_id, "Phone", "10.0.0.2", False),
    ]


def test_ending_one_or_all_others_leaves_the_rest(identity: Identity, ana: UUID) -> None:
    here, phone, desk, cafe = [identity.sign_in(EMAIL, PASSWORD) for _browser in range(4)]
    identity.sessions.end(ana, phone.session_id)
    assert identity.actor_for_session(phone.secret) is None
    assert identity.actor_for_session(desk.secret) is not None
    assert identity.sessions.end_others(ana, here.session_id) == 2
    assert identity.actor_for_session(here.secret) is not None
    assert identity.actor_for_session(desk.secret) is None
    assert identity.actor_for_session(cafe.secret) is None


def test_nobody_ends_the_session_of_somebody_else(identity: Identity, ana: UUID) -> None:
    bob = identity.create_user(NewUser("Bob", "bob@example.com"), PASSWORD)
    hers = identity.sign_in(EMAIL, PASSWORD)
    with pytest.raises(NotFoundError):
        identity.sessions.end(bob, hers.session_id)
    identity.sessions.end_others(bob, hers.session_id)
    assert identity.actor_for_session(hers.secret) is not None


def test_ones_own_password_takes_the_present_one_and_ends_other_sessions(
    identity: Identity, clock: ManualClock, ana: UUID
) -> None:
    here, elsewhere = identity.sign_in(EMAIL, PASSWORD), identity.sign_in(EMAIL, PASSWORD)
    with pytest.raises(InvalidError, match="not your present password"):
        identity.change_password(ana, "a guess at it", NEW, here=here.secret)
    fresh = identity.change_password(ana, PASSWORD, NEW, here=here.secret)
    assert identity.actor_for_session(fresh) is not None
    for dead in (here.secret, elsewhere.secret):
        assert identity.actor_for_session(dead) is None
    with pytest.raises(NotSignedInError):
        identity.sign_in(EMAIL, PASSWORD)
    identity.sign_in(EMAIL, NEW)


def test_guessing_the_present_password_locks_as_guessing_at_the_door_does(
    identity: Identity, ana: UUID
) -> None:
    here = identity.sign_in(EMAIL, PASSWORD)
    for _attempt in range(5):
        with pytest.raises(InvalidError):
            identity.change_password(ana, "a guess at it", NEW, here=here.secret)
    with pytest.raises(InvalidError):
        identity.change_password(ana, PASSWORD, NEW, here=here.secret)


def test_a_token_is_outdated_once_its_users_rights_change(
    identity: Identity, another_process: Identity, clock: ManualClock, ana: UUID
) -> None:
    token = identity.sign_in(EMAIL, PASSWORD)
    for rights in ({"admin": True}, {"roles": ["boss"]}, {"admin": False}):
        identity.users.set_access(ana, **rights)  # type: ignore[arg-type]
        clock.advance(seconds=1)
        found = another_process.sessions.signed_in(token.secret)
        assert found is not None
        assert found.outdated
        fresh = another_process.sessions.rotate(token.secret)
        now = another_process.sessions.signed_in(fresh)
        assert now is not None
        assert (now.session_id, now.outdated) == (token.session_id, False)
        assert another_process.sessions.signed_in(token.secret) is None
        token = type(token)(fresh, token.session_id, ana, token.expires_at)


def test_of_two_that_exchange_a_token_one_wins(identity: Identity, ana: UUID) -> None:
    token = identity.sign_in(EMAIL, PASSWORD)
    identity.sessions.rotate(token.secret)
    with pytest.raises(NotSignedInError):
        identity.sessions.rotate(token.secret)


def test_an_exchange_makes_no_session_last_longer(identity: Identity, clock: ManualClock, ana: UUID) -> None:
    secret = identity.sign_in(EMAIL, PASSWORD).secret
    for _hour in range(11):
        clock.advance(hours=1)
        secret = identity.sessions.rotate(secret)
        assert identity.actor_for_session(secret) is not None
    clock.advance(hours=1)
    assert identity.actor_for_session(secret) is None
