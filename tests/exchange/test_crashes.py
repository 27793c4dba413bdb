"""What is delivered when workers are killed, and when several work at once."""

from __future__ import annotations

import multiprocessing
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa

from tenon.clock import SystemClock
from tenon.exchange.models import deliveries, events
from tenon.storage import Storage
from tests.exchange import appender
from tests.exchange.appender import appending
from tests.exchange.world import World

EVENTS = 300
RECORDS = 20

Start = Callable[..., BaseProcess]

# Each worker is forked from one process that has imported what it needs.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.exchange.appender"])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "told.txt"


@pytest.fixture
def world(storage: Storage, file: Path) -> World:
    return World(storage, SystemClock(), subscribers=[("demo", appending(file))])


@pytest.fixture
def start(database: str, file: Path) -> Iterator[Start]:
    """Start workers in processes of their own; what still runs afterwards is killed."""
    running: list[BaseProcess] = []

    def run(courier: str = "", lease: float = 1.0) -> BaseProcess:
        before = ready(file)
        process = PROCESSES.Process(target=appender.main, args=(database, str(file), lease, courier))
        process.start()
        running.append(process)
        wait_for(lambda: ready(file) > before or not process.is_alive())
        assert process.is_alive(), "the worker did not start"
        return process

    yield run
    for process in running:
        process.kill()
        process.join()


def ends_well(process: BaseProcess) -> bool:
    """Whether a worker that is asked to stop does so by itself."""
    process.terminate()
    process.join(20)
    return process.exitcode == 0


def lines(file: Path) -> list[list[str]]:
    return [line.split() for line in file.read_text().splitlines()] if file.exists() else []


def ready(file: Path) -> int:
    return sum(words == ["ready"] for words in lines(file))


def ended(file: Path) -> int:
    return len({words[3] for words in lines(file) if words[0] == "end"})


def wait_for(true: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


def all_ended(world: World) -> bool:
    with world.storage.reading() as connection:
        waiting = sa.exists().where(deliveries.c.state.not_in(("done", "dead")))
        new = sa.exists().where(events.c.state == "new")
        return not connection.scalar(sa.select(waiting | new))


def kill_at_random(start: Start, file: Path, world: World, courier: str = "", kills: int = 8) -> None:
    rng = Random(11)
    for _n in range(kills):
        process = start(courier)
        time.sleep(rng.uniform(0.02, 0.25))
        process.kill()
        process.join()
    last = start(courier)
    wait_for(lambda: all_ended(world))
    assert ends_well(last)


def out_of_order(file: Path) -> list[str]:
    """Records of which an event was first told of before an earlier one had been told of to its end."""
    wrong, last, done = [], defaultdict(lambda: -1), set()
    for words in lines(file):
        if words[0] == "ready":
            continue
        kind, record, number, event = words[0], words[1], int(words[2]), words[3]
        if kind == "end":
            done.add(event)
            last[record] = max(last[record], number)
        elif event not in done and number < last[record]:
            wrong.append(record)
    return wrong


def overlapping(file: Path) -> list[str]:
    """Events that began a second time while they were still being told of."""
    under_way, twice = set(), []
    for words in lines(file):
        if words[0] == "begin":
            if words[3] in under_way:
                twice.append(words[3])
            under_way.add(words[3])
        elif words[0] == "end":
            under_way.discard(words[3])
    return twice


@pytest.mark.slow
def test_workers_that_are_killed_lose_nothing_and_keep_every_lanes_order(start, world, file):
    world.happen_many(EVENTS, RECORDS)
    kill_at_random(start, file, world)
    assert ended(file) == EVENTS
    assert set(world.states()) == {"done"}
    assert out_of_order(file) == []


@pytest.mark.slow
def test_a_worker_that_notes_success_before_the_call_loses_events_when_it_is_killed(start, world, file):
    world.happen_many(EVENTS, RECORDS)
    kill_at_random(start, file, world, "forgetful", kills=15)
    assert set(world.states()) == {"done"}
    assert ended(file) < EVENTS


@pytest.mark.slow
def test_two_workers_never_run_the_same_delivery_at_once(start, world, file):
    world.happen_many(EVENTS, RECORDS)
    workers = [start(lease=60), start(lease=60)]
    wait_for(lambda: all_ended(world))
    assert [ends_well(worker) for worker in workers] == [True, True]
    began = [words[3] for words in lines(file) if words[0] == "begin"]
    assert len(began) == len(set(began)) == EVENTS
    assert overlapping(file) == []
    assert out_of_order(file) == []


@pytest.mark.slow
def test_without_a_lease_two_workers_do_run_the_same_delivery(start, world, file):
    world.fan_out()
    world.happen_many(EVENTS, RECORDS)
    for _n in range(2):
        start("unleased")
    wait_for(lambda: all_ended(world))
    began = [words[3] for words in lines(file) if words[0] == "begin"]
    assert len(began) > len(set(began))


@pytest.mark.slow
def test_a_worker_that_is_asked_to_stop_ends_what_it_has_in_hand(start, world, file):
    world.happen_many(EVENTS, RECORDS)
    process = start()
    wait_for(lambda: ended(file) > 5)
    assert ends_well(process)
    begun = {words[3] for words in lines(file) if words[0] == "begin"}
    assert ended(file) == len(begun) == world.states().count("done") < EVENTS
    assert "leased" not in world.states()
