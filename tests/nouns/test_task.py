"""Tasks, reminders and follow-ups."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tenon.app import Tenon
from tenon.clock import ManualClock
from tenon.errors import InvalidError
from tenon.identity.actor import Actor
from tenon.nouns.reminders import BATCH, remind
from tenon.records.query import Query
from tenon.testing import Events


def due(events: Events) -> list[UUID | None]:
    """The tasks that announced themselves, in order."""
    return [event.record_id for event in events.named("task.due", "task")]


def test_a_task_reminds_once_when_its_moment_has_come(
    world: Tenon, anna: Actor, clock: ManualClock, events: Events
) -> None:
    task = make_task(world, anna, due_in=timedelta(hours=2))
    remind({}, world)
    assert due(events) == []
    clock.advance(hours=2)
    remind({}, world)
    remind({}, world)
    assert due(events) == [task]


def test_a_task_put_off_reminds_again(world: Tenon, anna: Actor, clock: ManualClock, events: Events) -> None:
    task = make_task(world, anna, due_in=timedelta(hours=2))
    clock.advance(hours=3)
    remind({}, world)
    with world.records.writing(anna) as work:
        assert work.get("task", task)["overdue"]
        moved = work.update("task", task, {"due_at": world.clock.now() + timedelta(days=1)})
        assert not moved["overdue"]
    clock.advance(days=1)
    remind({}, world)
    assert due(events) == [task, task]


def test_a_reminder_can_come_before_the_task_is_due(
    world: Tenon, anna: Actor, clock: ManualClock, events: Events
) -> None:
    task = make_task(world, anna, due_in=timedelta(days=2), remind_in=timedelta(days=1))
    clock.advance(days=1)
    remind({}, world)
    with world.records.reading(anna) as work:
        assert not work.get("task", task)["overdue"]
    assert due(events) == [task]


def test_what_is_done_or_archived_stays_quiet(
    world: Tenon, anna: Actor, clock: ManualClock, events: Events
) -> None:
    done, archived = (make_task(world, anna, due_in=timedelta(hours=1)) for _n in range(2))
    with world.records.writing(anna) as work:
        work.update("task", done, {"status": "done"})
        work.archive("task", archived)
    clock.advance(days=1)
    remind({}, world)
    with world.records.reading(anna) as work:
        assert not work.get("task", done)["overdue"]
    assert due(events) == []


def test_a_reminder_leaves_the_version_alone(
    world: Tenon, anna: Actor, clock: ManualClock, events: Events
) -> None:
    task = make_task(world, anna, due_in=timedelta(hours=1))
    clock.advance(days=1)
    remind({}, world)
    with world.records.writing(anna) as work:
        assert work.update("task", task, {"status": "done"}, expect=1)["done_at"] == world.clock.now()


def test_more_tasks_than_one_transaction_takes_all_remind(world: Tenon, anna: Actor, events: Events) -> None:
    with world.records.writing(anna) as work:
        work.bulk_create("task", [{"subject": f"{n}", "due_at": work.now} for n in range(BATCH + 5)])
    remind({}, world)
    assert len(set(due(events))) == len(due(events)) == BATCH + 5


def test_the_control_a_reminder_without_a_mark_repeats_itself(world: Tenon, anna: Actor) -> None:
    make_task(world, anna, due_in=timedelta(0))
    announced: list[UUID] = []
    with world.records.reading(anna) as work:
        for _n in range(2):
            announced += [t.id for t in work.page("task", Query()).data if t["remind_at"] <= work.now]
    assert len(announced) == 2


def test_the_worker_reminds_by_the_clock(
    world: Tenon, anna: Actor, clock: ManualClock, events: Events
) -> None:
    task = make_task(world, anna, due_in=timedelta(hours=1))
    clock.advance(hours=2)
    events.run_worker()
    assert due(events) == [task]
    assert events.failures() == []


def test_reopening_a_task_forgets_when_it_was_done(world: Tenon, anna: Actor) -> None:
    task = make_task(world, anna, due_in=timedelta(hours=1))
    with world.records.writing(anna) as work:
        done = work.update("task", task, {"status": "done"})
        assert done["timeline_at"] == done["done_at"] == work.now
        reopened = work.update("task", task, {"status": "open"})
    assert reopened["done_at"] is None
    assert reopened["timeline_at"] == reopened["due_at"]


def test_an_activity_makes_the_follow_up_it_asks_for(world: Tenon, anna: Actor) -> None:
    with world.records.writing(anna) as work:
        contact = work.create("contact", {"last_name": "Lovelace"})
        call = work.create(
            "activity",
            {
                "type": "call",
                "subject": "Asked for an offer",
                "about_entity": "contact",
                "about_id": contact.id,
                "follow_up_at": work.now + timedelta(days=3),
            },
        )
    with world.records.reading(anna) as work:
        (task,) = work.page("task", Query()).data
    assert task["subject"] == "Follow up: Asked for an offer"
    assert (task["about_id"], task["party_id"], task["follows_id"]) == (contact.id, contact.id, call.id)
    assert task["due_at"] == world.clock.now() + timedelta(days=3)


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"about_entity": "contact"}, "/about_id"),
        ({"about_entity": "unicorn", "about_id": UUID(int=1)}, "/about_entity"),
        ({"about_entity": "contact", "about_id": UUID(int=1)}, "/about_id"),
        ({"duration": -1}, "/duration"),
    ],
)
def test_an_activity_about_nothing_is_refused(
    world: Tenon, anna: Actor, values: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(InvalidError) as caught, world.records.writing(anna) as work:
        work.create("activity", {"subject": "Call", **values})
    assert [p.pointer for p in caught.value.problems] == [pointer]


def make_task(world: Tenon, actor: Actor, *, due_in: timedelta, remind_in: timedelta | None = None) -> UUID:
    values: dict[str, Any] = {"subject": "Call back", "due_at": world.clock.now() + due_in}
    if remind_in is not None:
        values["remind_at"] = world.clock.now() + remind_in
    with world.records.writing(actor) as work:
        found: UUID = work.create("task", values).id
    return found
