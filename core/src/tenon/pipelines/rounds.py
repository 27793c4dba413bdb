"""Who is asked in each round of an approval, worked out when the request is made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from ..errors import GuardError, Problem
from ..messages import _
from ..plugin.contributions import Approval, ApprovalStep
from . import directory
from .requests import RequestStep

if TYPE_CHECKING:
    from ..records.record import Record
    from ..records.work import Work


def rounds(
    work: Work, record: Record, approvals: Iterable[Approval], requester: UUID | None
) -> tuple[RequestStep, ...]:
    """Every round with the people it asks; ``GuardError`` where there are too few of them."""
    found: list[RequestStep] = []
    problems: list[Problem] = []
    for approval in approvals:
        for number, step in enumerate(approval.steps, 1):
            seats = _seats(work, record, step, requester)
            quorum = step.quorum if step.quorum is not None else max(len(seats), 1)
            if len(seats) < quorum:
                problems.append(_too_few(approval, number, quorum, len(seats)))
            found.append(_round(approval, step, seats, quorum))
    if problems:
        raise GuardError(problems=problems)
    return tuple(found)


def _seats(work: Work, record: Record, step: ApprovalStep, requester: UUID | None) -> frozenset[UUID]:
    """Who is asked; where too few are left without the requester, those it would escalate to as well."""
    own = frozenset() if requester is None else frozenset({requester})
    asked = directory.people(work.unguarded, step.approvers, requester, record)
    seats = asked - own
    if len(seats) < (step.quorum or 1):
        above = directory.people(work.unguarded, step.escalate_to, requester, record)
        if any(ref.startswith("manager") for ref in step.escalate_to):
            above |= directory.managers(work.unguarded, asked)
        seats |= above - own
    return seats


def _round(approval: Approval, step: ApprovalStep, seats: frozenset[UUID], quorum: int) -> RequestStep:
    return RequestStep(
        approval=approval.key,
        label=approval.label,
        quorum=quorum,
        seats=seats,
        remind_after=step.remind_after,
        escalate_after=step.escalate_after,
        escalate_to=step.escalate_to,
    )


def _too_few(approval: Approval, number: int, quorum: int, people: int) -> Problem:
    detail = _(
        "%(approval)s, step %(step)s: %(quorum)s must approve and there are %(people)s besides you who can",
        approval=approval.label,
        step=number,
        quorum=quorum,
        people=people,
    )
    return Problem("/stage", "approval-impossible", detail, {"approval": approval.key})
