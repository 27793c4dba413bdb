"""The static check of a definition."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenon.messages import _
from tenon.pipelines import Surroundings, check_pipeline, compile_pipelines
from tenon.plugin.contributions import (
    AddTransition,
    Approval,
    ApprovalStep,
    Condition,
    DisableStage,
    Guard,
    InsertStage,
    Pipeline,
    PipelinePatch,
    Stage,
    Stall,
    Transition,
)
from tests.pipelines.sales import BIG, FREE, LINE, STAGES, strict

FIELDS = {"deal": {"amount", "close_date", "owner_id", "name"}}
AROUND = Surroundings(fields=FIELDS.get, checks={"b2b.budget"}, count=lambda entity, pipeline, stage: 3)


def check(pipeline, *changes, around=AROUND):
    patches = [("law", PipelinePatch(pipeline.key, changes))]
    definitions = compile_pipelines([("b2b", pipeline)], patches)
    assert definitions.findings == ()
    return check_pipeline(definitions.pipelines[pipeline.key], around)


def codes(findings):
    return [finding.code for finding in findings]


def guarded(**guard):
    middle = Stage("x", _("X"), entry=Guard(**guard))
    return Pipeline("sales", "deal", _("Sales"), (*STAGES[:1], middle, *STAGES[3:]))


def approved(*steps, **approval):
    way = Transition("*", "won", approvals=(Approval("a", _("A"), steps, **approval),))
    return check(FREE, AddTransition(way))


@pytest.mark.parametrize("pipeline", [FREE, strict(*LINE)])
def test_a_sound_pipeline_has_no_findings(pipeline):
    assert check(pipeline, AddTransition(Transition("offer", "won", approvals=(BIG,)))) == []


def test_a_stage_nobody_can_reach_is_dead():
    legal = InsertStage(Stage("legal", _("Legal")), after="offer")
    findings = check(strict(*LINE), legal)
    assert codes(findings) == ["dead-stage"]
    assert "'legal' cannot be reached from 'prospect'" in findings[0].detail
    assert findings[0].origin.source == "law"


def test_an_open_stage_without_a_way_to_the_end_is_found():
    moves = (("prospect", "engage"), ("prospect", "won"), ("prospect", "lost"), ("prospect", "offer"))
    found = [(f.code, f.detail) for f in check(strict(*moves))]
    assert [code for code, _detail in found] == ["unreachable-end", "unreachable-end"]
    assert "'engage'" in found[0][1]
    assert "'offer'" in found[1][1]


@pytest.mark.parametrize("status", ["open", "won", "lost"])
def test_every_status_needs_a_stage(status):
    stages = tuple(stage for stage in STAGES if stage.status != status)
    assert f"no-{status}-stage" in codes(check(Pipeline("sales", "deal", _("Sales"), stages)))


def test_a_pipeline_without_stages_is_found():
    empty = check(Pipeline("sales", "deal", _("Sales"), ()))
    assert codes(empty) == ["no-open-stage", "no-won-stage", "no-lost-stage"]


def test_stages_say_what_they_are():
    odd = (
        Stage("Big Deal", _("A")),
        Stage("much", _("B"), probability=101),
        Stage("odd", _("C"), status="paused"),
        Stage("still", _("D"), stall=Stall(timedelta(0))),
    )
    findings = check(Pipeline("sales", "deal", _("Sales"), (*odd, *STAGES)))
    assert codes(findings) == ["key", "probability", "status", "stall"]


def test_the_first_stage_is_open():
    findings = check(Pipeline("sales", "deal", _("Sales"), (STAGES[3], STAGES[0], STAGES[4])))
    assert "first-stage" in codes(findings)


def test_transitions_name_stages_that_are_there():
    findings = check(strict(*LINE, ("offer", "signed"), ("nowhere", "won"), ("offer", "offer")))
    assert codes(findings) == ["unknown-stage", "unknown-stage", "transition"]
    assert "offer to signed: no stage 'signed'; there are prospect" in findings[0].detail


def test_guards_name_fields_operators_and_checks_that_are_there():
    findings = check(
        guarded(
            requires=("budgett", "amount", "custom.anything"),
            conditions=(Condition("close_dat", "eq", 1), Condition("amount", "like", 1)),
            checks=("b2b.budget", "b2b.nothing"),
        )
    )
    assert codes(findings) == ["unknown-field", "unknown-field", "unknown-operator", "unknown-check"]
    assert "entry of 'x': there is no field 'budgett'" in findings[0].detail


def test_a_pipeline_of_an_unknown_entity_is_found():
    assert codes(check(Pipeline("sales", "dael", _("Sales"), STAGES))) == ["unknown-entity"]


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (ApprovalStep(()), "approval-impossible"),
        (ApprovalStep(("manager",), quorum=0), "approval-impossible"),
        (ApprovalStep(("manager", "user:a@b.example"), quorum=3), "approval-impossible"),
        (ApprovalStep(("manager", "manager"), quorum=2), "approval-impossible"),
        (ApprovalStep(("boss",)), "unknown-approver"),
        (ApprovalStep(("manager",), escalate_to=("ceo",)), "unknown-approver"),
        (ApprovalStep(("field:sponsor_id",)), "unknown-field"),
    ],
)
def test_an_approval_that_can_never_be_met_is_found(step, code):
    assert codes(approved(step)) == [code]


def test_a_team_may_be_large_enough_for_any_quorum():
    assert approved(ApprovalStep(("team:Board",), quorum=5)) == []


def test_an_approval_without_steps_and_one_on_an_unknown_field_are_found():
    assert codes(approved(when=Condition("amuont", "gt", 1))) == ["approval-impossible", "unknown-field"]


def test_the_same_approval_twice_in_a_transition_is_found():
    way = Transition("*", "won", approvals=(BIG, BIG))
    assert codes(check(FREE, AddTransition(way))) == ["duplicate-approval"]


def test_a_disabled_stage_that_holds_records_needs_a_place_for_them():
    findings = check(FREE, DisableStage("engage"))
    assert codes(findings) == ["stage-holds-records"]
    assert "holds 3 records: say move_to" in findings[0].detail
    assert check(FREE, DisableStage("engage", move_to="offer")) == []
    assert check(FREE, DisableStage("engage"), around=Surroundings(count=lambda *_: 0)) == []


def test_without_surroundings_only_the_definition_itself_is_checked():
    assert check(guarded(requires=("budgett",), checks=("x",)), around=Surroundings()) == []


KEYS = ["a", "b", "c", "d", "e", "f"]


@st.composite
def pipelines(draw):
    """Any pipeline: some stages of any status, some moves between them, or none declared."""
    keys = draw(st.permutations(KEYS))[: draw(st.integers(1, len(KEYS)))]
    statuses = st.sampled_from(["open", "open", "won", "lost"])
    stages = tuple(Stage(key, _("Stage"), draw(statuses)) for key in keys)
    pairs = st.tuples(st.sampled_from(["*", *keys]), st.sampled_from(keys)).filter(lambda p: p[0] != p[1])
    moves = draw(st.lists(pairs, max_size=9, unique=True)) if len(keys) > 1 else []
    return Pipeline("sales", "deal", _("Sales"), stages, tuple(Transition(s, t) for s, t in moves))


def paths_by_brute_force(pipeline):
    """Which stage can be reached from which: Warshall's closure over the written-out moves."""
    status = {stage.key: stage.status for stage in pipeline.stages}
    if pipeline.transitions:
        moves = {
            (source, move.target)
            for move in pipeline.transitions
            for source in status
            if source == move.source or (move.source == "*" and status[source] == "open")
        }
    else:
        moves = {(s, t) for s in status for t in status if status[s] == "open" or status[t] == "open"}
    for middle in status:
        for s in status:
            for t in status:
                if (s, middle) in moves and (middle, t) in moves:
                    moves.add((s, t))
    return moves


@given(pipelines())
def test_dead_stages_and_unreachable_ends_are_those_a_brute_force_search_finds(pipeline):
    paths = paths_by_brute_force(pipeline)
    first = pipeline.stages[0].key
    closed = [stage.key for stage in pipeline.stages if stage.status != "open"]
    dead = {s.key for s in pipeline.stages if s.key != first and (first, s.key) not in paths}
    opened = [stage.key for stage in pipeline.stages if stage.status == "open"]
    endless = {key for key in opened if not any((key, end) in paths for end in closed)}
    findings = check(pipeline, around=Surroundings())
    assert named(findings, "dead-stage") == dead
    assert named(findings, "unreachable-end") == endless


def named(findings, code):
    return {finding.detail.split("'")[1] for finding in findings if finding.code == code}
