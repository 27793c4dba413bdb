"""Whether a move may happen, and every reason why not.

:func:`judge` is the only place where that is decided. A move on a page, through
the API, in a bulk edit, an import or an ERP pull ends up here, and so does the
list of what is still missing for the next stages.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ..errors import Problem
from ..messages import Message, _, joined
from ..plugin.contributions import Approval, Condition, Denial, GuardCheck
from ..records.registry import pointer
from .compiled import CompiledPipeline, CompiledStage, CompiledTransition, Rule
from .conditions import holds, is_empty

if TYPE_CHECKING:
    from ..records.record import Record
    from ..records.registry import EntityType
    from ..records.work import Work

log = logging.getLogger(__name__)

COMPARISONS: Mapping[str, Message] = {
    "eq": _("%(field)s must be %(value)s"),
    "ne": _("%(field)s must not be %(value)s"),
    "gt": _("%(field)s must be more than %(value)s"),
    "gte": _("%(field)s must be %(value)s or more"),
    "lt": _("%(field)s must be less than %(value)s"),
    "lte": _("%(field)s must be %(value)s or less"),
    "in": _("%(field)s must be one of %(value)s"),
    "contains": _("%(field)s must contain %(value)s"),
}


@dataclass(frozen=True)
class Proposed:
    """A record as it would be after a write; what guards look at."""

    entity: EntityType
    before: Record | None
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> UUID | None:
        """The record's id, ``None`` while it is being created."""
        return self.before.id if self.before is not None else None

    def get(self, path: str, default: Any = None) -> Any:
        """The value ``path`` would have."""
        if path in self.values:
            return self.values[path]
        return self.before.get(path, default) if self.before is not None else default

    def __getitem__(self, path: str) -> Any:
        return self.get(path)


@dataclass(frozen=True)
class Attempt:
    """A move somebody wants: what a plugin's guard check is told of it.

    ``source`` is ``None`` when a record is created in ``target``, or comes from
    another pipeline (``left`` is the stage it leaves there).
    """

    pipeline: CompiledPipeline
    source: CompiledStage | None
    target: CompiledStage
    left: CompiledStage | None = None

    @property
    def entity(self) -> str:
        """The kind of record that moves."""
        return self.pipeline.entity


@dataclass(frozen=True)
class Verdict:
    """``problems`` are the reasons against a move; ``approvals`` whom it has to wait for."""

    problems: tuple[Problem, ...] = ()
    approvals: tuple[Approval, ...] = ()


def judge(attempt: Attempt, record: Proposed, checks: Mapping[str, GuardCheck], work: Work) -> Verdict:
    """Every reason against ``attempt`` on the values of ``record``, and the approvals it needs."""
    ways = _ways(attempt)
    problems = [*_illegal(attempt)]
    for rule in _rules(attempt, ways):
        problems += _unmet(rule, attempt, record, checks, work)
    return Verdict(_once(problems), approvals_for(attempt, record))


def approvals_for(attempt: Attempt, record: Proposed) -> tuple[Approval, ...]:
    """The approvals that a move needs on the values of ``record``, in the order they are asked."""
    return tuple(_needed(_ways(attempt), record))


def _ways(attempt: Attempt) -> tuple[CompiledTransition, ...]:
    """The declared transitions whose guards and approvals cover the attempt.

    A record that appears beyond the first stage has passed by the transitions
    that lead there, so what they ask for is asked for all the same.
    """
    pipeline, target = attempt.pipeline, attempt.target.key
    if attempt.source is not None:
        return pipeline.ways(attempt.source.key, target)
    return () if target == pipeline.first.key else pipeline.ways_into(target)


def _rules(attempt: Attempt, ways: Iterable[CompiledTransition]) -> Iterator[Rule]:
    leaving = attempt.source or attempt.left
    if leaving is not None:
        yield from leaving.exit
    for way in ways:
        yield way.rule
    yield from attempt.target.entry


def _illegal(attempt: Attempt) -> Iterator[Problem]:
    if attempt.source is None or attempt.pipeline.allows(attempt.source.key, attempt.target.key):
        return
    targets = joined(stage.label for stage in attempt.pipeline.targets(attempt.source.key))
    detail = _(
        "There is no way from %(source)s to %(target)s; it leads to: %(targets)s",
        source=attempt.source.label,
        target=attempt.target.label,
        targets=targets or "–",
    )
    extra = {"stage": attempt.target.key, "origin": str(attempt.pipeline.origin)}
    yield Problem("/stage", "no-transition", detail, extra)


def _unmet(
    rule: Rule, attempt: Attempt, record: Proposed, checks: Mapping[str, GuardCheck], work: Work
) -> Iterator[Problem]:
    extra = {"stage": attempt.target.key, "origin": str(rule.origin)}
    for path in rule.guard.requires:
        if is_empty(record.get(path)):
            detail = _(
                "%(field)s is needed for %(stage)s",
                field=_label(record.entity, path),
                stage=attempt.target.label,
            )
            yield Problem(pointer(path), "required", detail, extra)
    for condition in rule.guard.conditions:
        if not holds(condition, record.get(condition.field)):
            detail = condition.message or _sentence(condition, record.entity)
            yield Problem(pointer(condition.field), "condition", detail, extra)
    for name in rule.guard.checks:
        for denial in _denials(name, attempt, record, checks, work):
            at = pointer(denial.field) if denial.field else ""
            yield Problem(at, denial.code, denial.message, {**extra, "check": name})


def _denials(
    name: str, attempt: Attempt, record: Proposed, checks: Mapping[str, GuardCheck], work: Work
) -> list[Denial]:
    """What a plugin's check says; one that is absent or fails denies the move."""
    check = checks.get(name)
    if check is None:
        return [Denial("guard-failed", _("The check %(name)s is not there", name=name))]
    try:
        return list(check.run(record, attempt, work) or ())
    except Exception:
        log.exception("guard check %s failed on %s %s", name, attempt.entity, record.id)
        return [Denial("guard-failed", _("The check %(name)s failed; the log says why", name=name))]


def _needed(ways: Iterable[CompiledTransition], record: Proposed) -> Iterator[Approval]:
    for way in ways:
        for approval in way.approvals:
            when = approval.when
            if when is None or holds(when, record.get(when.field)):
                yield approval


def _label(entity: EntityType, path: str) -> str:
    found = entity.fields.get(path)
    return found.label if found is not None else path


def _sentence(condition: Condition, entity: EntityType) -> Message:
    label = _label(entity, condition.field)
    if condition.op == "empty":
        wanted = condition.value is None or bool(condition.value)
        return _("%(field)s must be empty", field=label) if wanted else _("%(field)s is needed", field=label)
    value = condition.value
    if isinstance(value, (list, tuple, set, frozenset)):
        value = ", ".join(str(item) for item in value)
    return Message(COMPARISONS[condition.op].msgid, field=label, value=value)


def _once(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The same reason from several guards is one reason; the first to give it is named."""
    found: dict[tuple[str, str, str], Problem] = {}
    for problem in problems:
        found.setdefault((problem.pointer, problem.code, str(problem.detail)), problem)
    return tuple(found.values())
