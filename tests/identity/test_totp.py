"""The second step: set up, asked for, never the same code twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pyotp
import pytest
import sqlalchemy as sa

from tenon.clock import ManualClock
from tenon.errors import ConfigError, ConflictError, InvalidError, NotSignedInError
from tenon.identity import Identity, IdentityOptions, NewUser, system
from tenon.identity.events import IdentityEvent
from tenon.identity.models import RecoveryCode, TotpSecret
from tenon.identity.signing_in import SecondStepNeeded
from tenon.identity.totp import TotpState
from tenon.storage import Storage

EMAIL, PASSWORD = "ana@example.com", "correct horse battery"


class App:
    """An authenticator app on somebody's phone."""

    def __init__(self, secret: str, clock: ManualClock) -> None:
        self._totp = pyotp.TOTP(secret)
        self._clock = clock

    def code(self, *, seconds: int = 0) -> str:
        return self._totp.at(self._clock.now() + timedelta(seconds=seconds))


@pytest.fixture
def ana(identity: Identity) -> UUID:
    return identity.create_user(NewUser("Ana", EMAIL), PASSWORD)


@pytest.fixture
def set_up(identity: Identity, clock: ManualClock, ana: UUID) -> tuple[App, tuple[str, ...]]:
    """Ana's app and recovery codes; a minute has passed since."""
    here = identity.sign_in(EMAIL, PASSWORD)
    app = App(identity.second_step.start(ana).secret, clock)
    codes, _token = identity.second_step.confirm(ana, app.code(), here=here.secret)
    clock.advance(minutes=1)
    return app, codes


@pytest.fixture
def app(set_up: tuple[App, tuple[str, ...]]) -> App:
    return set_up[0]


@pytest.fixture
def codes(set_up: tuple[App, tuple[str, ...]]) -> tuple[str, ...]:
    return set_up[1]


def half(identity: Identity, password: str = PASSWORD) -> str:
    """The first step: what stands for it."""
    with pytest.raises(SecondStepNeeded) as needed:
        identity.sign_in(EMAIL, password)
    return needed.value.secret


def test_nothing_counts_until_a_code_confirmed_it(identity: Identity, clock: ManualClock, ana: UUID) -> None:
    app = App(identity.second_step.start(ana).secret, clock)
    here = identity.sign_in(EMAIL, PASSWORD)
    with pytest.raises(InvalidError, match="not right"):
        identity.second_step.confirm(ana, "000000", here=here.secret)
    assert identity.second_step.state(ana) == TotpState()
    identity.sign_in(EMAIL, PASSWORD)

    codes, _token = identity.second_step.confirm(ana, app.code(), here=here.secret)
    assert identity.second_step.state(ana) == TotpState(clock.now(), 10)
    assert len(set(codes)) == 10
    half(identity)


def test_beginning_anew_makes_the_first_secret_worthless(
    identity: Identity, clock: ManualClock, ana: UUID
) -> None:
    here = identity.sign_in(EMAIL, PASSWORD)
    first = App(identity.second_step.start(ana).secret, clock)
    second = App(identity.second_step.start(ana).secret, clock)
    with pytest.raises(InvalidError):
        identity.second_step.confirm(ana, first.code(), here=here.secret)
    identity.second_step.confirm(ana, second.code(), here=here.secret)
    with pytest.raises(ConflictError, match="on already"):
        identity.second_step.start(ana)


def test_turning_it_on_gives_this_browser_a_new_token_and_ends_every_other(
    identity: Identity, clock: ManualClock, ana: UUID
) -> None:
    here, elsewhere = identity.sign_in(EMAIL, PASSWORD), identity.sign_in(EMAIL, PASSWORD)
    app = App(identity.second_step.start(ana).secret, clock)
    _codes, fresh = identity.second_step.confirm(ana, app.code(), here=here.secret)
    assert identity.actor_for_session(here.secret) is None
    assert identity.actor_for_session(elsewhere.secret) is None
    now = identity.sessions.signed_in(fresh)
    assert now is not None
    assert (now.session_id, now.second_step) == (here.session_id, True)


def test_the_password_alone_opens_no_session_and_the_code_does(identity: Identity, app: App) -> None:
    first = half(identity)
    assert identity.actor_for_session(first) is None
    token = identity.signing_in.with_code(first, app.code())
    assert identity.actor_for_session(token.secret) is not None
    with pytest.raises(NotSignedInError, match="expired"):
        identity.signing_in.with_code(first, app.code(seconds=30))


@pytest.mark.parametrize(
    ("seconds", "counts"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)]
)
def test_a_code_counts_in_its_own_step_and_the_ones_beside_it(
    identity: Identity, clock: ManualClock, app: App, seconds: int, counts: bool
) -> None:
    clock.advance(minutes=5)
    first, code = half(identity), app.code(seconds=seconds)
    if counts:
        identity.signing_in.with_code(first, code)
    else:
        with pytest.raises(InvalidError):
            identity.signing_in.with_code(first, code)


def test_no_code_counts_twice_nor_one_before_it(identity: Identity, clock: ManualClock, app: App) -> None:
    clock.advance(minutes=5)
    earlier, code = app.code(seconds=-30), app.code()
    identity.signing_in.with_code(half(identity), code)
    for again in (code, earlier, f" {code[:3]} {code[3:]} "):
        with pytest.raises(InvalidError):
            identity.signing_in.with_code(half(identity), again)
    clock.advance(seconds=30)
    with pytest.raises(InvalidError):
        identity.signing_in.with_code(half(identity), code)
    identity.signing_in.with_code(half(identity), app.code())


def test_the_code_that_turned_it_on_signs_nobody_in(
    identity: Identity, clock: ManualClock, ana: UUID
) -> None:
    here = identity.sign_in(EMAIL, PASSWORD)
    app = App(identity.second_step.start(ana).secret, clock)
    identity.second_step.confirm(ana, app.code(), here=here.secret)
    with pytest.raises(InvalidError):
        identity.signing_in.with_code(half(identity), app.code())


def test_the_library_alone_would_take_a_code_twice(clock: ManualClock) -> None:
    """The control: why the step is kept."""
    totp = pyotp.TOTP(pyotp.random_base32())
    code = totp.at(clock.now())
    assert totp.verify(code, for_time=clock.now())
    assert totp.verify(code, for_time=clock.now())


def test_of_two_browsers_with_the_same_code_at_once_one_comes_in(
    identity: Identity, another_process: Identity, clock: ManualClock, app: App
) -> None:
    for _round in range(5):
        clock.advance(minutes=1)
        halves, code = [half(identity), half(another_process)], app.code()
        together = threading.Barrier(2)

        def enter(
            deployment: Identity, first: str, code: str = code, start: Callable[[], int] = together.wait
        ) -> bool:
            start()
            try:
                deployment.signing_in.with_code(first, code)
            except InvalidError:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            came = list(pool.map(enter, [identity, another_process], halves))
        assert sorted(came) == [False, True]


def test_a_recovery_code_counts_once_however_it_is_typed(
    identity: Identity, ana: UUID, codes: tuple[str, ...]
) -> None:
    identity.signing_in.with_code(half(identity), codes[0].upper().replace("-", " "))
    assert identity.second_step.state(ana).codes_left == 9
    with pytest.raises(InvalidError):
        identity.signing_in.with_code(half(identity), codes[0])
    identity.signing_in.with_code(half(identity), codes[1])


def test_new_recovery_codes_take_a_code_and_end_the_former_ones(
    identity: Identity, ana: UUID, app: App, codes: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidError):
        identity.second_step.renew_codes(ana, "123456")
    fresh = identity.second_step.renew_codes(ana, app.code())
    assert not set(fresh) & set(codes)
    with pytest.raises(InvalidError):
        identity.signing_in.with_code(half(identity), codes[0])
    identity.signing_in.with_code(half(identity), fresh[0])


def test_a_half_done_sign_in_lasts_five_minutes(identity: Identity, clock: ManualClock, app: App) -> None:
    first = half(identity)
    clock.advance(minutes=5)
    with pytest.raises(NotSignedInError, match="expired"):
        identity.signing_in.with_code(first, app.code())


def test_wrong_codes_end_the_half_done_sign_in_and_make_the_account_rest(
    identity: Identity, clock: ManualClock, app: App
) -> None:
    first = half(identity)
    for _attempt in range(4):
        with pytest.raises(InvalidError):
            identity.signing_in.with_code(first, "000000")
    with pytest.raises(NotSignedInError):
        identity.signing_in.with_code(first, "000000")
    with pytest.raises(NotSignedInError):
        identity.signing_in.with_code(first, app.code())
    # Who knows the password can begin anew, and finds the account at rest all the same.
    with pytest.raises(InvalidError):
        identity.signing_in.with_code(half(identity), app.code())
    clock.advance(seconds=30)
    identity.signing_in.with_code(half(identity), app.code())


def test_who_is_disabled_half_way_stays_out(identity: Identity, ana: UUID, app: App) -> None:
    first = half(identity)
    identity.users.set_active(ana, False)
    with pytest.raises(NotSignedInError):
        identity.signing_in.with_code(first, app.code())


def test_turning_it_off_takes_the_password_and_a_code(
    identity: Identity, clock: ManualClock, ana: UUID, app: App
) -> None:
    for password, code in (("not the password", app.code()), (PASSWORD, "000000")):
        with pytest.raises(InvalidError):
            identity.second_step.turn_off(ana, password, code)
    assert identity.second_step.state(ana).on
    identity.second_step.turn_off(ana, PASSWORD, app.code())
    assert not identity.second_step.state(ana).on
    identity.sign_in(EMAIL, PASSWORD)


def test_an_administrator_resets_it_and_it_is_told(identity: Identity, ana: UUID, app: App) -> None:
    told: list[IdentityEvent] = []
    identity.told.append(told.append)
    token = identity.signing_in.with_code(half(identity), app.code())
    assert identity.second_step.reset(ana, by=system("lost phone"))
    assert identity.actor_for_session(token.secret) is None
    assert not identity.second_step.reset(ana, by=system("lost phone"))
    identity.sign_in(EMAIL, PASSWORD)
    assert [(e.kind, e.user_id, dict(e.detail)) for e in told if e.kind == "totp"] == [
        ("totp", ana, {"what": "reset", "by": "lost phone"})
    ]


def test_neither_secret_nor_recovery_code_can_be_read_from_the_database(
    identity: Identity, storage: Storage, clock: ManualClock, ana: UUID
) -> None:
    here = identity.sign_in(EMAIL, PASSWORD)
    enrolment = identity.second_step.start(ana)
    codes, _token = identity.second_step.confirm(ana, App(enrolment.secret, clock).code(), here=here.secret)
    with storage.reading() as connection:
        row = connection.execute(sa.select(TotpSecret.__table__)).one()
        kept = connection.execute(sa.select(RecoveryCode.__table__)).all()
    assert enrolment.secret not in str(row)
    assert not [code for code in codes if code in str(kept) or code.replace("-", "") in str(kept)]
    assert enrolment.secret not in repr(enrolment)


def test_another_secret_key_says_what_to_do_and_recovery_codes_go_on(
    storage: Storage, clock: ManualClock, identity: Identity, app: App, codes: tuple[str, ...]
) -> None:
    changed = Identity(storage, clock, IdentityOptions(secret_key="another key than before"))
    with pytest.raises(ConfigError, match="tenon totp reset EMAIL"):
        changed.signing_in.with_code(half(changed), app.code())
    changed.signing_in.with_code(half(changed), codes[0])


def test_what_is_told_holds_no_secret(identity: Identity, clock: ManualClock, ana: UUID) -> None:
    told: list[IdentityEvent] = []
    identity.told.append(told.append)
    here = identity.sign_in(EMAIL, PASSWORD)
    enrolment = identity.second_step.start(ana)
    app = App(enrolment.secret, clock)
    codes, fresh = identity.second_step.confirm(ana, app.code(), here=here.secret)
    clock.advance(minutes=1)
    first = half(identity)
    with pytest.raises(InvalidError):
        identity.signing_in.with_code(first, "999999")
    token = identity.signing_in.with_code(first, app.code())
    with pytest.raises(NotSignedInError):
        identity.sign_in(EMAIL, "a wrong password")
    with pytest.raises(NotSignedInError):
        identity.sign_in("a password in the wrong box", PASSWORD)
    text = " ".join(repr(event) for event in told)
    secrets = (
        PASSWORD,
        "a wrong password",
        "wrong box",
        "999999",
        enrolment.secret,
        here.secret,
        fresh,
        first,
    )
    for secret in (*secrets, token.secret, app.code(), *codes):
        assert secret not in text
    assert [(e.kind, e.detail.get("what") or e.detail.get("reason")) for e in told] == [
        ("signed_in", None),
        ("totp", "on"),
        ("sign_in_failed", "code-wrong"),
        ("signed_in", None),
        ("sign_in_failed", "password"),
        ("sign_in_failed", "unknown"),
    ]
