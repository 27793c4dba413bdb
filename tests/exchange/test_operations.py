from __future__ import annotations

import sqlalchemy as sa

from tenon.exchange import stats
from tenon.exchange.models import TABLES, deliveries, events
from tenon.exchange.operations import prune
from tenon.storage.ids import new_id
from tests.exchange.world import RECORD, Told


def numbers(world):
    with world.storage.reading() as connection:
        return stats(connection, world.clock.now())


def test_numbers_say_what_waits_and_how_late_it_is(make_world):
    told = Told()
    told.fails = lambda event: event.payload["n"] == 0
    world = make_world(subscribers=[told.contribution])
    assert (numbers(world).events_waiting, numbers(world).lag_seconds) == (0, 0.0)
    world.happen_many(4, records=2)
    world.clock.advance(seconds=90)
    assert (numbers(world).events_waiting, numbers(world).lag_seconds) == (4, 90.0)
    for _n in range(8):
        world.run()
        world.clock.advance(hours=1)
    found = numbers(world)
    assert found.deliveries == {("subscriber:demo.told", "dead"): 1, ("subscriber:demo.told", "new"): 1}
    assert found.by_state() == {"dead": 1, "new": 1}
    assert found.lag_seconds > 3600


def test_deliveries_are_found_by_state_target_and_record(make_world):
    told = Told()
    world = make_world(subscribers=[told.contribution])
    world.happen()
    world.happen(record=new_id())
    world.run()
    find = world.exchange.operations.list
    assert len(find()) == len(find(state="done")) == len(find(target="subscriber:demo.told")) == 2
    assert len(find(record_id=RECORD)) == len(find(limit=1)) == 1
    assert find(state="dead") == find(target="subscriber:demo.other") == []
    (found,) = find(record_id=RECORD)
    assert world.exchange.operations.show(found.id) == found
    assert found.event.record_id == RECORD


def test_what_ended_long_ago_is_forgotten_and_what_waits_is_kept(make_world):
    told = Told()
    told.fails = lambda event: event.payload["n"] == 0
    world = make_world(subscribers=[told.contribution])
    world.happen_many(6, records=3)
    for _n in range(8):
        world.run()
        world.clock.advance(hours=1)
    assert prune(world.storage, world.clock.now(), batch=2) >= 8
    assert sorted(world.states()) == ["dead", "new"]
    with world.storage.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(events)) == 2


def test_the_worker_forgets_by_itself_after_a_month(make_world):
    told = Told()
    world = make_world(subscribers=[told.contribution])
    world.happen()
    world.run()
    world.clock.advance(days=29)
    world.run()
    assert len(world.states()) == 1
    world.clock.advance(days=2)
    world.run()
    assert world.states() == []


def test_every_table_says_that_it_is_the_kernels():
    assert all(table.name.startswith("tenon_") for table in TABLES)
    assert deliveries.c.lane is not None
