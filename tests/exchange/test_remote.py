from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from tenon.exchange import Event, Rejected, Transient, UnknownOutcome
from tenon.exchange.models import deliveries
from tenon.messages import _
from tenon.plugin.contributions import Integration
from tests.exchange.world import World


class OtherSystem:
    """A system that keeps what arrives and may fail before, or after, it kept it."""

    def __init__(self) -> None:
        self.kept: list[Event] = []
        self.before: Exception | None = None
        self.after: Exception | None = None
        self.settles: str | None = None
        self.states_at_call: list[str] = []

    def contribution(self, *, settle: bool = False) -> tuple[str, Integration]:
        return "demo", Integration(
            "erp", _("ERP"), ("*",), self.deliver, settle=self.settle if settle else None, max_attempts=3
        )

    def deliver(self, event: Event, tenon: World) -> None:
        self.states_at_call += tenon.states()
        if self.before:
            raise self.before
        self.kept.append(event)
        if self.after:
            raise self.after

    def settle(self, event: Event, _tenon: Any) -> str:
        return self.settles or ("done" if event in self.kept else "resend")


@pytest.fixture
def erp() -> OtherSystem:
    return OtherSystem()


def crash_after_sent(world: World) -> None:
    """As if the worker had been killed while the call was under way."""
    world.fan_out()
    lost = {"state": "sent", "attempts": 1, "leased_by": "gone:1", "lease_until": world.clock.now()}
    with world.storage.writing() as connection:
        connection.execute(sa.update(deliveries).values(lost))


def test_that_it_was_sent_is_committed_before_the_call(make_world, erp):
    world = make_world(integrations=[erp.contribution()])
    world.happen()
    world.run()
    assert erp.states_at_call == ["sent"]
    assert world.states() == ["done"]


@pytest.mark.parametrize("error", [Transient("busy"), Transient("slow down", after=900.0)])
def test_what_certainly_did_not_arrive_is_tried_again(make_world, erp, error):
    world = make_world(integrations=[erp.contribution()])
    erp.before = error
    world.happen()
    world.run()
    wait = world.only().due_at - world.clock.now()
    assert world.only().state == "new"
    assert wait >= timedelta(seconds=error.after or 5)
    erp.before = None
    world.clock.set(world.only().due_at)
    world.run()
    assert world.states() == ["done"]


def test_what_was_refused_is_not_tried_again_and_holds_nothing_back(make_world, erp):
    world = make_world(integrations=[erp.contribution()])
    erp.before = Rejected("no such customer", http_status=422)
    world.happen_many(2, records=1)
    world.fan_out()
    world.run(limit=1)
    erp.before = None
    world.run()
    assert world.states() == ["rejected", "done"]
    assert world.exchange.operations.list(state="rejected")[0].last_status == 422


@pytest.mark.parametrize(
    "error", [UnknownOutcome(), TimeoutError("read"), KeyError("id"), httpx.ReadTimeout("slow")]
)
def test_what_may_have_arrived_waits_for_a_person(make_world, erp, error):
    world = make_world(integrations=[erp.contribution()])
    erp.after = error
    world.happen_many(2, records=1)
    for _n in range(5):
        world.run()
        world.clock.advance(days=1)
    assert len(erp.kept) == 1
    assert world.states() == ["unknown", "new"]


def test_blind_repetition_of_an_unknown_outcome_would_do_it_twice(make_world, erp):
    world = make_world(integrations=[erp.contribution()])
    erp.after = UnknownOutcome()
    world.happen()
    world.run()
    world.exchange.operations.resolve(world.only().id, "resend")
    erp.after = None
    world.run()
    assert len(erp.kept) == 2


def test_an_answer_of_the_other_system_is_no_unknown_outcome(make_world, erp):
    world = make_world(integrations=[erp.contribution()])
    error = RuntimeError("the library's own error")
    error.response = SimpleNamespace(status_code=503)
    erp.before = error
    world.happen()
    world.run()
    assert (world.only().state, world.only().last_status) == ("new", 503)


@pytest.mark.parametrize(("arrived", "times"), [(True, 1), (False, 1)])
def test_an_adapter_finds_out_what_became_of_it(make_world, erp, arrived, times):
    world = make_world(integrations=[erp.contribution(settle=True)])
    if arrived:
        erp.after = UnknownOutcome()
    else:
        erp.before = UnknownOutcome()
    world.happen()
    world.run()
    assert world.states() == ["unknown"]
    erp.before = erp.after = None
    world.clock.advance(hours=1)
    world.run()
    assert world.states() == ["done"]
    assert len(erp.kept) == times


def test_an_adapter_that_cannot_tell_yet_is_asked_again_later(make_world, erp):
    world = make_world(integrations=[erp.contribution(settle=True)])
    erp.after = UnknownOutcome()
    erp.settles = "hold"
    world.happen()
    for _n in range(3):
        world.run()
        world.clock.advance(hours=1)
    assert world.states() == ["unknown"]
    erp.settles = "done"
    world.run()
    assert world.states() == ["done"]


@pytest.mark.parametrize("settle", [False, True])
def test_a_crash_during_the_call_leaves_the_outcome_unknown(make_world, erp, settle):
    world = make_world(integrations=[erp.contribution(settle=settle)])
    world.happen()
    crash_after_sent(world)
    world.run()
    assert world.states() == (["done"] if settle else ["unknown"])
    assert len(erp.kept) == (1 if settle else 0)


def test_a_person_decides_what_became_of_an_unknown_outcome(make_world, erp):
    world = make_world(integrations=[erp.contribution()])
    world.happen_many(2, records=1)
    crash_after_sent(world)
    with world.storage.writing() as connection:
        second = sa.update(deliveries).where(deliveries.c.event_seq == 2)
        connection.execute(second.values(state="new", lease_until=None, leased_by=None))
    world.run()
    assert world.states() == ["unknown", "new"]
    (unknown,) = world.exchange.operations.list(state="unknown")
    world.exchange.operations.resolve(unknown.id, "done")
    world.run()
    assert [event.payload["n"] for event in erp.kept] == [1]


def test_repeated_failure_is_dead(make_world, erp):
    world = make_world(integrations=[erp.contribution()])
    erp.before = Transient()
    world.happen()
    for _n in range(5):
        world.run()
        world.clock.advance(days=1)
    assert (world.only().state, world.only().attempts) == ("dead", 3)


def test_a_worker_that_lost_its_lease_changes_nothing(make_world, erp):
    world = make_world(integrations=[erp.contribution()])

    def stolen(_event: Event, _tenon: World) -> None:
        with world.storage.writing() as connection:
            connection.execute(sa.update(deliveries).values(leased_by="another:1", attempts=2))

    erp.deliver = stolen
    world = make_world(integrations=[("demo", Integration("erp", _("ERP"), ("*",), stolen))])
    world.happen()
    world.run()
    assert (world.only().state, world.only().attempts) == ("sent", 2)
