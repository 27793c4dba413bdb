"""Moves at the one write path: what they fill in, and every reason against them at once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tenon.errors import ForbiddenError, GuardError, InvalidError
from tenon.messages import _
from tenon.plugin.contributions import (
    AddGuard,
    AddTransition,
    Condition,
    Denial,
    DisableStage,
    Guard,
    GuardCheck,
    Pipeline,
    PipelinePatch,
    Stage,
    Transition,
)
from tests.pipelines.sales import FREE, LINE, STAGES, strict
from tests.pipelines.world import reasons

DAY = date(2026, 3, 1)
RENEWALS = Pipeline(
    "renewals",
    "deal",
    _("Renewals"),
    (Stage("due", _("Due")), Stage("offer", _("Offer"), entry=Guard(requires=("next_step",))), *STAGES[3:]),
)


def patched(*changes):
    return [PipelinePatch("sales", changes)]


def test_a_new_record_enters_the_default_pipeline_at_its_first_stage(make_world):
    world = make_world(pipelines=[RENEWALS, FREE])
    deal = world.deal(world.create())
    assert (deal["pipeline"], deal["stage"], deal["stage_status"]) == ("sales", "prospect", "open")
    assert deal["stage_since"] == deal["created_at"] == world.clock.now()


def test_a_new_record_may_name_pipeline_and_stage_and_meets_their_guards(world):
    with pytest.raises(GuardError) as error:
        world.create(stage="offer")
    assert reasons(error.value) == [("/close_date", "required")]
    assert world.deal(world.create(stage="offer", close_date=DAY))["stage"] == "offer"


@pytest.mark.parametrize(
    ("values", "pointer", "code"),
    [
        ({"stage": "ofer"}, "/stage", "unknown-stage"),
        ({"pipeline": "sails"}, "/pipeline", "unknown-pipeline"),
    ],
)
def test_an_unknown_stage_or_pipeline_is_named_with_those_that_are_there(world, values, pointer, code):
    with pytest.raises(InvalidError) as error:
        world.create(**values)
    assert reasons(error.value) == [(pointer, code)]
    assert "there are: " in error.value.problems[0].detail
    with pytest.raises(InvalidError):
        world.update(world.create(), **values)


def test_a_move_sets_status_and_moment(world):
    id_ = world.create(amount=10)
    world.clock.advance(days=3)
    outcome = world.move(id_, "won")
    assert outcome.moved
    deal = outcome.record
    assert (deal["stage"], deal["stage_status"]) == ("won", "won")
    assert deal["stage_since"] == world.clock.now()
    assert world.named("stage.changed") == [
        (id_, {"pipeline": "sales", "from": "prospect", "to": "won", "status": "won"})
    ]


def test_status_and_moment_cannot_be_written_by_hand(world):
    with pytest.raises(InvalidError) as error:
        world.update(world.create(), stage_status="won")
    assert reasons(error.value) == [("/stage_status", "read-only")]


def test_all_reasons_come_at_once_from_every_guard_and_plugin(make_world):
    check = GuardCheck("b2b.budget", lambda record, move, work: [Denial("budget", "No budget", "amount")])
    world = make_world(
        checks=[check],
        patches=patched(
            AddGuard("prospect", exit=Guard(requires=("next_step",))),
            AddGuard(
                "won", entry=Guard(conditions=(Condition("amount", "gte", 100),), checks=("b2b.budget",))
            ),
            AddTransition(Transition("*", "won", guard=Guard(requires=("close_date", "amount")))),
        ),
    )
    id_ = world.create()
    with pytest.raises(GuardError) as error:
        world.move(id_, "won")
    assert reasons(error.value) == [
        ("/next_step", "required"),
        ("/close_date", "required"),
        ("/amount", "required"),
        ("/amount", "condition"),
        ("/amount", "budget"),
    ]
    first, last = error.value.problems[0], error.value.problems[-1]
    assert first.detail == "Next step is needed for Won"
    assert first.extra["origin"] == "law: patch of sales, change 1"
    assert last.extra["check"] == "b2b.budget"
    assert error.value.problems[3].detail == "Amount must be 100 or more"
    assert world.deal(id_)["stage"] == "prospect"


def test_guards_look_at_the_values_after_the_write(world):
    id_ = world.create()
    assert world.move(id_, "won", values={"amount": "12.50"}).record["stage"] == "won"
    other = world.create(close_date=DAY)
    with pytest.raises(GuardError):
        world.move(other, "offer", values={"close_date": None})


def test_a_guard_check_is_told_the_record_as_it_would_be_and_the_move(make_world):
    told = []

    def look(record, move, work):
        told.append((record.get("amount"), record["name"], move.source.key, move.target.key, move.entity))
        return ()

    world = make_world(
        checks=[GuardCheck("look", look)], patches=patched(AddGuard("won", Guard(checks=("look",))))
    )
    world.move(world.create(), "won", values={"amount": 5})
    assert told == [(5, "Acme", "prospect", "won", "deal")]


def test_a_guard_check_that_fails_or_is_absent_denies(make_world):
    def broken(record, move, work):
        raise RuntimeError("the plugin broke")

    world = make_world(
        checks=[GuardCheck("broken", broken)],
        patches=patched(
            AddGuard("engage", Guard(checks=("broken",))), AddGuard("lost", Guard(checks=("gone",)))
        ),
    )
    for stage in ("engage", "lost"):
        with pytest.raises(GuardError) as error:
            world.move(world.create(), stage)
        assert reasons(error.value) == [("", "guard-failed")]


def test_a_plain_update_a_bulk_update_and_an_import_meet_the_same_guard(world):
    id_ = world.create()
    with pytest.raises(GuardError) as by_update:
        world.update(id_, stage="offer")
    with world.records.writing(world.admin, via="bulk") as work:
        (by_bulk,) = work.bulk_update("deal", [(id_, {"stage": "offer"}, None)])
    with world.records.writing(world.admin, via="import") as work:
        (by_import,) = work.bulk_create("deal", [{"name": "New", "stage": "offer"}])
    with pytest.raises(GuardError) as by_move:
        world.move(id_, "offer")
    expected = reasons(by_move.value)
    assert [reasons(e) for e in (by_update.value, by_bulk, by_import)] == [expected] * 3


def test_only_declared_moves_are_possible_where_any_are_declared(make_world):
    world = make_world(pipelines=[strict(*LINE)])
    id_ = world.create()
    with pytest.raises(GuardError) as error:
        world.move(id_, "won")
    assert reasons(error.value) == [("/stage", "no-transition"), ("/amount", "required")]
    assert "it leads to: Engaging, Lost" in error.value.problems[0].detail
    assert world.move(id_, "engage").moved


def test_a_record_created_beyond_the_first_stage_meets_what_leads_there(make_world):
    world = make_world(
        patches=patched(AddTransition(Transition("*", "engage", guard=Guard(requires=("next_step",)))))
    )
    with pytest.raises(GuardError) as error:
        world.create(stage="engage")
    assert reasons(error.value) == [("/next_step", "required")]


def test_a_record_may_change_its_pipeline_and_meets_the_guards_of_the_new_one(make_world):
    world = make_world(pipelines=[FREE, RENEWALS])
    id_ = world.create(stage="offer", close_date=DAY)
    with pytest.raises(GuardError) as error:
        world.update(id_, pipeline="renewals")
    assert reasons(error.value) == [("/next_step", "required")]
    deal = world.update(id_, pipeline="renewals", next_step="call")
    assert (deal["pipeline"], deal["stage"]) == ("renewals", "offer")
    other = world.update(world.create(), pipeline="renewals")
    assert other["stage"] == "due"


# Overriding


def test_an_override_needs_a_reason_and_the_permission_and_is_recorded(world):
    ann = world.hire("Ann")
    id_ = world.create()
    with pytest.raises(GuardError) as error:
        world.move(id_, "offer", ann, override=True)
    assert reasons(error.value) == [("/close_date", "required"), ("/reason", "required")]
    world.rules.denied.add((ann.id, "override"))
    with pytest.raises(GuardError) as error:
        world.move(id_, "offer", ann, override=True, reason="promised")
    assert reasons(error.value) == [("/close_date", "required"), ("", "override-forbidden")]
    world.rules.denied.clear()
    assert world.move(id_, "offer", ann, override=True, reason="promised").moved
    last = world.history(id_)[-1]
    assert (last.overridden, last.reason, last.actor_id) == (True, "promised", ann.id)


def test_an_override_that_was_not_needed_is_not_recorded_as_one(world):
    id_ = world.create()
    world.move(id_, "engage", override=True, reason="to be sure")
    assert not world.history(id_)[-1].overridden


def test_an_override_does_not_reach_a_stage_that_is_not_there(world):
    with pytest.raises(InvalidError):
        world.move(world.create(), "nowhere", override=True, reason="why not")


# Permissions


def test_moving_needs_the_permission_to_move(world):
    ann = world.hire("Ann")
    id_ = world.create()
    world.rules.denied.add((ann.id, "transition"))
    with pytest.raises(ForbiddenError):
        world.update(id_, ann, stage="engage")
    world.update(id_, ann, name="Acme Ltd")
    moves = world.available(id_, ann)
    assert {(move.allowed, move.reasons[0].code) for move in moves} == {(False, "forbidden")}


def test_moving_is_limited_to_the_rows_that_the_policy_gives(world):
    ann = world.hire("Ann")
    mine, other = world.create(ann), world.create()
    world.rules.out_of_reach.add("transition")
    assert world.move(mine, "engage", ann).moved
    with pytest.raises(ForbiddenError):
        world.move(other, "engage", ann)


def test_guards_judge_by_fields_the_actor_may_not_see_and_do_not_tell_of_them(world):
    ann = world.hire("Ann")
    id_ = world.create(amount=10)
    empty = world.create()
    world.rules.hidden.add("amount")
    won = {move.stage.key: move for move in world.available(id_, ann)}["won"]
    assert won.allowed
    with pytest.raises(GuardError) as error:
        world.move(empty, "won", ann)
    assert reasons(error.value) == [("", "required")]
    assert "Amount" not in str(error.value)


# What is missing


def test_what_is_missing_for_each_next_stage_is_what_a_move_would_say(world):
    id_ = world.create()
    found = {move.stage.key: [(p.pointer, p.code) for p in move.reasons] for move in world.available(id_)}
    assert found == {
        "engage": [],
        "offer": [("/close_date", "required")],
        "won": [("/amount", "required")],
        "lost": [],
    }
    for stage, expected in found.items():
        if expected:
            with pytest.raises(GuardError) as error:
                world.move(id_, stage)
            assert reasons(error.value) == expected


def test_closed_records_can_be_reopened_but_not_closed_otherwise(world):
    id_ = world.create(amount=1, stage="won")
    assert [move.stage.key for move in world.available(id_)] == ["prospect", "engage", "offer"]


# Stages that were taken away


def test_a_stage_that_was_taken_away_hands_its_records_on(make_world):
    before = make_world()
    ids = [before.create(stage="engage") for _n in range(3)]
    world = make_world(patches=patched(DisableStage("engage", move_to="offer")))
    assert [move.stage.key for move in world.available(ids[0])] == ["prospect", "won", "lost"]
    with world.records.writing(world.admin) as work:
        assert world.pipelines.settle(work) == 3
        assert world.pipelines.settle(work) == 0
    assert {world.deal(id_)["stage"] for id_ in ids} == {"offer"}
    assert world.history(ids[0])[-1].reason == "stage engage was taken away"
    assert world.pipelines.count_in_stage("deal", "sales", "offer") == 3
    assert world.pipelines.stage("deal", "sales", "engage").key == "offer"


# Dates


def test_a_move_can_be_dated_between_the_last_one_and_now(world):
    id_ = world.create()
    since = world.clock.now()
    world.clock.advance(days=10)
    for wrong in (since - timedelta(days=1), world.clock.now() + timedelta(days=1)):
        with pytest.raises(InvalidError) as error:
            world.move(id_, "engage", at=wrong)
        assert reasons(error.value) == [("/at", "date")]
    world.move(id_, "engage", at=since + timedelta(days=4))
    assert world.deal(id_)["stage_since"] == since + timedelta(days=4)


@pytest.mark.parametrize(
    ("stays", "code"),
    [
        ([{"stage": "prospect", "at": "soon"}], "date"),
        ([{"stage": "prospect", "at": datetime(2030, 1, 1, tzinfo=UTC)}], "date"),
        ([{"stage": "engage", "at": "2017-02-01"}, {"stage": "lost", "at": "2017-01-01"}], "date"),
        ([{"stage": "engaged", "at": "2017-02-01"}], "unknown-stage"),
        ([{"stage": "engage", "at": "2017-02-01"}], "stage"),
    ],
)
def test_a_history_that_cannot_be_is_refused(world, stays, code):
    with pytest.raises(InvalidError) as error:
        world.create(stage="lost", note={"history": stays})
    assert code in [problem.code for problem in error.value.problems]
