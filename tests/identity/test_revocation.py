"""A request costs no query, and yet a revocation holds in every process within a second."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from tenon.clock import ManualClock
from tenon.errors import UnavailableError
from tenon.identity import Identity, NewUser
from tenon.identity.cache import BriefCache
from tenon.identity.models import ApiKey, Session
from tenon.storage import Storage

EMAIL, PASSWORD = "ana@example.com", "correct horse battery"


@pytest.fixture
def ana(identity: Identity) -> UUID:
    return identity.create_user(NewUser("Ana", EMAIL), PASSWORD)


@contextmanager
def statements(storage: Storage) -> Iterator[list[str]]:
    """The SQL sent within the block."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    sa.event.listen(storage.engine, "before_cursor_execute", note)
    yield sent
    sa.event.remove(storage.engine, "before_cursor_execute", note)


def test_a_session_is_read_once_a_second(
    identity: Identity, storage: Storage, clock: ManualClock, ana: UUID
) -> None:
    token = identity.sign_in(EMAIL, PASSWORD)
    with statements(storage) as sent:
        for _request in range(10):
            identity.actor_for_session(token.secret)
            clock.advance(milliseconds=99)
        assert len(sent) == 1
        clock.advance(milliseconds=10)
        identity.actor_for_session(token.secret)
        assert len(sent) == 2


def test_a_key_is_read_once_a_second_and_nonsense_never(
    identity: Identity, storage: Storage, ana: UUID
) -> None:
    _row, secret = identity.create_api_key(ana, "script")
    identity.actor_for_key(secret)
    with statements(storage) as sent:
        identity.actor_for_key(secret)
        identity.actor_for_key("tnn_short_x")
        identity.actor_for_key("' OR 1=1 --")
    assert sent == []


def test_a_sign_out_holds_in_another_process_within_a_second(
    identity: Identity, another_process: Identity, clock: ManualClock, ana: UUID
) -> None:
    token = identity.sign_in(EMAIL, PASSWORD)
    assert another_process.actor_for_session(token.secret) is not None
    identity.sign_out(token.secret)
    clock.advance(seconds=1)
    assert another_process.actor_for_session(token.secret) is None


def test_a_revoked_key_is_refused_in_another_process_within_a_second(
    identity: Identity, another_process: Identity, clock: ManualClock, ana: UUID
) -> None:
    row, secret = identity.create_api_key(ana, "script")
    assert another_process.actor_for_key(secret) is not None
    identity.keys.revoke(row.prefix)
    assert identity.actor_for_key(secret) is None
    clock.advance(seconds=1)
    assert another_process.actor_for_key(secret) is None


def test_who_is_disabled_is_out_within_a_second_by_session_and_by_key(
    identity: Identity, another_process: Identity, clock: ManualClock, ana: UUID
) -> None:
    token = identity.sign_in(EMAIL, PASSWORD)
    _row, secret = identity.create_api_key(ana, "script")
    assert another_process.actor_for_session(token.secret) is not None
    assert another_process.actor_for_key(secret) is not None

    identity.users.set_active(ana, False)
    clock.advance(seconds=1)

    assert another_process.actor_for_session(token.secret) is None
    assert another_process.actor_for_key(secret) is None
    assert another_process.actor_for_user(ana) is None

    identity.users.set_active(ana, True)
    assert another_process.actor_for_session(token.secret) is None
    assert another_process.actor_for_key(secret) is not None


def test_a_new_password_ends_every_other_sign_in(identity: Identity, clock: ManualClock, ana: UUID) -> None:
    here, elsewhere = identity.sign_in(EMAIL, PASSWORD), identity.sign_in(EMAIL, PASSWORD)
    identity.set_password(ana, "another good password", keep_session=here.secret)
    clock.advance(seconds=1)

    assert identity.actor_for_session(here.secret) is not None
    assert identity.actor_for_session(elsewhere.secret) is None
    identity.sign_in(EMAIL, "another good password")

    identity.set_password(ana, "a third good password")
    clock.advance(seconds=1)
    assert identity.actor_for_session(here.secret) is None


def test_a_changed_role_is_known_within_a_second(
    identity: Identity, another_process: Identity, clock: ManualClock, ana: UUID
) -> None:
    token = identity.sign_in(EMAIL, PASSWORD)
    before = another_process.actor_for_session(token.secret)
    identity.users.set_access(ana, admin=True, roles=["manager", "rep"])
    clock.advance(seconds=1)
    after = another_process.actor_for_session(token.secret)
    assert before is not None
    assert after is not None
    assert (before.admin, before.roles) == (False, frozenset())
    assert (after.admin, after.roles) == (True, {"manager", "rep"})


def test_last_use_is_noted_every_five_minutes_and_never_in_the_way(
    identity: Identity,
    storage: Storage,
    clock: ManualClock,
    ana: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = identity.sign_in(EMAIL, PASSWORD)
    _row, secret = identity.create_api_key(ana, "script")
    signed_in_at = clock.now()
    identity.actor_for_key(secret)

    def noted() -> tuple[Any, Any]:
        with storage.reading() as connection:
            seen = connection.execute(sa.select(Session.last_seen_at)).scalar_one()
            used = connection.execute(sa.select(ApiKey.last_used_at)).scalar_one()
        return seen, used

    def use() -> None:
        assert identity.actor_for_session(token.secret) is not None
        assert identity.actor_for_key(secret) is not None

    clock.advance(minutes=4)
    use()
    assert noted() == (signed_in_at, signed_in_at)
    clock.advance(minutes=1)
    use()
    assert noted() == (clock.now(), clock.now())

    @contextmanager
    def full() -> Iterator[None]:
        raise UnavailableError("The disk that holds the database is full")
        yield

    clock.advance(minutes=10)
    monkeypatch.setattr(storage, "writing", full)
    use()


def test_a_clock_that_is_set_back_makes_nobody_be_remembered_longer(clock: ManualClock) -> None:
    cache: BriefCache[str, str] = BriefCache(clock)
    cache.put("key", "value", clock.now())
    assert cache.get("key") == "value"
    clock.advance(hours=-1)
    assert cache.get("key") is None


def test_the_memory_is_bounded(clock: ManualClock) -> None:
    cache: BriefCache[int, int] = BriefCache(clock, size=100)
    for number in range(1000):
        cache.put(number, number, clock.now())
    assert sum(cache.get(number) is not None for number in range(1000)) <= 100
