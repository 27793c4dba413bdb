"""Pipelines, patches and guards that name what is not there.

Whether a pipeline makes sense as a whole (dead stages, unreachable ends) is for
``tenon.pipelines``; here every name it uses is looked up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..nearest import did_you_mean, listed
from . import contributions as c
from .check_entities import declared, known_entity
from .collecting import Given
from .report import Code, PluginProblem
from .sources import call_line
from .world import World


def check_pipelines(world: World) -> Iterator[PluginProblem]:
    """Entities, stages, checks and fields that pipelines and patches name."""
    stages: dict[str, list[str]] = {}
    for given, pipeline in world.all(c.Pipeline):
        yield from _pipeline(world, given, pipeline)
        stages.setdefault(pipeline.key, [stage.key for stage in pipeline.stages])
    yield from _defaults(world)
    for given, patch in world.all(c.PipelinePatch):
        yield from _patch(world, given, patch, stages)


def _pipeline(world: World, given: Given, pipeline: c.Pipeline) -> Iterator[PluginProblem]:
    yield from known_entity(world, given, pipeline.entity)
    owner = world.entities.get(pipeline.entity)
    if owner and owner.contribution.stages is None:
        yield given.problem(
            Code.UNKNOWN_TARGET,
            f"The pipeline {pipeline.key!r} is for the entity {pipeline.entity!r}, which has no stages",
            f"an entity with stages: {listed(n for n, g in world.entities.items() if g.contribution.stages)}",
            "Set `stages=StageTracking(…)` on the entity, or choose another entity.",
        )
    yield from _stages(given, pipeline)
    known = [stage.key for stage in pipeline.stages]
    for transition in pipeline.transitions:
        yield from _transition(world, given, pipeline, transition, known)
    for stage in pipeline.stages:
        for guard in (stage.entry, stage.exit):
            yield from _guard(world, given, pipeline, guard, f"stage {stage.key!r}")


def _stages(given: Given, pipeline: c.Pipeline) -> Iterator[PluginProblem]:
    if not pipeline.stages:
        yield given.problem(
            Code.WRONG_CONTRIBUTION,
            f"The pipeline {pipeline.key!r} has no stages",
            "at least one stage",
            "Give it stages.",
        )
    seen: set[str] = set()
    for stage in pipeline.stages:
        if stage.key in seen:
            yield given.problem(
                Code.CONTRIBUTION_COLLISION,
                f"The pipeline {pipeline.key!r} has two stages {stage.key!r}",
                "stage keys that differ",
                "Rename one of them.",
                where=_stage_line(given, stage.key),
            )
        seen.add(stage.key)


def _stage_line(given: Given, key: str) -> str:
    return call_line(given.candidate.location, "Stage", key) or given.line


def _transition(
    world: World, given: Given, pipeline: c.Pipeline, transition: c.Transition, known: list[str]
) -> Iterator[PluginProblem]:
    for end in (transition.source, transition.target):
        if end not in known and not (end == "*" and end is transition.source):
            yield _unknown_stage(given, pipeline.key, end, known, "A transition")
    name = f"transition {transition.source} → {transition.target}"
    yield from _guard(world, given, pipeline, transition.guard, name)
    for approval in transition.approvals:
        if approval.when:
            yield from _field(world, given, pipeline, approval.when.field, f"approval {approval.key!r}")


def _unknown_stage(given: Given, pipeline: str, stage: str, known: list[str], what: str) -> PluginProblem:
    return given.problem(
        Code.UNKNOWN_TARGET,
        f"{what} names the stage {stage!r}, which the pipeline {pipeline!r} lacks"
        f"{did_you_mean(stage, known)}",
        f"one of {', '.join(known)}",
        "Correct the stage's key.",
    )


def _guard(
    world: World, given: Given, pipeline: c.Pipeline, guard: c.Guard, name: str
) -> Iterator[PluginProblem]:
    for path in (*guard.requires, *(condition.field for condition in guard.conditions)):
        yield from _field(world, given, pipeline, path, f"guard of {name}")
    for check in guard.checks:
        if check not in world.checks:
            yield given.problem(
                Code.UNKNOWN_TARGET,
                f"The guard of {name} in {pipeline.key!r} asks for the check {check!r}, "
                "which no plugin contributes"
                f"{did_you_mean(check, world.checks)}",
                f"one of {listed(world.checks)}",
                "Correct the key, or give the check from the hook guard_checks.",
            )
        else:
            yield from declared(world, given, world.checks[check], f"the check {check!r}")


def _field(world: World, given: Given, pipeline: c.Pipeline, path: str, name: str) -> Iterator[PluginProblem]:
    if pipeline.entity not in world.entities or path.startswith("custom."):
        return
    known = world.fields(pipeline.entity)
    if path not in known:
        yield given.problem(
            Code.UNKNOWN_TARGET,
            f"The {name} in {pipeline.key!r} names the field {path!r}, which {pipeline.entity!r} lacks"
            f"{did_you_mean(path, known)}",
            f"one of {listed(known, 30)}",
            "Correct the field path.",
        )


def _defaults(world: World) -> Iterator[PluginProblem]:
    first: dict[str, Given] = {}
    for given, pipeline in world.all(c.Pipeline):
        if not pipeline.default:
            continue
        owner = first.setdefault(pipeline.entity, given)
        if owner is not given and _overlap(owner.contribution.modes, pipeline.modes):
            yield given.problem(
                Code.CONTRIBUTION_COLLISION,
                f"{pipeline.key!r} and {owner.key!r} are both the default pipeline of {pipeline.entity!r}",
                "one default in each mode",
                "Take default=True from one of them, or give them different modes.",
            )


def _overlap(one: frozenset[str], other: frozenset[str]) -> bool:
    return not one or not other or bool(one & other)


def _patch(
    world: World, given: Given, patch: c.PipelinePatch, stages: dict[str, list[str]]
) -> Iterator[PluginProblem]:
    owner = world.pipelines.get(patch.pipeline)
    if owner is None:
        yield given.problem(
            Code.UNKNOWN_TARGET,
            f"The patch is for the pipeline {patch.pipeline!r}, which no plugin contributes"
            f"{did_you_mean(patch.pipeline, world.pipelines)}",
            f"one of {listed(world.pipelines)}",
            "Correct the key, or enable the plugin that contributes the pipeline.",
        )
        return
    yield from declared(world, given, owner, f"the pipeline {patch.pipeline!r}")
    for change in patch.changes:
        yield from _change(world, given, owner.contribution, change, stages[patch.pipeline])


def _change(
    world: World, given: Given, pipeline: c.Pipeline, change: Any, known: list[str]
) -> Iterator[PluginProblem]:
    """Look up what one change names, and note the stage that it adds."""
    if isinstance(change, c.InsertStage):
        yield from _insert(world, given, pipeline, change, known)
    elif isinstance(change, c.AddTransition):
        yield from _transition(world, given, pipeline, change.transition, known)
    elif not isinstance(change, c.DisableStage | c.AddGuard | c.RelabelStage):
        yield given.problem(
            Code.WRONG_CONTRIBUTION,
            f"The patch of {pipeline.key!r} holds an object of type {type(change).__name__}",
            "InsertStage, DisableStage, AddGuard, RelabelStage or AddTransition",
            "Give one of these from tenon.api.",
        )
    else:
        named = [change.stage, getattr(change, "move_to", None)]
        for stage in named:
            if stage is not None and stage not in known:
                yield _unknown_stage(given, pipeline.key, stage, known, f"{type(change).__name__}")
        if isinstance(change, c.AddGuard):
            for guard in (change.entry, change.exit):
                yield from _guard(world, given, pipeline, guard, f"stage {change.stage!r}")


def _insert(
    world: World, given: Given, pipeline: c.Pipeline, change: c.InsertStage, known: list[str]
) -> Iterator[PluginProblem]:
    stage = change.stage
    if change.after not in known:
        yield _unknown_stage(given, pipeline.key, change.after, known, "InsertStage")
        return
    if stage.key in known:
        yield given.problem(
            Code.CONTRIBUTION_COLLISION,
            f"The pipeline {pipeline.key!r} already has a stage {stage.key!r}",
            "a stage key of the patch's own",
            f'Write Stage("{given.plugin}_{stage.key}", …).',
            where=_stage_line(given, stage.key),
        )
        return
    known.insert(known.index(change.after) + 1, stage.key)
    for guard in (stage.entry, stage.exit):
        yield from _guard(world, given, pipeline, guard, f"stage {stage.key!r}")
