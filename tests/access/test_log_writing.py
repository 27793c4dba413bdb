"""Entries are written by a thread of their own: soon, at the end, and never at somebody's cost."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenon.access.kinds import WEIGHTY
from tenon.access.models import AccessEntry
from tenon.access.waiting import Happening, Waiting
from tenon.app import Tenon, create_tenon
from tenon.clock import ManualClock
from tenon.errors import ForbiddenError, UnavailableError
from tenon.identity.actor import Actor, system
from tenon.settings import Settings
from tenon.testing import ApiClient
from tests.access.watching import OwnRecords, logged

LAW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.fixture
def tenon_settings() -> Settings:
    return Settings.for_tests(plugins=["b2b_accounts"])


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def tenon_database(request: pytest.FixtureRequest) -> str:
    """Each test on both kinds of database."""
    if request.param == "sqlite":
        return "sqlite"
    return str(request.getfixturevalue("postgres_server").render_as_string(hide_password=False))


@pytest.fixture
def migrated(database: str) -> str:
    """The URL of an empty database with the kernel's tables."""
    made = create_tenon(Settings.for_tests(database=database))
    made.migrations.upgrade()
    made.storage.close()
    return database


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def written(tenon: Tenon) -> int:
    """How many happenings stand in the log by now, without asking for it to be written."""
    with tenon.storage.reading() as connection:
        return int(connection.execute(sa.select(sa.func.sum(AccessEntry.count))).scalar() or 0)


# When


def test_an_entry_is_written_soon_without_anybody_asking(tenon: Tenon) -> None:
    tenon.access_log.record("other", action="alone")
    assert eventually(lambda: written(tenon) == 1)


def test_what_waits_is_written_when_the_deployment_is_closed(tenon: Tenon, clock: ManualClock) -> None:
    other = create_tenon(tenon.settings, clock=clock, plugins=tenon.plugins)
    other.access_log.record("other", action="last words")
    other.storage.close()
    assert written(tenon) == 1


def test_recording_goes_on_after_a_close(tenon: Tenon) -> None:
    tenon.access_log.close()
    tenon.access_log.record("other", action="after")
    assert eventually(lambda: written(tenon) == 1)


def test_a_flush_waits_for_what_the_thread_has_in_hand(tenon: Tenon) -> None:
    for number in range(300):
        tenon.access_log.record("other", action=f"n{number}")
        if number % 50 == 0:
            time.sleep(0.05)
    assert tenon.access_log.flush()
    assert written(tenon) == 300


# At the end of a process


def ended(url: str, how: str) -> int:
    command = [sys.executable, "-m", "tests.access.logging_process", url, how]
    root = Path(__file__).parents[2]
    return subprocess.run(command, cwd=root, capture_output=True, timeout=120).returncode


def actions(url: str) -> set[str | None]:
    reader = create_tenon(Settings.for_tests(database=url))
    found = {entry.action for entry in logged(reader)}
    reader.storage.close()
    return found


@pytest.mark.parametrize(("how", "code"), [("ends", 0), ("crashes", 1)])
def test_a_process_that_ends_or_crashes_loses_nothing(migrated: str, how: str, code: int) -> None:
    assert ended(migrated, how) == code
    assert actions(migrated) == {"early", "late"}


def test_a_process_that_is_killed_loses_its_last_second_alone(migrated: str) -> None:
    """The control beside it: what came in that second is gone, or the test would prove nothing."""
    assert ended(migrated, "killed") == -9
    assert actions(migrated) == {"early"}


def test_forked_workers_write_what_they_recorded_and_nothing_twice(migrated: str) -> None:
    assert ended(migrated, "forked") == 0
    reader = create_tenon(Settings.for_tests(database=migrated))
    found = sorted(str(entry.action) for entry in logged(reader))
    reader.storage.close()
    assert found == ["child 0", "child 1", "child 2", "early"]


# At nobody's cost


@contextmanager
def nowhere_to_write(tenon: Tenon) -> Iterator[None]:
    """A SQLite file that may not grow, as on a full disk; a PostgreSQL table that is being moved."""
    if tenon.storage.dialect == "sqlite":
        with tenon.storage.reading() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        tenon.storage.engine.dispose()

        @sa.event.listens_for(tenon.storage.engine, "connect")
        def bounded(connection: Any, _entry: object) -> None:
            connection.execute(f"PRAGMA max_page_count = {pages}").close()

        yield
        sa.event.remove(tenon.storage.engine, "connect", bounded)
        tenon.storage.engine.dispose()
        return
    with tenon.storage.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE tenon_access_log RENAME TO elsewhere")
    yield
    with tenon.storage.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO tenon_access_log")


def test_a_full_disk_breaks_no_request_and_what_was_refused_is_written_later(
    tenon: Tenon, api: ApiClient, actor: Actor
) -> None:
    with tenon.records.writing(system("a test")) as work:
        hidden = work.create("account", {"name": "Hidden"}).id
    tenon.access_log.flush()
    tenon.access.policy = OwnRecords()
    with nowhere_to_write(tenon):
        for number in range(300):
            tenon.access_log.record("other", action=f"n{number}", reason="long " * 40)
        assert not tenon.access_log.flush()
        assert api.get(f"/accounts/{hidden}", status=404)
        assert api.get("/accounts")["data"] == []
    assert tenon.access_log.flush()
    found = logged(tenon, size=1000)
    assert sum(e.count for e in found if e.kind == "other") == 300
    assert [e.record_id for e in found if e.kind == "hidden"] == [hidden]


def test_what_the_database_does_not_take_is_counted_and_stands_in_nobodys_way(
    tenon: Tenon, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_rows: object) -> None:
        raise sa.exc.DataError("INSERT", {}, ValueError("not this"))

    with monkeypatch.context() as patched:
        patched.setattr(tenon.access_log, "_insert", refuse)
        for _time in range(3):
            tenon.access_log.record("other", action="poison")
        assert not tenon.access_log.flush()
    tenon.access_log.record("other", action="fine")
    found = {e.kind: (e.action, e.count) for e in logged(tenon)}
    assert found == {"other": ("fine", 1), "lost": (None, 3)}


def test_a_writer_that_takes_its_time_holds_up_no_denial(tenon: Tenon, actor: Actor) -> None:
    """SQLite has one writer at a time: the log's thread waits its turn, whoever is refused does not."""
    tenon.access.policy = OwnRecords()
    with tenon.records.writing(actor) as work:
        work.create("account", {"name": "Mine"})
        for _time in range(10):
            with pytest.raises(ForbiddenError):
                tenon.access.require(actor, "merge", "account")
        time.sleep(1.2)
        work.create("account", {"name": "Mine as well"})
    assert eventually(lambda: written(tenon) == 10)


def test_a_flush_inside_a_transaction_says_no_and_loses_nothing(tenon: Tenon) -> None:
    if tenon.storage.dialect != "sqlite":
        return
    tenon.access_log.close()
    with tenon.storage.writing():
        tenon.access_log.record("other", action="inside")
        assert not tenon.access_log.flush()
    assert [e.action for e in logged(tenon)] == ["inside"]


def test_many_threads_record_at_once_and_nothing_is_lost(tenon: Tenon, actor: Actor) -> None:
    def work(name: int) -> None:
        for number in range(500):
            tenon.access_log.record("other", actor=actor, action=f"{name} {number % 7}")

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(e.count for e in logged(tenon, size=1000)) == 4000


# In bounded memory


def resident() -> int:
    """Bytes of memory that this process has at the moment (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_a_hundred_thousand_denials_take_bounded_memory_and_none_is_uncounted(
    tenon: Tenon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of different records, and the database is away until the end."""
    users = [Actor(uuid4(), f"user {number}") for number in range(50)]

    def away(_rows: object) -> None:
        raise UnavailableError

    log, before = tenon.access_log, resident()
    with monkeypatch.context() as patched:
        patched.setattr(log, "_insert", away)
        for number in range(100_000):
            log.record("denied", actor=users[number % 50], entity="account", record_id=UUID(int=number))
        assert resident() - before < 24_000_000
    found = logged(tenon, size=20_000)
    assert sum(e.count for e in found) == 100_000
    assert len(found) < 10_000
    assert len({e.actor_id for e in found}) == 50


POSSIBLE = [
    Happening(kind, UUID(int=actor), "x", None, "api", "account", UUID(int=record), "read", None, None, None)
    for kind in ("denied", "hidden", "policy")
    for actor in range(2)
    for record in range(8)
]
ADDED = st.lists(st.tuples(st.sampled_from(POSSIBLE), st.integers(1, 3)), max_size=40)


@LAW
@given(ADDED, st.integers(1, 10), st.integers(0, 10), st.integers(0, 3))
def test_whatever_comes_each_is_written_or_counted_and_no_more_wait_than_may(
    added: list[tuple[Happening, int]], rough_from: int, more: int, failures: int
) -> None:
    waiting = Waiting(rough_from, rough_from + more)
    for place, (happening, count) in enumerate(added):
        waiting.add(happening, NOW, count)
        assert len(waiting) <= rough_from + more
        if failures and place % 7 == 6:
            failures -= 1
            waiting.give_back(*waiting.take())
    taken, dropped = waiting.take()
    assert sum(t.count for t in taken.values()) + dropped == sum(count for _h, count in added)
    assert len(waiting) == 0


@LAW
@given(ADDED)
def test_what_matters_by_itself_is_never_added_up(added: list[tuple[Happening, int]]) -> None:
    waiting = Waiting(rough_from=1, most=10_000)
    for happening, count in added:
        waiting.add(happening, NOW, count)
    taken, _dropped = waiting.take()
    for happening in {h for h, _count in added if h.kind in WEIGHTY}:
        assert taken[happening].count == sum(count for h, count in added if h == happening)
