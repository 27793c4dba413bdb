"""From what plugins and the customer say to the pipelines in force.

Order: a plugin's pipeline, the patches in the order the plugins load, the
customer's settings last. Nothing is overridden silently: a change that finds
no target is a finding, and every part remembers who gave it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

from ..messages import Message
from ..plugin import contributions as c
from .compiled import CompiledPipeline, CompiledStage, CompiledTransition, Origin, Rule
from .customer import SETTINGS, Change, CustomerPatch, SetStall, read_customer_patch
from .findings import Finding

Sourced = Sequence[tuple[str, c.Pipeline]]
SourcedPatches = Sequence[tuple[str, c.PipelinePatch]]


@dataclass(frozen=True)
class Definitions:
    """Every pipeline in force, by key, and what compiling them found wrong."""

    pipelines: Mapping[str, CompiledPipeline]
    findings: tuple[Finding, ...] = ()

    def of_entity(self, entity: str) -> tuple[CompiledPipeline, ...]:
        """The pipelines of an entity, its default first."""
        return self._by_entity.get(entity, ())

    @cached_property
    def _by_entity(self) -> dict[str, tuple[CompiledPipeline, ...]]:
        entities = {pipeline.entity for pipeline in self.pipelines.values()}
        ordered = sorted(self.pipelines.values(), key=lambda p: not p.default)
        return {entity: tuple(p for p in ordered if p.entity == entity) for entity in entities}

    def default(self, entity: str) -> CompiledPipeline | None:
        """The pipeline a new record enters unless another is named."""
        return next(iter(self.of_entity(entity)), None)

    def get(self, entity: str, key: str) -> CompiledPipeline | None:
        """The pipeline ``key`` if ``entity`` moves through it."""
        found = self.pipelines.get(key)
        return found if found is not None and found.entity == entity else None


class _Draft:
    """A pipeline while changes are applied to it."""

    def __init__(self, plugin: str, pipeline: c.Pipeline) -> None:
        self.pipeline = pipeline
        self.origin = Origin(plugin, f"pipeline {pipeline.key}")
        self.label: Message | str = pipeline.label
        self.default = pipeline.default
        self.stages: dict[str, CompiledStage] = {}
        self.transitions: list[CompiledTransition] = []
        self.retired: dict[str, str | None] = {}
        self.findings: list[Finding] = []
        for stage in pipeline.stages:
            self._append(stage)
        for transition in pipeline.transitions:
            self.transitions.append(_transition(transition, self.origin))

    def say(self, code: str, detail: str, origin: Origin) -> None:
        self.findings.append(Finding(code, f"{origin.place}: {detail}", self.pipeline.key, origin))

    def _append(self, stage: c.Stage) -> None:
        if stage.key in self.stages:
            self.say("duplicate-stage", f"two stages are called {stage.key!r}", self.origin)
            return
        self.stages[stage.key] = _stage(stage, self.origin)

    def apply(self, change: Change, origin: Origin) -> None:
        """Apply one change, or say why it cannot be."""
        if isinstance(change, c.InsertStage):
            self._insert(change, origin)
        elif isinstance(change, c.AddTransition):
            self.transitions.append(_transition(change.transition, origin))
        elif change.stage not in self.stages:
            known = ", ".join(self.stages)
            self.say("unknown-stage", f"there is no stage {change.stage!r}; there are {known}", origin)
        elif isinstance(change, c.DisableStage):
            self._disable(change, origin)
        else:
            self.stages[change.stage] = _altered(self.stages[change.stage], change, origin)

    def _insert(self, change: c.InsertStage, origin: Origin) -> None:
        key = change.stage.key
        if key in self.stages:
            self.say("duplicate-stage", f"there is a stage {key!r} already", origin)
            return
        if change.after and change.after not in self.stages:
            detail = f"no stage {change.after!r} to insert {key!r} after; there are {', '.join(self.stages)}"
            self.say("unknown-stage", detail, origin)
            return
        items = list(self.stages.items())
        place = list(self.stages).index(change.after) + 1 if change.after else 0
        items.insert(place, (key, _stage(change.stage, origin)))
        self.stages = dict(items)
        self.retired.pop(key, None)

    def _disable(self, change: c.DisableStage, origin: Origin) -> None:
        del self.stages[change.stage]
        self.retired[change.stage] = change.move_to
        self.transitions = [t for t in self.transitions if change.stage not in (t.source, t.target)]
        if change.move_to is not None and change.move_to not in self.stages:
            self.say("unknown-stage", f"no stage {change.move_to!r} to move records to", origin)

    def customise(self, patch: CustomerPatch) -> None:
        for change, origin in patch.changes:
            self.apply(change, origin)
        self.label = patch.label or self.label

    def finish(self, default: bool) -> CompiledPipeline:
        return CompiledPipeline(
            key=self.pipeline.key,
            entity=self.pipeline.entity,
            label=self.label,
            stages=MappingProxyType(dict(self.stages)),
            transitions=tuple(self.transitions),
            free=not self.pipeline.transitions,
            default=default,
            origin=self.origin,
            retired=MappingProxyType(dict(self.retired)),
        )


def compile_pipelines(
    pipelines: Sourced, patches: SourcedPatches = (), customer: Mapping[str, Any] | None = None
) -> Definitions:
    """The pipelines in force.

    ``pipelines`` and ``patches`` come with the plugin that gave them, in load
    order; ``customer`` is the table ``[pipelines]`` of the settings. What is
    wrong stands in ``.findings``; the static check (:mod:`.check`) adds to it.
    """
    drafts, findings = _drafts(pipelines)
    findings += _patch(drafts, patches)
    favoured: set[str] = set()
    for key, table in (customer or {}).items():
        draft = drafts.get(key)
        if draft is None:
            findings.append(_unknown_pipeline(key, Origin(SETTINGS, f"[pipelines.{key}]"), drafts))
            continue
        patch, wrong = read_customer_patch(key, table, frozenset(draft.stages))
        findings += wrong
        draft.customise(patch)
        if patch.default:
            favoured.add(key)
    defaults, wrong = _defaults(drafts.values(), favoured)
    findings += wrong
    for draft in drafts.values():
        findings += draft.findings
    found = {key: draft.finish(key in defaults) for key, draft in drafts.items()}
    return Definitions(MappingProxyType(found), tuple(findings))


def _drafts(pipelines: Sourced) -> tuple[dict[str, _Draft], list[Finding]]:
    drafts: dict[str, _Draft] = {}
    findings: list[Finding] = []
    for plugin, pipeline in pipelines:
        draft = _Draft(plugin, pipeline)
        if pipeline.key in drafts:
            first = drafts[pipeline.key].origin.source
            detail = f"{plugin} and {first} both give a pipeline {pipeline.key!r}; keys are unique"
            findings.append(Finding("duplicate-pipeline", detail, pipeline.key, draft.origin))
            continue
        drafts[pipeline.key] = draft
    return drafts, findings


def _patch(drafts: dict[str, _Draft], patches: SourcedPatches) -> list[Finding]:
    findings: list[Finding] = []
    for plugin, patch in patches:
        draft = drafts.get(patch.pipeline)
        if draft is None:
            origin = Origin(plugin, f"patch of {patch.pipeline}")
            findings.append(_unknown_pipeline(patch.pipeline, origin, drafts))
            continue
        for number, change in enumerate(patch.changes, 1):
            draft.apply(change, Origin(plugin, f"patch of {patch.pipeline}, change {number}"))
    return findings


def _defaults(drafts: Iterable[_Draft], favoured: set[str]) -> tuple[set[str], list[Finding]]:
    """The one default of each entity: the customer's word, else the plugins', else the first."""
    by_entity: dict[str, list[_Draft]] = {}
    for draft in drafts:
        by_entity.setdefault(draft.pipeline.entity, []).append(draft)
    chosen: set[str] = set()
    findings: list[Finding] = []
    for entity, found in by_entity.items():
        said = [d for d in found if d.pipeline.key in favoured] or [d for d in found if d.default]
        if len(said) > 1:
            keys = ", ".join(d.pipeline.key for d in said)
            detail = f"{entity} has several default pipelines ({keys}); set default = true for one of them"
            findings.append(Finding("several-defaults", detail, said[1].pipeline.key, said[1].origin))
        chosen.add((said or found)[0].pipeline.key)
    return chosen, findings


def _unknown_pipeline(key: str, origin: Origin, drafts: Mapping[str, _Draft]) -> Finding:
    known = ", ".join(drafts) or "none"
    detail = f"{origin.place}: there is no pipeline {key!r}; there are: {known}"
    return Finding("unknown-pipeline", detail, key, origin)


def _stage(stage: c.Stage, origin: Origin) -> CompiledStage:
    return CompiledStage(
        key=stage.key,
        label=stage.label,
        status=stage.status,
        probability=stage.probability,
        category=stage.category,
        entry=_rules(stage.entry, origin),
        exit=_rules(stage.exit, origin),
        stall=stage.stall,
        help=stage.help,
        origin=origin,
        parts=(("stage", origin),),
    )


def _rules(guard: c.Guard, origin: Origin) -> tuple[Rule, ...]:
    return () if guard == c.Guard() else (Rule(guard, origin),)


def _transition(transition: c.Transition, origin: Origin) -> CompiledTransition:
    return CompiledTransition(
        transition.source,
        transition.target,
        transition.label,
        Rule(transition.guard, origin),
        transition.approvals,
    )


def _altered(
    stage: CompiledStage, change: c.AddGuard | c.RelabelStage | SetStall, origin: Origin
) -> CompiledStage:
    if isinstance(change, c.RelabelStage):
        return replace(stage, label=change.label, parts=(*stage.parts, ("label", origin)))
    if isinstance(change, SetStall):
        return replace(stage, stall=change.stall, parts=(*stage.parts, ("stall", origin)))
    return replace(
        stage,
        entry=stage.entry + _rules(change.entry, origin),
        exit=stage.exit + _rules(change.exit, origin),
        parts=(*stage.parts, ("guard", origin)),
    )
