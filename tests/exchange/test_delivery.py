from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tenon.errors import ConflictError, NotFoundError
from tenon.exchange.models import deliveries
from tenon.storage.ids import new_id
from tests.exchange.world import Told


def test_a_subscriber_is_told_once_with_what_happened(make_world):
    told = Told()
    world = make_world(subscribers=[told.contribution])
    event_id = world.happen(5)
    assert world.run() > 0
    assert world.run() == 0
    (event,) = told.events
    assert (event.id, event.name, event.payload["n"], event.at) == (
        event_id,
        "demo.happened",
        5,
        world.clock.now(),
    )
    assert world.states() == ["done"]


def test_a_failing_subscriber_harms_no_other(make_world):
    broken, fine = Told("broken"), Told("fine")
    broken.fails = lambda _event: True
    world = make_world(subscribers=[broken.contribution, fine.contribution])
    world.happen_many(3, records=1)
    world.run()
    assert fine.numbers == [0, 1, 2]


def test_failures_are_tried_again_later_and_later_and_then_are_dead(make_world):
    told = Told()
    told.fails = lambda _event: True
    world = make_world(subscribers=[told.contribution])
    world.happen()
    waits = []
    for _attempt in range(7):
        world.run()
        delivery = world.only()
        assert delivery.state == "new"
        waits.append(delivery.due_at - world.clock.now())
        world.clock.set(delivery.due_at)
    assert all(timedelta(0) <= wait <= timedelta(seconds=2**n) for n, wait in enumerate(waits))
    world.run()
    delivery = world.only()
    assert (delivery.state, delivery.attempts) == ("dead", 8)
    assert delivery.last_error.startswith("RuntimeError: the subscriber broke (exchange/world.py:")
    assert len(told.events) == 8


def test_a_dead_letter_holds_back_its_own_lane_alone(make_world):
    told = Told()
    told.fails = lambda event: event.payload["n"] == 0
    world = make_world(subscribers=[told.contribution])
    world.happen_many(30, records=10)
    for _ in range(10):
        world.run()
        world.clock.advance(hours=1)
    assert world.states().count("dead") == 1
    assert sorted(set(told.numbers)) == [n for n in range(30) if n not in (10, 20)]
    assert world.states().count("new") == 2


def test_a_replayed_dead_letter_frees_its_lane_in_order(make_world):
    told = Told()
    told.fails = lambda event: event.payload["n"] == 0
    world = make_world(subscribers=[told.contribution])
    world.happen_many(3, records=1)
    for _ in range(8):
        world.run()
        world.clock.advance(hours=1)
    told.fails = lambda _event: False
    told.events.clear()
    (dead,) = world.exchange.operations.list(state="dead")
    world.exchange.operations.replay(dead.id)
    world.run()
    assert told.numbers == [0, 1, 2]
    assert world.states() == ["done", "done", "done"]


def test_a_dead_letter_that_is_skipped_frees_its_lane(make_world):
    told = Told()
    told.fails = lambda event: event.payload["n"] == 0
    world = make_world(subscribers=[told.contribution])
    world.happen_many(2, records=1)
    for _ in range(8):
        world.run()
        world.clock.advance(hours=1)
    (dead,) = world.exchange.operations.list(state="dead")
    world.exchange.operations.resolve(dead.id, "skipped")
    world.run()
    assert told.numbers[-1] == 1
    assert world.states() == ["skipped", "done"]


def test_every_dead_letter_can_be_replayed_at_once(make_world):
    told = Told()
    told.fails = lambda _event: True
    world = make_world(subscribers=[told.contribution])
    world.happen_many(5, records=5)
    for _ in range(8):
        world.run()
        world.clock.advance(hours=1)
    told.fails = lambda _event: False
    assert world.exchange.operations.replay_dead() == 5
    world.run()
    assert set(world.states()) == {"done"}


def test_a_delivery_that_waits_cannot_be_replayed(make_world):
    told = Told()
    told.fails = lambda _event: True
    world = make_world(subscribers=[told.contribution])
    world.happen()
    world.run()
    with pytest.raises(ConflictError, match="is new"):
        world.exchange.operations.replay(world.only().id)
    with pytest.raises(NotFoundError, match="no delivery"):
        world.exchange.operations.replay(new_id())


def test_a_delivery_waits_for_a_plugin_that_is_switched_off(make_world):
    told = Told()
    with_plugin = make_world(subscribers=[told.contribution])
    without = make_world(clock=with_plugin.clock)
    with_plugin.happen()
    with_plugin.fan_out()
    without.run()
    assert without.states() == ["new"]
    with_plugin.run()
    assert len(told.events) == 1


def test_what_a_crashed_worker_held_is_taken_up_when_its_lease_ends(make_world):
    told = Told()
    world = make_world(subscribers=[told.contribution])
    world.happen()
    world.fan_out()
    lost = {
        "state": "leased",
        "leased_by": "gone:1",
        "lease_until": world.clock.now() + timedelta(seconds=60),
    }
    with world.storage.writing() as connection:
        connection.execute(sa.update(deliveries).values(lost))
    world.run()
    assert told.events == []
    world.clock.advance(seconds=61)
    world.run()
    assert len(told.events) == 1
    assert world.states() == ["done"]


def test_one_that_takes_its_process_along_each_time_is_dead_in_the_end(make_world):
    told = Told()
    world = make_world(subscribers=[told.contribution])
    world.happen()
    world.fan_out()
    with world.storage.writing() as connection:
        connection.execute(sa.update(deliveries).values(attempts=8, state="new"))
    world.run()
    assert world.only().state == "dead"
    assert "died" in world.only().last_error
    assert told.events == []
