"""The guard at the write path: every change of a stage passes here.

It hangs on the signal that ``records`` sends before a write, so that no face can
go around it. What a caller says about a move stands in the change's note:

``reason``    why, for the history
``override``  move against the guards; needs a reason and ``<entity>:override``
``at``        when it really happened, for a move that is entered late
``history``   the stays before an import, ``[{"stage": key, "at": moment}, …]``
``approval``  the id of a granted approval request
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ..access.policy import Access
from ..errors import ForbiddenError, Problem
from ..messages import _, joined
from ..plugin.contributions import GuardCheck
from ..records import visible
from .compiled import CompiledPipeline, CompiledStage
from .definition import Definitions
from .guards import Attempt, Proposed, Verdict, judge

if TYPE_CHECKING:
    from ..records.record import Record
    from ..records.signals import Change
    from ..records.work import Work

Granted = Callable[["Work", "Change", Attempt], bool]


class Transitions:
    """Judges every change of a stage and fills what follows from it.

    ``granted(work, change, attempt)`` says whether the approvals that a move needs
    have been given.
    """

    def __init__(
        self, definitions: Definitions, checks: Mapping[str, GuardCheck], access: Access, granted: Granted
    ) -> None:
        self.definitions = definitions
        self.checks = checks
        self.access = access
        self.granted = granted

    def about_to_write(self, work: Work, change: Change) -> None:
        """The handler of ``records.about_to_write``."""
        if change.entity.stages is None:
            return
        if change.action == "create":
            self._create(work, change)
        elif change.before is not None and (change.changed("stage") or change.changed("pipeline")):
            self._move(work, change)

    # A new record

    def _create(self, work: Work, change: Change) -> None:
        pipeline = self._pipeline(change)
        if pipeline is None:
            return
        history = _history(change, pipeline, work.now)
        if history:
            change.values.setdefault("stage", history[-1]["stage"])
        stage = self._stage(change, pipeline, change.values.get("stage") or pipeline.first.key)
        if stage is None:
            return
        _fill(change, pipeline, stage)
        if change.note.get("history"):
            _date_back(change, history, stage)
        else:
            _date_by_facts(change, pipeline, stage)
        self._decide(work, change, Attempt(pipeline, None, stage))

    # A move

    def _move(self, work: Work, change: Change) -> None:
        before = change.before
        assert before is not None
        self._require_transition(work, change)
        pipeline = self._pipeline(change)
        if pipeline is None:
            return
        stage = self._stage(change, pipeline, self._wanted(change, pipeline))
        if stage is None:
            return
        at = _moment_of(change, before["stage_since"], work.now)
        _fill(change, pipeline, stage)
        change.values["stage_since"] = at
        attempt = attempt_of(self.definitions, before, pipeline, stage)
        if attempt.source is stage or (work.elevated and "undo" in change.note):
            # A stage that was taken away hands its records on; an undo restores what was.
            return
        self._decide(work, change, attempt)

    def _wanted(self, change: Change, pipeline: CompiledPipeline) -> Any:
        """The stage asked for; a record that only changes its pipeline keeps its stage where it can."""
        if change.changed("stage"):
            return change.values["stage"]
        kept = change.value("stage")
        return kept if kept in pipeline.stages else pipeline.first.key

    def _require_transition(self, work: Work, change: Change) -> None:
        type_, before = change.entity, change.before
        self.access.require(work.actor, "transition", type_.name)
        allowed = work.scope(type_, "transition")
        # An update's predicate held when the record was locked; mostly it is the same one.
        if allowed is None or before is None or allowed is work.scope(type_, "update"):
            return
        found = sa.select(type_.table.c.id).where(type_.table.c.id == before.id, allowed)
        if work.unguarded.execute(found).first() is None:
            raise ForbiddenError(
                _("You may not move %(title)s to another stage", title=visible.title(work, before)),
                hint=_("Ask an administrator for the permission %(key)s.", key=f"{type_.name}:transition"),
            )

    # Both

    def _pipeline(self, change: Change) -> CompiledPipeline | None:
        entity, key = change.entity.name, change.value("pipeline")
        defaulted = key is None and change.before is None
        found = self.definitions.default(entity) if defaulted else self.definitions.get(entity, key)
        if found is None:
            keys = ", ".join(p.key for p in self.definitions.of_entity(entity))
            detail = _("There is no pipeline %(key)s; there are: %(keys)s", key=key, keys=keys or "–")
            change.refuse("/pipeline", "unknown-pipeline", detail)
        return found

    def _stage(self, change: Change, pipeline: CompiledPipeline, key: Any) -> CompiledStage | None:
        found = pipeline.stages.get(key)
        if found is None:
            keys = ", ".join(pipeline.stages)
            detail = _("There is no stage %(key)s; there are: %(keys)s", key=key, keys=keys)
            change.refuse("/stage", "unknown-stage", detail, pipeline=pipeline.key)
        return found

    def judge(self, work: Work, change: Change, attempt: Attempt) -> Verdict:
        """What stands against a move, and whom it has to wait for."""
        record = Proposed(change.entity, change.before, change.values)
        return masked(judge(attempt, record, self.checks, work), work, change.entity)

    def _decide(self, work: Work, change: Change, attempt: Attempt) -> None:
        verdict = self.judge(work, change, attempt)
        problems = list(verdict.problems)
        if verdict.approvals and not self.granted(work, change, attempt):
            problems.append(approval_needed(verdict, attempt))
        if problems and change.note.get("override"):
            problems = self._overridden(work, change, problems)
        if problems:
            change.problems += problems
            change.guarded = True

    def _overridden(self, work: Work, change: Change, problems: list[Problem]) -> list[Problem]:
        """Nothing, once the override is recorded; else the problems and what is wrong with it."""
        entity = change.entity.name
        if not change.note.get("reason"):
            detail = _("Say why the guards are overridden")
            return [*problems, Problem("/reason", "required", detail)]
        if not self.access.allows(work.actor, "override", entity):
            detail = _("You lack the permission %(key)s", key=f"{entity}:override")
            return [*problems, Problem("", "override-forbidden", detail)]
        change.note["overridden"] = [
            {"pointer": p.pointer, "code": p.code, "detail": str(p.detail)} for p in problems
        ]
        return []


def attempt_of(
    definitions: Definitions, before: Record, pipeline: CompiledPipeline, stage: CompiledStage
) -> Attempt:
    """The move of the record ``before`` to ``stage`` of ``pipeline``."""
    old = definitions.pipelines.get(before["pipeline"])
    settled = old.settled(before["stage"]) if old is not None else None
    left = old.stages[settled] if old is not None and settled is not None else None
    if old is pipeline:
        return Attempt(pipeline, left, stage)
    return Attempt(pipeline, None, stage, left)


def approval_needed(verdict: Verdict, attempt: Attempt) -> Problem:
    """The reason why a plain write of ``stage`` is refused where others have to agree."""
    labels = joined(approval.label for approval in verdict.approvals)
    detail = _(
        "%(stage)s needs approval (%(approvals)s): ask for it by moving the record",
        stage=attempt.target.label,
        approvals=labels,
    )
    extra = {"stage": attempt.target.key, "approvals": [approval.key for approval in verdict.approvals]}
    return Problem("/stage", "approval-needed", detail, extra)


def masked(verdict: Verdict, work: Work, type_: Any) -> Verdict:
    """The verdict without what it says of fields that the actor may not see."""
    seen = work.fields(type_, "read")
    if seen.paths is None:
        return verdict
    return replace(verdict, problems=tuple(_mask(problem, seen) for problem in verdict.problems))


def _mask(problem: Problem, seen: Any) -> Problem:
    path = problem.pointer.removeprefix("/").replace("/", ".")
    if not path or path in seen or path in ("stage", "pipeline"):
        return problem
    detail = _("A field that you may not see keeps this from happening: ask whoever fills it")
    return Problem("", problem.code, detail, {k: problem.extra[k] for k in ("stage",) if k in problem.extra})


def _fill(change: Change, pipeline: CompiledPipeline, stage: CompiledStage) -> None:
    change.values["pipeline"] = pipeline.key
    change.values["stage"] = stage.key
    change.values["stage_status"] = stage.status


# Moments


def _moment_of(change: Change, since: datetime, now: datetime) -> datetime:
    """When the move happened: now, or ``note["at"]`` if that lies between the last move and now."""
    given = change.note.get("at")
    if given is None:
        return max(now, since)
    at = moment(given)
    if at is None or not since <= at <= now:
        detail = _(
            "A move can be dated from %(since)s to %(now)s", since=since.isoformat(), now=now.isoformat()
        )
        change.refuse("/at", "date", detail)
        return now
    change.note["at"] = at
    return at


def _history(change: Change, pipeline: CompiledPipeline, now: datetime) -> list[dict[str, Any]]:
    """``note["history"]`` checked and with real moments; what is wrong with it is refused."""
    given = change.note.get("history") or []
    found = [{"stage": stay.get("stage"), "at": moment(stay.get("at"))} for stay in given]
    wrong = list(_wrong_stays(found, pipeline, now, change.values.get("stage")))
    for number, code, detail in wrong:
        change.refuse(f"/history/{number}", code, detail)
    change.note.pop("history", None)
    if found and not wrong:
        change.note["history"] = found
    return [] if wrong else found


def _wrong_stays(
    stays: list[dict[str, Any]], pipeline: CompiledPipeline, now: datetime, last: Any
) -> Iterable[tuple[int, str, str]]:
    before: datetime | None = None
    for number, stay in enumerate(stays):
        if stay["stage"] not in pipeline.stages:
            key, keys = stay["stage"], ", ".join(pipeline.stages)
            yield number, "unknown-stage", _("No stage %(key)s; there are: %(keys)s", key=key, keys=keys)
        if stay["at"] is None or stay["at"] > now:
            yield number, "date", _("Give a moment that is not in the future")
        elif before is not None and stay["at"] < before:
            yield number, "date", _("The stages of a history follow one another in time")
        before = stay["at"] or before
    if stays and last is not None and stays[-1]["stage"] != last:
        yield len(stays) - 1, "stage", _("The history ends in another stage than %(stage)s", stage=last)


def moment(value: Any) -> datetime | None:
    """A moment out of what an import gives: a moment, a day, or either as ISO 8601 text."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo is not None else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return None


def _date_back(change: Change, history: list[dict[str, Any]], stage: CompiledStage) -> None:
    """A record is as old as its history."""
    change.values["created_at"] = history[0]["at"]
    change.values["stage_since"] = history[-1]["at"]


def _date_by_facts(change: Change, pipeline: CompiledPipeline, stage: CompiledStage) -> None:
    """Without a history: in the stage since it was created. A known later date means
    that it stood in the first stage before."""
    created = change.values["created_at"]
    since = max(change.values.get("stage_since") or created, created)
    if since > created and stage is not pipeline.first:
        change.note["history"] = [
            {"stage": pipeline.first.key, "at": created},
            {"stage": stage.key, "at": since},
        ]
        change.values["stage_since"] = since
    else:
        change.values["stage_since"] = created
