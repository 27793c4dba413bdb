"""The static check of pipelines: what can never work, said before anybody meets it.

Pure: it needs no database. What only the deployment knows (an entity's fields,
the plugins' checks, how many records stand in a stage) is asked through
callbacks, and left out where a callback is not given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from ..plugin.contributions import Approval, ApprovalStep, Condition, Guard
from .compiled import ANY_OPEN, CompiledPipeline, CompiledStage, Origin, Rule
from .conditions import OPERATORS
from .definition import Definitions
from .findings import Finding

KEY = re.compile(r"[a-z][a-z0-9_-]{0,59}")
STATUSES = ("open", "won", "lost")
APPROVER = re.compile(r"(user|team|role|field):.+|owner|manager(\+[0-9]+)?")


@dataclass(frozen=True)
class Surroundings:
    """What a deployment knows about its pipelines' neighbours.

    ``fields(entity)`` gives the field paths of an entity, ``None`` for one that does
    not exist. ``checks`` are the names of guard checks. ``count(entity,
    pipeline, stage)`` says how many records stand in a stage.
    """

    fields: Callable[[str], Collection[str] | None] | None = None
    checks: Collection[str] | None = None
    count: Callable[[str, str, str], int] | None = None


def check_pipeline(pipeline: CompiledPipeline, around: Surroundings = Surroundings()) -> list[Finding]:
    """Everything wrong with one pipeline, in the order a reader would meet it."""
    found = [
        *_stages(pipeline),
        *_transitions(pipeline),
        *_reach(pipeline),
        *_guards(pipeline, around),
        *_approvals(pipeline, around),
        *_retired(pipeline, around),
    ]
    return [Finding(code, f"{said.place}: {detail}", pipeline.key, said) for code, detail, said in found]


def check_all(definitions: Definitions, around: Surroundings = Surroundings()) -> list[Finding]:
    """Everything wrong with the pipelines of a deployment: what compiling them found, and the check."""
    checked = (check_pipeline(pipeline, around) for pipeline in definitions.pipelines.values())
    return [*definitions.findings, *(finding for found in checked for finding in found)]


Found = Iterator[tuple[str, str, Origin]]


def _stages(pipeline: CompiledPipeline) -> Found:
    if not KEY.fullmatch(pipeline.key):
        yield "key", f"{pipeline.key!r} is not a key: {_key_rule()}", pipeline.origin
    for stage in pipeline.stages.values():
        yield from _stage(stage)
    statuses = {stage.status for stage in pipeline.stages.values()}
    for status in STATUSES:
        if status not in statuses:
            yield f"no-{status}-stage", f"no stage has the status {status!r}", pipeline.origin
    if pipeline.stages and not pipeline.first.is_open:
        yield "first-stage", f"the first stage, {pipeline.first.key!r}, is not open", pipeline.first.origin


def _stage(stage: CompiledStage) -> Found:
    if not KEY.fullmatch(stage.key):
        yield "key", f"stage {stage.key!r} is not a key: {_key_rule()}", stage.origin
    if stage.status not in STATUSES:
        detail = f"stage {stage.key!r} has the status {stage.status!r}; use open, won or lost"
        yield "status", detail, stage.origin
    if not 0 <= stage.probability <= 100:
        detail = f"stage {stage.key!r} has a probability of {stage.probability}; use 0 to 100"
        yield "probability", detail, stage.origin
    if stage.stall is not None and stage.stall.after.total_seconds() <= 0:
        yield "stall", f"stage {stage.key!r} stalls after no time at all", stage.origin


def _key_rule() -> str:
    return "a small letter, then small letters, digits, - and _, 60 at most"


def _transitions(pipeline: CompiledPipeline) -> Found:
    for transition in pipeline.transitions:
        sources = () if transition.source == ANY_OPEN else (transition.source,)
        for key in (*sources, transition.target):
            if key not in pipeline.stages:
                known = ", ".join(pipeline.stages)
                name = f"{transition.source} to {transition.target}"
                detail = f"transition {name}: no stage {key!r}; there are {known}"
                yield "unknown-stage", detail, transition.origin
        if transition.source == transition.target:
            yield "transition", f"a transition from {transition.source!r} to itself", transition.origin


def _reach(pipeline: CompiledPipeline) -> Found:
    if not pipeline.stages:
        return
    reached = reachable(pipeline, pipeline.first.key)
    for stage in pipeline.stages.values():
        if stage.key not in reached:
            detail = f"stage {stage.key!r} cannot be reached from {pipeline.first.key!r}: add a transition"
            yield "dead-stage", detail, stage.origin
        if stage.is_open and all(pipeline.stages[key].is_open for key in reachable(pipeline, stage.key)):
            detail = f"from stage {stage.key!r} no won or lost stage can be reached: add a transition"
            yield "unreachable-end", detail, stage.origin


def reachable(pipeline: CompiledPipeline, start: str) -> set[str]:
    """The stages that can be reached from ``start`` by allowed moves, itself among them."""
    found, todo = {start}, [start]
    while todo:
        source = todo.pop()
        for stage in pipeline.targets(source):
            if stage.key not in found:
                found.add(stage.key)
                todo.append(stage.key)
    return found


def _rules(pipeline: CompiledPipeline) -> Iterator[tuple[str, Rule]]:
    for stage in pipeline.stages.values():
        yield from ((f"entry of {stage.key!r}", rule) for rule in stage.entry)
        yield from ((f"exit of {stage.key!r}", rule) for rule in stage.exit)
    for transition in pipeline.transitions:
        yield f"transition {transition.source} to {transition.target}", transition.rule


def _guards(pipeline: CompiledPipeline, around: Surroundings) -> Found:
    fields = around.fields(pipeline.entity) if around.fields else None
    if around.fields and fields is None:
        yield "unknown-entity", f"there is no entity {pipeline.entity!r}", pipeline.origin
    for place, rule in _rules(pipeline):
        for code, detail in _guard(rule.guard, fields, around.checks):
            yield code, f"{place}: {detail}", rule.origin


def _guard(
    guard: Guard, fields: Collection[str] | None, checks: Collection[str] | None
) -> Iterator[tuple[str, str]]:
    for path in guard.requires:
        yield from _field(path, fields)
    for condition in guard.conditions:
        yield from _condition(condition, fields)
    for name in guard.checks:
        if checks is not None and name not in checks:
            yield "unknown-check", f"no plugin gives a guard check {name!r}"


def _condition(condition: Condition, fields: Collection[str] | None) -> Iterator[tuple[str, str]]:
    yield from _field(condition.field, fields)
    if condition.op not in OPERATORS:
        yield "unknown-operator", f"{condition.op!r} is no operator; use {', '.join(sorted(OPERATORS))}"


def _field(path: str, fields: Collection[str] | None) -> Iterator[tuple[str, str]]:
    # A customer's own fields come and go at run time; an absent one holds no value.
    if fields is not None and path not in fields and not path.startswith("custom."):
        yield "unknown-field", f"there is no field {path!r}"


def _approvals(pipeline: CompiledPipeline, around: Surroundings) -> Found:
    fields = around.fields(pipeline.entity) if around.fields else None
    for transition in pipeline.transitions:
        keys = [approval.key for approval in transition.approvals]
        for key in sorted({key for key in keys if keys.count(key) > 1}):
            yield "duplicate-approval", f"approval {key!r} is asked for twice", transition.origin
        for approval in transition.approvals:
            for code, detail in _approval(approval, fields):
                yield code, f"approval {approval.key!r}: {detail}", transition.origin


def _approval(approval: Approval, fields: Collection[str] | None) -> Iterator[tuple[str, str]]:
    if not approval.steps:
        yield "approval-impossible", "it has no steps"
    if approval.when is not None:
        yield from _condition(approval.when, fields)
    for number, step in enumerate(approval.steps, 1):
        for code, detail in _step(step, fields):
            yield code, f"step {number}: {detail}"


def _step(step: ApprovalStep, fields: Collection[str] | None) -> Iterator[tuple[str, str]]:
    if not step.approvers:
        yield "approval-impossible", "nobody is asked"
    for ref in (*step.approvers, *step.escalate_to):
        if not APPROVER.fullmatch(ref):
            refs = "user:, team:, role:, field:, owner or manager"
            yield "unknown-approver", f"{ref!r} names nobody; use {refs}"
        elif ref.startswith("field:"):
            yield from _field(ref.removeprefix("field:"), fields)
    if step.quorum is not None and step.quorum < 1:
        yield "approval-impossible", f"a quorum of {step.quorum} is no vote at all"
    most = _most_voters(step.approvers)
    if step.quorum is not None and most is not None and step.approvers and step.quorum > most:
        yield "approval-impossible", f"{step.quorum} votes are needed and {most} can be cast"


def _most_voters(approvers: Iterable[str]) -> int | None:
    """How many people these refs can name at most; ``None`` where a team or role has no limit."""
    distinct = set(approvers)
    if any(ref.startswith(("team:", "role:")) for ref in distinct):
        return None
    return len(distinct)


def _retired(pipeline: CompiledPipeline, around: Surroundings) -> Found:
    for key in pipeline.retired:
        if around.count is None or pipeline.settled(key) is not None:
            continue
        held = around.count(pipeline.entity, pipeline.key, key)
        if held:
            detail = f"stage {key!r} is disabled but holds {held} records: say move_to"
            yield "stage-holds-records", detail, pipeline.origin
