from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tenon.errors import NotFoundError
from tenon.exchange.models import jobs
from tenon.plugin.contributions import Job


class Work:
    """A job that keeps what it was given and fails when it is asked to."""

    def __init__(self, **options: Any) -> None:
        self.given: list[dict[str, Any]] = []
        self.fails = False
        self.contribution = ("demo", Job("work", self.run, **options))

    def run(self, payload: dict[str, Any], _tenon: Any) -> None:
        self.given.append(payload)
        if self.fails:
            raise ValueError("no")


def enqueue(world: Any, key: str = "demo.work", **options: Any) -> Any:
    with world.working() as work:
        return world.exchange.enqueue(work, key, {"n": 1}, **options)


def state(world: Any, job_id: Any) -> tuple[str, int]:
    with world.storage.reading() as connection:
        row = connection.execute(sa.select(jobs).where(jobs.c.id == job_id)).one()
    return row.state, row.attempts


def test_a_job_runs_once_with_its_payload(make_world):
    job = Work()
    world = make_world(jobs=[job.contribution])
    job_id = enqueue(world)
    world.run()
    world.run()
    assert job.given == [{"n": 1}]
    assert state(world, job_id) == ("done", 1)


def test_a_job_is_queued_with_the_transaction_or_not_at_all(make_world):
    job = Work()
    world = make_world(jobs=[job.contribution])

    def fail_after_queueing() -> None:
        with world.working() as work:
            world.exchange.enqueue(work, "demo.work", {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_queueing()
    world.run()
    assert job.given == []


def test_a_job_can_wait_until_a_moment(make_world):
    job = Work()
    world = make_world(jobs=[job.contribution])
    enqueue(world, due_at=world.clock.now() + timedelta(hours=1))
    world.run()
    assert job.given == []
    world.clock.advance(hours=1)
    world.run()
    assert len(job.given) == 1


def test_the_same_work_is_not_queued_twice_while_it_waits(make_world):
    job = Work()
    world = make_world(jobs=[job.contribution])
    assert enqueue(world, unique="account 1")
    assert enqueue(world, unique="account 1") is None
    assert enqueue(world, unique="account 2")
    world.run()
    assert len(job.given) == 2
    assert enqueue(world, unique="account 1")
    world.run()
    assert len(job.given) == 3


def test_work_that_came_up_while_the_job_ran_is_queued(make_world):
    again: list[Any] = []

    def run(_payload: dict[str, Any], tenon: Any) -> None:
        if not again:
            again.append(enqueue(tenon, unique="one"))

    world = make_world(jobs=[("demo", Job("work", run))])
    enqueue(world, unique="one")
    world.run()
    assert state(world, again[0]) == ("done", 1)


def test_a_failing_job_is_tried_again_and_then_dead_and_can_be_replayed(make_world):
    job = Work(max_attempts=3)
    job.fails = True
    world = make_world(jobs=[job.contribution])
    job_id = enqueue(world)
    for _n in range(5):
        world.run()
        world.clock.advance(hours=1)
    assert state(world, job_id) == ("dead", 3)
    job.fails = False
    world.exchange.operations.replay_job(job_id)
    world.run()
    assert state(world, job_id) == ("done", 1)


def test_a_job_is_known_by_its_short_key_where_that_is_clear(make_world):
    job = Work()
    world = make_world(
        jobs=[job.contribution, ("other", Job("twin", job.run)), ("demo", Job("twin", job.run))]
    )
    assert enqueue(world, "work")
    with pytest.raises(NotFoundError, match="Several plugins"):
        enqueue(world, "twin")
    with pytest.raises(NotFoundError, match=r"did you mean 'demo\.work'"):
        enqueue(world, "demo.wrk")


def test_what_a_crashed_worker_was_running_runs_again(make_world):
    job = Work()
    world = make_world(jobs=[job.contribution])
    job_id = enqueue(world)
    with world.storage.writing() as connection:
        lost = {"state": "leased", "leased_by": "gone:1", "lease_until": world.clock.now(), "attempts": 1}
        connection.execute(sa.update(jobs).values(lost))
    world.run()
    assert state(world, job_id) == ("done", 2)


def test_a_job_by_the_clock_runs_once_a_period(make_world):
    job = Work(every=timedelta(hours=1))
    world = make_world(jobs=[job.contribution])
    for minute in range(0, 181, 10):
        world.run()
        assert len(job.given) == minute // 60 + 1
        world.clock.advance(minutes=10)


def test_missed_periods_become_one_run_and_the_rhythm_is_kept(make_world):
    job = Work(every=timedelta(hours=1))
    world = make_world(jobs=[job.contribution])
    world.run()
    world.clock.advance(hours=7, minutes=30)
    world.run()
    assert len(job.given) == 2
    world.clock.advance(minutes=29)
    world.run()
    assert len(job.given) == 2
    world.clock.advance(minutes=1)
    world.run()
    assert len(job.given) == 3


def test_two_processes_run_a_period_once(make_world):
    job = Work(every=timedelta(hours=1))
    one = make_world(jobs=[job.contribution])
    other = make_world(jobs=[job.contribution], clock=one.clock)
    for _n in range(5):
        one.run()
        other.run()
        one.clock.advance(hours=1)
    assert len(job.given) == 5


def test_a_period_does_not_start_while_the_last_one_is_being_tried_again(make_world):
    job = Work(every=timedelta(seconds=1), max_attempts=3)
    job.fails = True
    world = make_world(jobs=[job.contribution])
    for _n in range(50):
        world.run()
        world.clock.advance(seconds=1)
    with world.storage.reading() as connection:
        waiting = sa.select(sa.func.count()).where(jobs.c.state == "new", jobs.c.key == "demo.work")
        assert connection.scalar(waiting) <= 1


def test_a_period_that_was_shortened_is_not_waited_out(make_world):
    slow, quick = Work(every=timedelta(days=30)), Work(every=timedelta(hours=1))
    first = make_world(jobs=[slow.contribution])
    first.run()
    second = make_world(jobs=[quick.contribution], clock=first.clock)
    second.run()
    first.clock.advance(hours=1)
    second.run()
    assert len(quick.given) == 1


def test_jobs_of_a_plugin_that_is_switched_off_wait(make_world):
    job = Work()
    world = make_world(jobs=[job.contribution])
    enqueue(world)
    make_world(clock=world.clock).run()
    assert job.given == []
    world.run()
    assert len(job.given) == 1
