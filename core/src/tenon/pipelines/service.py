"""The pipelines of a deployment: what faces and plugins ask of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from ..errors import GuardError, NotFoundError, Problem
from ..identity.actor import system
from ..messages import _
from ..plugin.contributions import Approval, GuardCheck, Job
from ..records import read, visible
from ..records.query import Filter
from ..records.record import Record
from . import board, history, told
from .approvals import Approvals, Emit
from .compiled import CompiledPipeline, CompiledStage
from .definition import Definitions
from .guards import Proposed, judge
from .requests import ApprovalRequest
from .stalls import LastActivity, Stalls, no_activity
from .transitions import Transitions, attempt_of, masked

if TYPE_CHECKING:
    from ..records.records import Records
    from ..records.signals import Change
    from ..records.work import Work

CHUNK = 500
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class MoveOutcome:
    """What became of a move: the record in its new stage, or a request that waits for others."""

    record: Record | None = None
    request: ApprovalRequest | None = None

    @property
    def moved(self) -> bool:
        """Whether the record has moved."""
        return self.record is not None


@dataclass(frozen=True)
class Move:
    """A stage that a record could go to next: whether it may now, every reason
    why not, and whose approval it would need."""

    stage: CompiledStage
    allowed: bool
    reasons: tuple[Problem, ...]
    approvals: tuple[Approval, ...]


class Pipelines:
    """Stages, guards, history, approvals and stalls, over the records they are about.

    ``checks`` are the plugins' guard checks by key. ``emit(work, name, entity, record_id,
    payload)`` writes an event into the outbox. ``last_activity(work, entity, ids)`` says
    when something was last done about a record.
    """

    def __init__(
        self,
        records: Records,
        definitions: Definitions,
        *,
        checks: Mapping[str, GuardCheck] | None = None,
        emit: Emit = lambda _work, _name, _entity, _id, _payload: None,
        last_activity: LastActivity = no_activity,
    ) -> None:
        self.records = records
        self.definitions = definitions
        self.checks = dict(checks or {})
        self.emit = emit
        self.approvals = Approvals(definitions, emit)
        self.stalls = Stalls(definitions, emit, last_activity)
        self.transitions = Transitions(definitions, self.checks, records.access, self.approvals.granted)

    def subscribe(self) -> None:
        """Guard every write of ``records`` from now on, keep its history, and tell timelines of it."""
        signals = self.records.signals
        signals.about_to_write.append(self.transitions.about_to_write)
        signals.written.append(self._written)
        self.records.timeline.add("stage", told.moves)

    def jobs(self) -> list[Job]:
        """What the worker does by the clock."""

        def stalls(_payload: Mapping[str, Any], _tenon: Any) -> None:
            self.notice_stalls()

        def approvals(_payload: Mapping[str, Any], _tenon: Any) -> None:
            self.chase_approvals()

        return [
            Job("pipelines.stalls", stalls, _("Notice stalled records"), every=HOUR),
            Job("pipelines.approvals", approvals, _("Chase approvals"), every=HOUR),
        ]

    # Definitions

    def pipelines_for(self, entity: str) -> tuple[CompiledPipeline, ...]:
        """The pipelines of an entity, its default first."""
        return self.definitions.of_entity(entity)

    def pipeline(self, entity: str, key: str | None = None) -> CompiledPipeline:
        """A pipeline of an entity, its default without a key; ``NotFoundError``."""
        found = self.definitions.get(entity, key) if key else self.definitions.default(entity)
        if found is None:
            keys = ", ".join(p.key for p in self.definitions.of_entity(entity)) or "–"
            raise NotFoundError(
                _("There is no pipeline %(key)s of %(entity)s", key=key or "–", entity=entity),
                hint=_("There are: %(keys)s.", keys=keys),
            )
        return found

    def stage(self, entity: str, pipeline: str, key: str) -> CompiledStage:
        """A stage of a pipeline; ``NotFoundError``. One that was taken away gives the one in its place."""
        found = self.pipeline(entity, pipeline)
        settled = found.settled(key)
        if settled is None:
            raise NotFoundError(
                _("There is no stage %(key)s in %(pipeline)s", key=key, pipeline=found.label),
                hint=_("There are: %(keys)s.", keys=", ".join(found.stages)),
            )
        return found.stages[settled]

    # Moving

    def move(
        self,
        work: Work,
        entity: str,
        id_: UUID,
        to: str,
        *,
        values: Mapping[str, Any] | None = None,
        pipeline: str | None = None,
        reason: str | None = None,
        override: bool = False,
        expect: int | None = None,
        at: datetime | None = None,
    ) -> MoveOutcome:
        """Move a record to another stage, with ``values`` written in the same breath.

        ``GuardError`` lists every reason against it. Where others have to agree, a
        request is made instead (or the one that waits for the same move is given);
        the record moves when it is granted. ``override`` goes against the guards: it
        needs a ``reason`` and the permission ``<entity>:override``. ``at`` dates a move that
        is entered late.
        """
        data: dict[str, Any] = {**(values or {}), "stage": to}
        if pipeline is not None:
            data["pipeline"] = pipeline
        said = {"reason": reason, "override": override or None, "at": at}
        note = {key: value for key, value in said.items() if value is not None}
        try:
            return MoveOutcome(record=work.update(entity, id_, data, expect=expect, note=note))
        except GuardError as error:
            if override or {problem.code for problem in error.problems} != {"approval-needed"}:
                raise
        return self._ask(work, entity, id_, data, reason)

    def _ask(
        self, work: Work, entity: str, id_: UUID, data: Mapping[str, Any], reason: str | None
    ) -> MoveOutcome:
        """Everything but the approval speaks for the move, so ask for it."""
        type_ = work.type(entity)
        before = self._whole(work, entity, id_)
        values, _problems = type_.load(data)
        pipeline = self.pipeline(entity, values.get("pipeline") or before["pipeline"])
        stage = self.stage(entity, pipeline.key, values["stage"])
        attempt = attempt_of(self.definitions, before, pipeline, stage)
        request = self.approvals.ask(work, before, attempt, values, reason)
        if request.status == "done":
            return MoveOutcome(record=work.get(entity, id_), request=request)
        if request.problems:
            raise GuardError(problems=request.problems)
        return MoveOutcome(request=request)

    def available(self, work: Work, record: Record) -> list[Move]:
        """The stages that ``record`` could go to, in their order, with what is missing for each."""
        entity = record.entity.name
        pipeline = self.definitions.get(entity, record.get("pipeline"))
        if pipeline is None or "stage" not in visible.fields(work, record.entity):
            return []
        restricted = work.fields(record.entity, "read").paths is not None
        whole = self._whole(work, entity, record.id) if restricted else record
        source = pipeline.settled(whole["stage"])
        stages = pipeline.targets(source) if source is not None else iter(pipeline.stages.values())
        allowed = self.records.access.allows(work.actor, "transition", entity)
        forbidden = () if allowed else (_forbidden(entity),)
        return [self._available(work, whole, pipeline, stage, forbidden) for stage in stages]

    def _available(
        self,
        work: Work,
        record: Record,
        pipeline: CompiledPipeline,
        stage: CompiledStage,
        forbidden: tuple[Problem, ...],
    ) -> Move:
        attempt = attempt_of(self.definitions, record, pipeline, stage)
        verdict = judge(attempt, Proposed(record.entity, record), self.checks, work)
        reasons = (*forbidden, *masked(verdict, work, record.entity).problems)
        return Move(stage, not reasons, reasons, verdict.approvals)

    def _whole(self, work: Work, entity: str, id_: UUID) -> Record:
        """The record with the fields that its reader may not see too: guards judge by all of them."""
        work.get(entity, id_)
        type_ = work.type(entity)
        row = work.unguarded.execute(read.by_id(work, type_), {"id_": id_}).one()
        return Record(type_, dict(zip(type_.columns, row, strict=True)))

    # Looking

    def history(self, work: Work, entity: str, id_: UUID) -> list[history.StageEntry]:
        """What became of a record in its pipelines, oldest first."""
        work.flush()
        return history.entries(work, entity, id_)

    def board_totals(
        self,
        work: Work,
        entity: str,
        pipeline: str | None = None,
        where: Filter | None = None,
        search: str | None = None,
    ) -> list[board.StageTotal]:
        """Count and sums of every stage over the records that ``where`` names and the actor may see;
        ``BadRequestError`` where they may not see stages."""
        return board.board_totals(work, self.pipeline(entity, pipeline), where, search)

    def count_in_stage(self, entity: str, pipeline: str, stage: str) -> int:
        """How many records, archived ones too, stand in a stage; for the static check."""
        table = self.records.registry[entity].table
        counted = sa.select(sa.func.count()).where(table.c.pipeline == pipeline, table.c.stage == stage)
        with self.records.storage.reading() as connection:
            return int(connection.execute(counted).scalar_one())

    # By the clock, and once after a change of definitions

    def notice_stalls(self) -> int:
        """Notice records that stand still; gives how many are new."""
        return self.stalls.notice(self.records)

    def chase_approvals(self) -> int:
        """Remind and escalate approvals that wait too long; gives how many."""
        with self.records.writing(system("approvals that wait"), via="job") as work:
            return self.approvals.chase(work)

    def settle(self, work: Work) -> int:
        """Move records out of stages that were taken away, to where the definitions say."""
        return sum(
            self._settle(work, pipeline, key, target)
            for pipeline in self.definitions.pipelines.values()
            for key in pipeline.retired
            if (target := pipeline.settled(key)) is not None
        )

    def _settle(self, work: Work, pipeline: CompiledPipeline, stage: str, target: str) -> int:
        table = work.type(pipeline.entity).table
        held = sa.select(table.c.id).where(table.c.pipeline == pipeline.key, table.c.stage == stage)
        ids = list(work.unguarded.scalars(held))
        note = {"reason": f"stage {stage} was taken away"}
        for chunk in _chunks(ids):
            items = [(id_, {"stage": target}, None) for id_ in chunk]
            work.bulk_update(pipeline.entity, items, notes=[note] * len(items))
            work.flush()
        return len(ids)

    # After a write

    def _written(self, work: Work, changes: list[Change]) -> None:
        history.record_history(work, changes, self.definitions)
        self.approvals.written(work, changes)
        self.stalls.written(work, changes)
        for change in changes:
            if change.entity.stages is not None and change.action != "create" and change.before is not None:
                self._tell(work, change, change.before)

    def _tell(self, work: Work, change: Change, before: Record) -> None:
        if not (change.changed("stage") or change.changed("pipeline")):
            return
        payload = {
            "pipeline": change.value("pipeline"),
            "from": before["stage"],
            "to": change.value("stage"),
            "status": change.value("stage_status"),
        }
        self.emit(work, "stage.changed", change.entity.name, before.id, payload)


def _forbidden(entity: str) -> Problem:
    detail = _("You lack the permission %(key)s", key=f"{entity}:transition")
    return Problem("", "forbidden", detail)


def _chunks(ids: list[UUID]) -> Iterable[list[UUID]]:
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))
