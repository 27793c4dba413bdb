from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

from tenon.clock import SystemClock
from tenon.exchange import Event
from tenon.messages import _
from tenon.plugin.contributions import Integration, Job, Subscriber
from tests.exchange.world import Told, World

LEASE = timedelta(seconds=1)


def soon(true: Any, seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.005)
    return bool(true())


def test_a_worker_in_the_same_process_delivers_within_moments(make_world):
    told = Told()
    world: World = make_world(subscribers=[told.contribution], clock=SystemClock())
    worker = world.exchange.worker().start()
    try:
        time.sleep(1.2)  # so that it has gone over to polling slowly
        waits = []
        for number in range(5):
            begun = time.monotonic()
            world.happen(number)
            assert soon(lambda number=number: len(told.events) > number)
            waits.append(time.monotonic() - begun)
            time.sleep(0.3)
    finally:
        assert worker.stop()
    assert sorted(waits)[2] < 0.3


def test_a_slow_system_elsewhere_holds_up_no_subscriber(make_world):
    told, release = Told(), threading.Event()

    def hang(_event: Event, _tenon: Any) -> None:
        release.wait(10)

    slow = ("demo", Integration("slow", _("Slow"), ("*",), hang))
    world = make_world(subscribers=[told.contribution], integrations=[slow], clock=SystemClock())
    worker = world.exchange.worker().start()
    try:
        world.happen_many(20, records=20)
        assert soon(lambda: len(told.events) == 20)
        assert "done" not in [d.state for d in world.exchange.operations.list(target="integration:demo.slow")]
    finally:
        release.set()
        assert worker.stop()


def test_a_worker_outlives_a_database_that_goes_away(make_world, monkeypatch):
    told = Told()
    world = make_world(subscribers=[told.contribution], clock=SystemClock())
    targets = world.exchange.targets
    away = threading.Event()

    def failing() -> Any:
        if away.is_set():
            raise ConnectionError("the database is away")
        return targets()

    monkeypatch.setattr(world.exchange, "targets", failing)
    away.set()
    worker = world.exchange.worker(threads=1).start()
    try:
        world.happen()
        time.sleep(0.3)
        assert told.events == []
        away.clear()
        assert soon(lambda: len(told.events) == 1)
    finally:
        assert worker.stop()


def test_a_subscriber_that_calls_exit_does_not_end_the_worker(make_world):
    told = Told()

    def leave(_event: Event, _tenon: Any) -> None:
        raise SystemExit(1)

    world = make_world(
        subscribers=[("demo", Subscriber("leave", ("*",), leave)), told.contribution], clock=SystemClock()
    )
    worker = world.exchange.worker(threads=1).start()
    try:
        world.happen_many(3, records=3)
        assert soon(lambda: len(told.events) == 3)
    finally:
        assert worker.stop()


def test_work_that_outlasts_its_lease_is_kept_by_a_worker_that_lives(make_world, monkeypatch):
    monkeypatch.setattr("tenon.exchange.worker.RENEW_EVERY", 0.1)
    monkeypatch.setattr("tenon.exchange.jobs.LEASE", LEASE)
    monkeypatch.setattr("tenon.exchange.leases.LEASE", LEASE)
    began: list[str] = []

    def slow(*_given: Any) -> None:
        began.append("x")
        time.sleep(2.5)

    world = make_world(
        jobs=[("demo", Job("slow", slow))],
        subscribers=[("demo", Subscriber("slow", ("*",), slow))],
        clock=SystemClock(),
    )
    world.happen()
    with world.working() as work:
        world.exchange.enqueue(work, "demo.slow", {})
    workers = [world.exchange.worker(threads=1).start() for _n in range(2)]
    try:
        assert soon(lambda: len(began) == 2)
        assert soon(lambda: world.states() == ["done"], 10)
    finally:
        assert [worker.stop() for worker in workers] == [True, True]
    assert len(began) == 2
