"""A record's way through its pipeline: where it was, is and can go, and what is missing for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from ..errors import Problem
from ..pipelines import ApprovalRequest, CompiledPipeline, CompiledStage, Move
from ..pipelines.history import seconds_by_stage
from ..records import visible
from ..records.record import Record
from ..records.registry import EntityType, Field
from ..records.work import Work
from .context import may, reader, tenon
from .controls import Control, FormState, control, text_of
from .pickers import options_for

Place = Literal["past", "now", "next", "away"]


@dataclass(frozen=True)
class Step:
    """One stage of the path. ``move`` says what a move there needs; ``None`` where no way leads."""

    stage: CompiledStage
    place: Place
    lasted: str | None
    move: Move | None

    @property
    def direct(self) -> bool:
        """Whether one click is enough."""
        return self.move is not None and self.move.allowed and not self.move.approvals


@dataclass(frozen=True)
class StagePath:
    pipeline: CompiledPipeline
    steps: tuple[Step, ...]
    waiting: ApprovalRequest | None
    stalled: bool

    @property
    def missing(self) -> tuple[Step, ...]:
        """The open stages ahead that something stands against."""
        ahead = [s for s in self.steps if s.place == "next" and s.move and s.stage.is_open]
        return tuple(s for s in ahead[:2] if s.move and s.move.reasons)


def stage_path(work: Work, record: Record) -> StagePath | None:
    """The path of a record, unless its pipeline is not there any more."""
    pipelines = tenon().pipelines
    pipeline = pipelines.definitions.get(record.entity.name, record.get("pipeline"))
    if pipeline is None or not {"stage", "stage_since"} <= visible.fields(work, record.entity).keys():
        return None
    moves = (
        {move.stage.key: move for move in pipelines.available(work, record)} if not record.archived else {}
    )
    history = pipelines.history(work, record.entity.name, record.id)
    lasted = seconds_by_stage(history, work.now)
    steps = tuple(_step(pipeline, record, stage, lasted, moves) for stage in pipeline.stages.values())
    requests = pipelines.approvals.of_record(work, record.entity.name, record.id)
    waiting = next((request for request in requests if request.waiting), None)
    stalled = record.id in pipelines.stalls.stalled(work, record.entity.name, [record.id])
    return StagePath(pipeline, steps, waiting, stalled)


def _step(
    pipeline: CompiledPipeline,
    record: Record,
    stage: CompiledStage,
    lasted: dict[str, int],
    moves: dict[str, Move],
) -> Step:
    place: Place = "next" if stage.key in moves else "away"
    seconds = lasted.get(stage.key)
    if stage.key == (pipeline.settled(record["stage"]) or record["stage"]):
        place = "now"
    elif seconds:
        place = "past"
    return Step(
        stage, place, reader().duration(timedelta(seconds=seconds)) if seconds else None, moves.get(stage.key)
    )


@dataclass(frozen=True)
class MovePanel:
    """What a move to one stage needs: reasons against it, and the fields that mend them."""

    target: CompiledStage
    pipeline: CompiledPipeline
    reasons: tuple[Problem, ...]
    controls: tuple[Control, ...]
    approvals: tuple[Any, ...]
    may_override: bool
    reason: str = ""


def move_panel(
    work: Work,
    record: Record,
    target: CompiledStage,
    pipeline: CompiledPipeline,
    *,
    problems: Sequence[Problem] | None = None,
    texts: dict[str, Any] | None = None,
) -> MovePanel:
    """The panel for a move; ``problems`` and ``texts`` are those of an attempt that was refused."""
    moves = {move.stage.key: move for move in tenon().pipelines.available(work, record)}
    move = moves.get(target.key)
    known = move.reasons if move else ()
    reasons = tuple(problems) if problems is not None else known
    fields = mending(work, record.entity, [*known, *reasons])
    given = {f.path: text_of(f, record.get(f.path), reader()) for f in fields}
    currencies = [f.spec.currency for f in fields if f.spec.currency]
    given.update({path: record.get(path) or "" for path in currencies})
    given.update(texts or {})
    options = {f.path: options_for(work, f, given.get(f.path)) for f in fields}
    state = FormState(given, problems or (), {}, options)
    return MovePanel(
        target,
        pipeline,
        reasons,
        tuple(control(record.entity, f, state, reader()) for f in fields),
        move.approvals if move else (),
        may("override", record.entity.name),
    )


def mending(work: Work, type_: EntityType, problems: Sequence[Problem]) -> list[Field]:
    """The fields that reasons point at and that the reader may fill, each once."""
    allowed = visible.writable(work, type_, "update")
    found: dict[str, Field] = {}
    for problem in problems:
        path = problem.pointer.strip("/").replace("/", ".")
        field = type_.fields.get(path)
        if field and not field.spec.readonly and path in allowed and path not in ("stage", "pipeline"):
            found[path] = field
    return list(found.values())
