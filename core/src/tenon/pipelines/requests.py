"""Approval requests as they are kept: rows in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ..errors import NotFoundError, Problem
from ..messages import _
from ..storage.ids import new_id
from .ballot import Ballot, Decision, Step, Vote
from .models import Approval as ApprovalRow
from .models import ApprovalSeat, ApprovalVote

REQUESTS: sa.Table = ApprovalRow.__table__  # type: ignore[assignment]
SEATS: sa.Table = ApprovalSeat.__table__  # type: ignore[assignment]
VOTES: sa.Table = ApprovalVote.__table__  # type: ignore[assignment]

WAITING = ("pending", "granted")


@dataclass(frozen=True)
class RequestStep:
    """One round of a request: whose approval it is, who is asked, what happens with time."""

    approval: str
    label: str
    quorum: int
    seats: frozenset[UUID]
    extra: frozenset[UUID] = frozenset()
    remind_after: timedelta | None = None
    escalate_after: timedelta | None = None
    escalate_to: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What stands in the request's row; who is asked stands in seats of their own."""
        return {
            "approval": self.approval,
            "label": str(self.label),
            "quorum": self.quorum,
            "remind_after": self.remind_after.total_seconds() if self.remind_after else None,
            "escalate_after": self.escalate_after.total_seconds() if self.escalate_after else None,
            "escalate_to": list(self.escalate_to),
        }


@dataclass(frozen=True)
class CastVote:
    """A vote as it was cast. ``seat`` is whose vote it is, ``by`` who gave it."""

    step: int
    seat: UUID
    by: UUID
    decision: Decision
    comment: str | None
    at: datetime


@dataclass(frozen=True)
class ApprovalRequest:
    """A move that waits for others to agree, with everything known of it.

    See :class:`.models.Approval` for ``status``. ``problems`` says why a granted
    move could not be made yet.
    """

    id: UUID
    entity: str
    record_id: UUID
    pipeline: str
    source: str | None
    target: str
    status: str
    requested_by: UUID | None
    requested_at: datetime
    reason: str | None
    values: Mapping[str, Any]
    covers: Mapping[str, Any]
    steps: tuple[RequestStep, ...]
    step: int
    step_since: datetime
    votes: tuple[CastVote, ...] = ()
    reminded_at: datetime | None = None
    escalated_at: datetime | None = None
    decided_at: datetime | None = None
    replaced_by: UUID | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def waiting(self) -> bool:
        """Whether it can still lead to the move."""
        return self.status in WAITING

    @property
    def approvals(self) -> tuple[str, ...]:
        """The keys of the approvals asked for, in order."""
        return tuple(dict.fromkeys(step.approval for step in self.steps))

    @property
    def ballot(self) -> Ballot:
        """The votes as a value that says who may vote and what they amount to."""
        steps = tuple(Step(step.seats, step.quorum, step.extra) for step in self.steps)
        votes = tuple(Vote(vote.step, vote.seat, vote.by, vote.decision) for vote in self.votes)
        return Ballot(self.requested_by, steps, votes)


def load(
    connection: Connection, *conditions: sa.ColumnElement[bool], lock: bool = False
) -> list[ApprovalRequest]:
    """The requests that meet the conditions, oldest first; locked until the transaction ends."""
    statement = sa.select(REQUESTS).where(*conditions).order_by(REQUESTS.c.id)
    rows = connection.execute(statement.with_for_update() if lock else statement).all()
    ids = [row.id for row in rows]
    if not ids:
        return []
    seats = connection.execute(sa.select(SEATS).where(SEATS.c.approval_id.in_(ids))).all()
    cast = sa.select(VOTES).where(VOTES.c.approval_id.in_(ids)).order_by(VOTES.c.id)
    votes = connection.execute(cast).all()
    return [_request(row, seats, votes) for row in rows]


def load_one(connection: Connection, id_: UUID, *, lock: bool = False) -> ApprovalRequest:
    """The request with that id; ``NotFoundError``."""
    found = load(connection, REQUESTS.c.id == id_, lock=lock)
    if not found:
        raise absent(id_)
    return found[0]


def absent(id_: UUID) -> NotFoundError:
    """What is answered for a request that is not there, or not there for the actor."""
    return NotFoundError(_("There is no approval request %(id)s", id=id_))


def _request(row: sa.Row[Any], seats: Iterable[sa.Row[Any]], votes: Iterable[sa.Row[Any]]) -> ApprovalRequest:
    mine = [seat for seat in seats if seat.approval_id == row.id]
    cast = (vote for vote in votes if vote.approval_id == row.id)
    values = dict(row._mapping)
    values["steps"] = tuple(_step(number, raw, mine) for number, raw in enumerate(row.steps))
    values["votes"] = tuple(CastVote(v.step, v.seat_id, v.cast_by, v.decision, v.comment, v.at) for v in cast)
    return ApprovalRequest(**values)


def _step(number: int, raw: Mapping[str, Any], seats: Iterable[sa.Row[Any]]) -> RequestStep:
    asked = [seat for seat in seats if seat.step == number]
    return RequestStep(
        approval=raw["approval"],
        label=raw["label"],
        quorum=raw["quorum"],
        seats=frozenset(seat.user_id for seat in asked if not seat.escalated),
        extra=frozenset(seat.user_id for seat in asked if seat.escalated),
        remind_after=_duration(raw["remind_after"]),
        escalate_after=_duration(raw["escalate_after"]),
        escalate_to=tuple(raw["escalate_to"]),
    )


def _duration(seconds: float | None) -> timedelta | None:
    return timedelta(seconds=seconds) if seconds is not None else None


def insert(connection: Connection, request: ApprovalRequest) -> None:
    """Keep a new request and its seats."""
    row = {column.key: getattr(request, column.key) for column in REQUESTS.columns if column.key != "steps"}
    steps = [step.as_json() for step in request.steps]
    connection.execute(sa.insert(REQUESTS).values(**row, steps=steps))
    for number, step in enumerate(request.steps):
        add_seats(connection, request.id, number, step.seats, escalated=False)


def add_seats(
    connection: Connection, request: UUID, step: int, asked: Iterable[UUID], *, escalated: bool
) -> None:
    """Ask people for their vote in a step."""
    common = {"approval_id": request, "step": step, "escalated": escalated}
    rows = [{**common, "user_id": user} for user in sorted(asked)]
    if rows:
        connection.execute(sa.insert(SEATS), rows)


def add_vote(connection: Connection, request: ApprovalRequest, vote: CastVote) -> ApprovalRequest:
    """Keep a vote; gives the request with it."""
    connection.execute(
        sa.insert(VOTES).values(
            id=new_id(),
            approval_id=request.id,
            step=vote.step,
            seat_id=vote.seat,
            cast_by=vote.by,
            decision=vote.decision,
            comment=vote.comment,
            at=vote.at,
        )
    )
    return replace(request, votes=(*request.votes, vote))


def change(connection: Connection, request: ApprovalRequest, **values: Any) -> ApprovalRequest:
    """Change columns of a request; gives the request as it is then."""
    connection.execute(sa.update(REQUESTS).where(REQUESTS.c.id == request.id).values(**values))
    return replace(request, **values)
