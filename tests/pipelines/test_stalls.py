"""Records that stand still: noticed once an episode, by the clock that is handed in."""

from __future__ import annotations

from datetime import date, timedelta

from tests.pipelines.world import World


def engaged(world: World):
    """A deal in a stage that stalls after thirty days."""
    return world.create(stage="engage")


def standing_still(world: World, *ids):
    with world.records.reading(world.admin) as work:
        return world.pipelines.stalls.stalled(work, "deal", ids)


def test_a_record_is_noticed_when_its_stage_has_lasted_too_long(world):
    id_ = engaged(world)
    entered = world.clock.now()
    world.clock.advance(days=29, hours=23)
    assert world.pipelines.notice_stalls() == 0
    world.clock.advance(hours=1)
    assert world.pipelines.notice_stalls() == 1
    assert world.named("stage.stalled") == [(id_, {"pipeline": "sales", "stage": "engage", "since": entered})]
    assert standing_still(world, id_) == {id_}


def test_an_episode_is_noticed_once_however_often_the_job_runs(world):
    engaged(world)
    world.clock.advance(days=31)
    found = []
    for _hour in range(48):
        found.append(world.pipelines.notice_stalls())
        world.clock.advance(hours=1)
    assert sum(found) == 1


def test_an_activity_ends_the_episode_and_begins_another(world):
    id_ = engaged(world)
    world.clock.advance(days=31)
    assert world.pipelines.notice_stalls() == 1
    world.activity[id_] = world.clock.now()
    world.clock.advance(days=29)
    assert world.pipelines.notice_stalls() == 0
    assert standing_still(world, id_) == set()
    world.clock.advance(days=1)
    assert world.pipelines.notice_stalls() == 1
    assert world.pipelines.notice_stalls() == 0


def test_an_activity_before_the_limit_puts_it_off(world):
    id_ = engaged(world)
    world.clock.advance(days=20)
    world.activity[id_] = world.clock.now()
    world.clock.advance(days=20)
    assert world.pipelines.notice_stalls() == 0
    world.clock.advance(days=10)
    assert world.pipelines.notice_stalls() == 1


def test_a_move_ends_the_episode(world):
    id_ = engaged(world)
    world.clock.advance(days=31)
    world.pipelines.notice_stalls()
    world.move(id_, "offer", values={"close_date": date(2026, 9, 1)})
    assert standing_still(world, id_) == set()
    world.move(id_, "engage")
    world.clock.advance(days=31)
    assert world.pipelines.notice_stalls() == 1


def test_stages_without_a_rule_and_archived_records_never_stall(world):
    world.create(stage="prospect")
    gone = engaged(world)
    with world.records.writing(world.admin) as work:
        work.archive("deal", gone)
    world.clock.advance(days=400)
    assert world.pipelines.notice_stalls() == 0


def test_each_stage_has_its_own_limit_and_the_customer_sets_it(make_world):
    world = make_world(customer={"sales": {"stages": {"prospect": {"stall_days": 2}}}})
    world.create()
    engaged(world)
    world.clock.advance(days=3)
    assert world.pipelines.notice_stalls() == 1
    world.clock.advance(days=28)
    assert world.pipelines.notice_stalls() == 1


def test_more_records_than_a_chunk_are_all_noticed(world, monkeypatch):
    monkeypatch.setattr("tenon.pipelines.stalls.CHUNK", 7)
    with world.records.writing(world.admin) as work:
        work.bulk_create("deal", [{"name": f"Deal {n}", "stage": "engage"} for n in range(30)])
    world.clock.advance(days=31)
    assert world.pipelines.notice_stalls() == 30
    assert world.pipelines.notice_stalls() == 0


def test_the_jobs_of_the_worker_do_this_and_chase_approvals(world):
    engaged(world)
    world.clock.advance(days=31)
    jobs = {job.key: job for job in world.pipelines.jobs()}
    assert {job.every for job in jobs.values()} == {timedelta(hours=1)}
    for job in jobs.values():
        job.run({}, None)
    assert len(world.named("stage.stalled")) == 1
