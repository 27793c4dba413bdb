"""What guessing costs, and what its time tells: shared tallies, equal times."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from tenon.clock import ManualClock
from tenon.errors import NotSignedInError
from tenon.identity import Identity, NewUser
from tenon.identity.models import Credential, SignInTally
from tenon.identity.throttle import Throttle, network_of
from tenon.storage import Storage

EMAIL, PASSWORD = "ana@example.com", "correct horse battery"
PAIRS = 40


@pytest.fixture
def throttle(storage: Storage, clock: ManualClock) -> Throttle:
    return Throttle(storage, clock, per_minute=3)


def test_an_address_and_an_account_may_each_try_so_often_a_minute(
    throttle: Throttle, clock: ManualClock
) -> None:
    assert [throttle.admits("10.0.0.1", f"u{number}") for number in range(4)] == [True, True, True, False]
    assert throttle.admits("10.0.0.2", "u9")
    assert [throttle.admits(f"10.0.1.{number}", " ANA ") for number in range(3)] == [True] * 3
    assert not throttle.admits("10.0.1.9", "ana")
    clock.advance(minutes=1)
    assert throttle.admits("10.0.0.1", "ana")


def test_processes_count_together(
    storage: Storage, another_process: Identity, clock: ManualClock, throttle: Throttle
) -> None:
    other = Throttle(another_process.throttle._storage, clock, per_minute=3)
    tries = [side.admits("10.0.0.1") for side in (throttle, other, throttle, other, throttle)]
    assert tries == [True, True, True, False, False]


def test_a_flood_writes_nothing_and_old_minutes_go(
    throttle: Throttle, storage: Storage, clock: ManualClock
) -> None:
    def tries() -> list[int]:
        with storage.reading() as connection:
            return list(connection.scalars(sa.select(SignInTally.tries).order_by(SignInTally.minute)))

    for _try in range(100):
        throttle.admits("10.0.0.1")
    assert tries() == [4]
    for _minute in range(10):
        clock.advance(minutes=1)
        throttle.admits("10.0.0.1")
    assert tries() == [1, 1]


def test_an_address_is_not_kept_as_it_is(throttle: Throttle, storage: Storage) -> None:
    throttle.admits("10.0.0.1", EMAIL)
    with storage.reading() as connection:
        kept = str(connection.execute(sa.select(SignInTally.__table__)).all())
    assert "10.0.0.1" not in kept
    assert EMAIL not in kept


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::9", "2001:db8:1:2::"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_an_ipv6_customer_counts_once(address: str, network: str) -> None:
    assert network_of(address) == network


def excess(
    known: Callable[[], object], unknown: Callable[[], object], between: Callable[[], object]
) -> float:
    """Milliseconds by which one takes longer than the other: the median over pairs, taken in turn.

    Of a pair both meet the same load of the machine, so that it falls out of the difference.
    """
    differences = []
    for number in range(PAIRS):
        between()
        first, second = (known, unknown) if number % 2 else (unknown, known)
        spent = []
        for attempt in (first, second):
            begun = time.perf_counter()
            attempt()
            spent.append(time.perf_counter() - begun)
        differences.append((spent[0] - spent[1]) * (1 if number % 2 else -1))
    return statistics.median(differences) * 1000


def attempt(identity: Identity, email: str) -> Callable[[], object]:
    def guess() -> None:
        with pytest.raises(NotSignedInError):
            identity.sign_in(email, "not the password")

    return guess


@pytest.fixture
def never_locked(identity: Identity, storage: Storage) -> Callable[[], Any]:
    """Forget failures, so that every try is compared."""

    def forget() -> None:
        with storage.writing() as connection:
            connection.execute(sa.update(Credential).values(failed=0, locked_until=None))

    return forget


@pytest.mark.deep
def test_the_time_does_not_tell_which_accounts_exist(
    identity: Identity, never_locked: Callable[[], Any]
) -> None:
    """Research, statement 14: medians within 5 ms. The control below is off by a whole hash."""
    identity.create_user(NewUser("Ana", EMAIL), PASSWORD)

    found = excess(attempt(identity, EMAIL), attempt(identity, "nobody@example.com"), never_locked)
    assert abs(found) < 5, f"{found:.2f} ms"


@pytest.mark.deep
def test_a_door_that_answers_early_would_be_found_out(
    identity: Identity, storage: Storage, never_locked: Callable[[], Any]
) -> None:
    """The control: where an unknown account is refused before anything is compared."""
    identity.create_user(NewUser("Ana", EMAIL), PASSWORD)

    def naive(email: str) -> Callable[[], object]:
        def guess() -> None:
            with storage.reading() as connection:
                known = connection.execute(
                    sa.text("SELECT 1 FROM identity_user WHERE email = :e"), {"e": email}
                )
                if known.first() is None:
                    return
            attempt(identity, email)()

        return guess

    assert abs(excess(naive(EMAIL), naive("nobody@example.com"), never_locked)) > 5
