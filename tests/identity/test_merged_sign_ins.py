"""Two users who are made one: one way to sign in is left, the winner's own."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pyotp
import pytest
import sqlalchemy as sa

from tenon.app import Tenon
from tenon.clock import ManualClock
from tenon.errors import NotSignedInError
from tenon.identity import NewUser, system
from tenon.identity.models import Credential, HalfSignIn
from tenon.identity.signing_in import SecondStepNeeded
from tenon.records.merge import MergeReport, merge, undo_merge

WHO = system("test of merged users")
STAYS, GOES = "maya@example.com", "m.fischer@example.com"
OF_WINNER, OF_LOSER = "the winner's password", "the loser's password"


@pytest.fixture
def stays(tenon: Tenon) -> UUID:
    return tenon.identity.create_user(NewUser("Maya Fischer", STAYS), OF_WINNER)


@pytest.fixture
def goes(tenon: Tenon) -> UUID:
    return tenon.identity.create_user(NewUser("M. Fischer", GOES), OF_LOSER)


@pytest.fixture
def merged(tenon: Tenon, clock: ManualClock, stays: UUID, goes: UUID) -> Callable[[], MergeReport]:
    def made() -> MergeReport:
        with tenon.records.writing(WHO) as work:
            report = merge(work, "user", stays, goes)
        clock.advance(seconds=1)
        return report

    return made


def with_second_step(tenon: Tenon, clock: ManualClock, user: UUID, email: str, password: str) -> str:
    """Turn the second step on; its secret."""
    here = tenon.identity.sign_in(email, password).secret
    secret = tenon.identity.second_step.start(user).secret
    tenon.identity.second_step.confirm(user, pyotp.TOTP(secret).at(clock.now()), here=here)
    return secret


def test_the_winner_keeps_their_password_and_the_losers_opens_nothing(
    tenon: Tenon, stays: UUID, merged: Callable[[], MergeReport]
) -> None:
    merged()
    assert tenon.identity.sign_in(STAYS, OF_WINNER).user_id == stays
    for email, password in ((STAYS, OF_LOSER), (GOES, OF_LOSER), (GOES, OF_WINNER)):
        with pytest.raises(NotSignedInError):
            tenon.identity.sign_in(email, password)


def test_who_had_no_password_gets_none_by_a_merge(tenon: Tenon, goes: UUID) -> None:
    imported = tenon.identity.create_user(NewUser("Maya (imported)"))
    with tenon.records.writing(WHO) as work:
        merge(work, "user", imported, goes)
    assert tenon.identity.users.get(imported).email == GOES
    with pytest.raises(NotSignedInError):
        tenon.identity.sign_in(GOES, OF_LOSER)


def test_browsers_and_keys_of_the_loser_end_and_those_of_the_winner_go_on(
    tenon: Tenon, stays: UUID, goes: UUID, merged: Callable[[], MergeReport]
) -> None:
    identity = tenon.identity
    tokens = [identity.sign_in(STAYS, OF_WINNER).secret, identity.sign_in(GOES, OF_LOSER).secret]
    keys = [identity.create_api_key(user, "script")[1] for user in (stays, goes)]
    report = merged()
    assert [identity.actor_for_session(token) is not None for token in tokens] == [True, False]
    assert [identity.actor_for_key(key) is not None for key in keys] == [True, False]
    assert [key.revoked_at is not None for key in identity.keys.all(goes)] == [True]
    with tenon.records.writing(WHO) as work:
        undo_merge(work, report.id)
    assert identity.actor_for_session(tokens[1]) is None
    assert identity.actor_for_key(keys[1]) is None


def test_a_sign_in_that_was_half_done_is_not_finished_after_the_merge(
    tenon: Tenon, clock: ManualClock, goes: UUID, merged: Callable[[], MergeReport]
) -> None:
    secret = with_second_step(tenon, clock, goes, GOES, OF_LOSER)
    with pytest.raises(SecondStepNeeded) as half:
        tenon.identity.sign_in(GOES, OF_LOSER)
    merged()
    clock.advance(seconds=30)
    with pytest.raises(NotSignedInError):
        tenon.identity.signing_in.with_code(half.value.secret, pyotp.TOTP(secret).at(clock.now()))
    with tenon.storage.snapshot() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(HalfSignIn)) == 0


def test_second_steps_of_both_stand_in_nobodys_way_and_stay_whose_they_are(
    tenon: Tenon, clock: ManualClock, stays: UUID, goes: UUID, merged: Callable[[], MergeReport]
) -> None:
    own = with_second_step(tenon, clock, stays, STAYS, OF_WINNER)
    others = with_second_step(tenon, clock, goes, GOES, OF_LOSER)
    merged()
    clock.advance(seconds=60)
    with pytest.raises(SecondStepNeeded) as half:
        tenon.identity.sign_in(STAYS, OF_WINNER)
    with pytest.raises(Exception, match="code"):
        tenon.identity.signing_in.with_code(half.value.secret, pyotp.TOTP(others).at(clock.now()))
    entered = tenon.identity.signing_in.with_code(half.value.secret, pyotp.TOTP(own).at(clock.now()))
    assert entered.user_id == stays


def test_undoing_gives_the_losers_password_back(
    tenon: Tenon, goes: UUID, merged: Callable[[], MergeReport]
) -> None:
    report = merged()
    with tenon.records.writing(WHO) as work:
        undo_merge(work, report.id)
    assert tenon.identity.sign_in(GOES, OF_LOSER).user_id == goes
    with tenon.storage.snapshot() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(Credential)) == 2
