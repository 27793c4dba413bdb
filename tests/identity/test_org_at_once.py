"""Moves at the same time: no circle comes of them, and readers see the tree before or after."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random
from threading import Barrier, BrokenBarrierError, Event
from uuid import UUID

import pytest
import sqlalchemy as sa

from tenon.app import Tenon
from tenon.errors import InvalidError
from tenon.identity import system
from tenon.identity.models import ReportingLine
from tenon.identity.reporting import Reporting
from tenon.storage.ids import new_id

WHO = system("test of moves at once")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def tenon_database(request: pytest.FixtureRequest) -> str:
    """Readers are looked at on either database."""
    if request.param == "sqlite":
        return "sqlite"
    return request.getfixturevalue("postgres_server").render_as_string(hide_password=False)


only_postgresql = pytest.mark.parametrize(
    "tenon_database", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)


def users(tenon: Tenon, count: int) -> list[UUID]:
    with tenon.records.writing(WHO) as work:
        return [work.create("user", {"name": f"user {n}"}).id for n in range(count)]


def circles(tenon: Tenon) -> bool:
    """Whether somebody stands above themselves, as users and teams say."""
    with tenon.storage.reading() as connection:
        reporting = Reporting(connection)
        everybody = dict(reporting.everybody())
        return any(
            user in reporting.climb(above) for user, superiors in everybody.items() for above in superiors
        )


def each_above_the_other(tenon: Tenon) -> list[bool]:
    """Two people are at once put below each other; which of the moves was made."""
    ada, ben = users(tenon, 2)
    both = Barrier(2)

    def put(user: UUID, above: UUID) -> bool:
        try:
            with tenon.records.writing(WHO) as work:
                work.update("user", user, {"manager_id": above})
                # Neither looks again or commits before the other has looked, if they let each other.
                with suppress(BrokenBarrierError):
                    both.wait(0.5)
                    work.flush()
                    both.wait(0.5)
        except InvalidError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        moves = [pool.submit(put, ada, ben), pool.submit(put, ben, ada)]
        return [move.result() for move in moves]


@only_postgresql
def test_of_two_moves_that_together_make_a_circle_one_is_refused(tenon: Tenon) -> None:
    for _round in range(5):
        assert sorted(each_above_the_other(tenon)) == [False, True]
    assert not circles(tenon)
    with tenon.storage.snapshot() as connection:
        assert tenon.identity.org.check(connection) == []


@only_postgresql
def test_without_the_lock_both_are_made_and_go_round(tenon: Tenon, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: what the test above finds is there to be found."""
    monkeypatch.setattr(tenon.identity.org, "lock", lambda _connection: None)
    assert each_above_the_other(tenon) == [True, True]
    assert circles(tenon)


@only_postgresql
def test_many_moves_at_once_leave_a_tree_whose_lines_are_right(tenon: Tenon) -> None:
    people = users(tenon, 8)
    with tenon.records.writing(WHO) as work:
        teams = [work.create("team", {"name": f"team {n}"}).id for n in range(4)]

    def move(seed: int) -> None:
        random = Random(seed)
        for _step in range(15):
            person, team = random.choice(people), random.choice([*teams, None])
            values: dict[str, UUID | None] = {"manager_id": random.choice([*people, None])}
            try:
                with tenon.records.writing(WHO) as work:
                    if team is not None and random.random() < 0.3:
                        work.update("team", team, values)
                    else:
                        work.update("user", person, values | {"team_id": team})
            except InvalidError:
                continue

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(move, seed) for seed in range(4)]:
            done.result()
    assert not circles(tenon)
    with tenon.storage.snapshot() as connection:
        assert tenon.identity.org.check(connection) == []


def test_readers_see_a_big_move_whole_or_not_at_all(tenon: Tenon) -> None:
    old, new, lead = users(tenon, 3)
    with tenon.records.writing(WHO) as work:
        work.update("user", lead, {"manager_id": old})
    with tenon.records.writing(WHO) as work:
        work.bulk_create("user", [{"name": f"person {n}", "manager_id": lead} for n in range(1000)])
    written, seen = Event(), Event()

    def move() -> None:
        with tenon.records.writing(WHO) as work:
            work.update("user", lead, {"manager_id": new})
            work.flush()
            written.set()
            seen.wait(20)

    def read() -> tuple[int, int]:
        counted = sa.select(ReportingLine.above_id, sa.func.count()).group_by(ReportingLine.above_id)
        with tenon.storage.reading() as connection:
            found = {row[0]: row[1] for row in connection.execute(counted)}
        return found[old], found[new]

    before, after = (1002, 1), (1, 1002)
    with ThreadPoolExecutor(1) as pool:
        moving = pool.submit(move)
        answers = set()
        while not written.is_set():
            answers.add(read())
        assert answers | {read()} == {before}
        seen.set()
        while not moving.done():
            assert read() in (before, after)
        moving.result()
    assert read() == after
    assert tenon.identity.org.size_below(new) == 1002


def test_a_circle_that_is_in_the_data_ends_every_climb(tenon: Tenon) -> None:
    ada, ben, cora = users(tenon, 3)
    table = sa.table("identity_user", sa.column("id", sa.Uuid), sa.column("manager_id", sa.Uuid))
    with tenon.storage.writing() as connection:
        rows: Callable[[UUID, UUID], sa.Update] = lambda user, above: (  # noqa: E731
            sa.update(table).where(table.c.id == user).values(manager_id=above)
        )
        for user, above in ((ada, ben), (ben, ada), (cora, ben)):
            connection.execute(rows(user, above))
        tenon.identity.org.refresh(connection)
    assert tenon.identity.org.people_below(ada) == {ada, ben, cora}
    assert [person.name for person in tenon.identity.org.path(ada, cora)] == ["user 0", "user 1", "user 2"]
    # What has no part in it can be moved, and so can what breaks it.
    with tenon.records.writing(WHO) as work:
        work.update("user", cora, {"manager_id": ada})
        work.update("user", ben, {"manager_id": None})
    assert not circles(tenon)
    with tenon.storage.snapshot() as connection:
        assert tenon.identity.org.check(connection) == []


def test_there_is_no_way_between_strangers(tenon: Tenon) -> None:
    ada, ben = users(tenon, 2)
    assert tenon.identity.org.path(ada, ben) == ()
    assert tenon.identity.org.path(ada, new_id()) == ()
    assert [person.id for person in tenon.identity.org.path(ada, ada)] == [ada]
