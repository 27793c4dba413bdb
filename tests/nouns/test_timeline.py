"""The timeline of a record."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenon.app import Tenon
from tenon.clock import ManualClock
from tenon.errors import BadRequestError, NotFoundError
from tenon.identity.actor import Actor
from tenon.records.timeline import TimelineItem
from tenon.storage.ids import new_id


@pytest.fixture
def ada(world: Tenon, anna: Actor) -> UUID:
    with world.records.writing(anna) as work:
        return UUID(str(work.create("contact", {"last_name": "Lovelace"}).id))


def everything(world: Tenon, actor: Actor, id_: UUID, size: int = 50) -> list[TimelineItem]:
    """All pages of a contact's timeline, one after the other."""
    items: list[TimelineItem] = []
    after = None
    while True:
        with world.records.reading(actor) as work:
            page = world.records.timeline.page(work, "contact", id_, after=after, size=size)
        items += page.data
        if page.next is None:
            return items
        after = page.next


def test_it_tells_of_writes_activities_and_tasks_newest_first(
    world: Tenon, anna: Actor, ada: UUID, clock: ManualClock
) -> None:
    about = {"about_entity": "contact", "about_id": ada}
    for entity, values in (
        ("activity", {"type": "call", "subject": "First call", **about}),
        ("task", {"subject": "Send the offer", **about}),
    ):
        clock.advance(hours=1)
        with world.records.writing(anna) as work:
            work.create(entity, values)
    clock.advance(hours=1)
    with world.records.writing(anna) as work:
        work.update("contact", ada, {"title": "Countess"})
    assert [item.kind for item in everything(world, anna, ada)] == ["update", "task", "call", "create"]


def test_a_task_stands_where_it_is_due_and_then_where_it_was_done(
    world: Tenon, anna: Actor, ada: UUID, clock: ManualClock
) -> None:
    with world.records.writing(anna) as work:
        values = {
            "subject": "Call",
            "due_at": work.now + timedelta(days=9),
            "about_entity": "contact",
            "about_id": ada,
        }
        task = work.create("task", values).id
    assert everything(world, anna, ada)[0].at == clock.now() + timedelta(days=9)
    clock.advance(days=1)
    with world.records.writing(anna) as work:
        work.update("task", task, {"status": "done"})
    assert everything(world, anna, ada)[0].at == clock.now()


def test_what_is_about_somebody_else_is_not_told(world: Tenon, anna: Actor, ada: UUID) -> None:
    with world.records.writing(anna) as work:
        other = work.create("contact", {"last_name": "Babbage"}).id
        work.create("activity", {"subject": "Call", "about_entity": "contact", "about_id": other})
    assert [item.kind for item in everything(world, anna, ada)] == ["create"]


def test_what_is_about_an_order_of_a_customer_is_told_of_the_customer(
    world: Tenon, anna: Actor, ada: UUID
) -> None:
    with world.records.writing(anna) as work:
        order = work.create("order", {"party_id": ada}).id
        work.create("activity", {"subject": "Late delivery", "about_entity": "order", "about_id": order})
    assert "Late delivery" in [item.title for item in everything(world, anna, ada)]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    hours=st.lists(st.integers(-5, 5), max_size=12),
    updates=st.integers(0, 6),
    size=st.integers(1, 5),
)
def test_pages_together_are_the_whole_timeline_in_order(
    world: Tenon, anna: Actor, hours: list[int], updates: int, size: int
) -> None:
    with world.records.writing(anna) as work:
        id_ = work.create("contact", {"last_name": "Lovelace"}).id
        about = {"about_entity": "contact", "about_id": id_}
        for hour in hours:
            work.create(
                "activity", {"subject": "Call", "happened_at": work.now + timedelta(hours=hour), **about}
            )
            work.create("task", {"subject": "Call", "due_at": work.now + timedelta(hours=hour), **about})
        for number in range(updates):
            work.update("contact", id_, {"title": f"Title {number}"})
    items = everything(world, anna, id_, size)
    keys = [item.key for item in items]
    assert keys == sorted(keys, reverse=True)
    assert len({item.id for item in items}) == len(items) == 2 * len(hours) + updates + 1


def test_a_cursor_of_something_else_is_refused(world: Tenon, anna: Actor, ada: UUID) -> None:
    for cursor in ("", "nonsense", "MjAyNnx4", "é"):
        with world.records.reading(anna) as work, pytest.raises(BadRequestError):
            world.records.timeline.page(work, "contact", ada, after=cursor)


def test_a_record_that_is_not_there_has_no_timeline(world: Tenon, anna: Actor) -> None:
    with world.records.reading(anna) as work, pytest.raises(NotFoundError):
        world.records.timeline.page(work, "contact", new_id())


def test_a_source_takes_its_name_once(world: Tenon) -> None:
    with pytest.raises(ValueError, match="already"):
        world.records.timeline.add("audit", lambda *_args: [])
