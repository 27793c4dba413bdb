"""Approvals as a part of a transition: asked, voted on, and then the move is made.

A request covers the values that go with the move, and the amount and whatever
else decided that it was needed. When the record changes in one of these before
the end, the request is void and asked again: nobody agrees to what they did not
see. The guards judge the move once more when it is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

import sqlalchemy as sa

from ..errors import (
    ConflictError,
    ForbiddenError,
    GuardError,
    InvalidError,
    NotFoundError,
    Problem,
    TenonError,
)
from ..identity.actor import system
from ..messages import _
from ..records import reach
from ..records.work import Work
from ..storage.ids import new_id
from . import delegation, directory, requests
from .ballot import Decision
from .covers import covered, same_as_asked, same_values
from .definition import Definitions
from .guards import Attempt, Proposed, approvals_for
from .requests import REQUESTS, SEATS, WAITING, ApprovalRequest, CastVote, RequestStep
from .rounds import rounds
from .transitions import attempt_of

if TYPE_CHECKING:
    from ..records.record import Record
    from ..records.signals import Change

REFUSALS = (GuardError, InvalidError, ConflictError, ForbiddenError, NotFoundError)


class Emit(Protocol):
    """Writes one event in the transaction of ``work``."""

    def __call__(
        self, work: Work, name: str, entity: str, record_id: UUID, payload: Mapping[str, Any], /
    ) -> object: ...


class Approvals:
    """Requests and votes. ``emit`` writes events into the outbox."""

    def __init__(self, definitions: Definitions, emit: Emit) -> None:
        self.definitions = definitions
        self.emit = emit
        self._asked_at_all = any(
            transition.approvals
            for pipeline in definitions.pipelines.values()
            for transition in pipeline.transitions
        )

    # Asking

    def ask(
        self, work: Work, record: Record, attempt: Attempt, values: Mapping[str, Any], reason: str | None
    ) -> ApprovalRequest:
        """A request for a move, or the one that waits for the same move already.

        ``values`` are Python values that go with the move. ``ConflictError`` while
        another move waits, ``GuardError`` where nobody could approve.
        """
        wanted = self._request(work, record, attempt, values, reason, work.actor.id)
        waiting = requests.load(
            work.unguarded, REQUESTS.c.record_id == record.id, REQUESTS.c.status.in_(WAITING), lock=True
        )
        for found in waiting:
            if not same_as_asked(record, found.covers):
                self._decide(work, found, "void")
            elif _same_move(found, wanted):
                return self._make(work, found) if found.status == "granted" else found
            else:
                raise ConflictError(
                    _("A move to %(stage)s waits for approval already", stage=found.target),
                    hint=_("Recall that request first."),
                    request_id=found.id,
                )
        return self._keep(work, wanted)

    def _request(
        self,
        work: Work,
        record: Record,
        attempt: Attempt,
        values: Mapping[str, Any],
        reason: str | None,
        requester: UUID | None,
    ) -> ApprovalRequest:
        approvals = approvals_for(attempt, Proposed(record.entity, record, values))
        moved = {p: v for p, v in values.items() if p not in ("stage", "pipeline")}
        return ApprovalRequest(
            id=new_id(),
            entity=record.entity.name,
            record_id=record.id,
            pipeline=attempt.pipeline.key,
            source=attempt.source.key if attempt.source else None,
            target=attempt.target.key,
            status="pending",
            requested_by=requester,
            requested_at=work.now,
            reason=reason,
            values={path: record.entity.field(path).dump(value) for path, value in moved.items()},
            covers=covered(record, moved, approvals),
            steps=rounds(work, record, approvals, requester),
            step=0,
            step_since=work.now,
        )

    def _keep(self, work: Work, request: ApprovalRequest) -> ApprovalRequest:
        requests.insert(work.unguarded, request)
        self._tell(work, "approval.requested", request)
        return request

    # Voting

    def approve(self, work: Work, id_: UUID, comment: str | None = None) -> ApprovalRequest:
        """Agree. The last approval that was missing makes the move."""
        return self._vote(work, id_, "approve", comment)

    def reject(self, work: Work, id_: UUID, comment: str | None = None) -> ApprovalRequest:
        """Refuse; the request is rejected once it cannot be granted any more."""
        return self._vote(work, id_, "reject", comment)

    def _vote(self, work: Work, id_: UUID, decision: Decision, comment: str | None) -> ApprovalRequest:
        """``ForbiddenError`` for who is not asked, ``ConflictError`` where it is decided.

        A request whose record changed comes back ``void``, with ``replaced_by`` where
        it was asked again; the vote is not counted.
        """
        request, record = self._locked(work, id_)
        person = work.actor.id
        if person is None:
            raise ForbiddenError(_("The system does not vote"), hint=_("Vote as a person."))
        if request.status != "pending":
            raise ConflictError(_("This request is %(status)s already", status=request.status))
        ballot = request.ballot.cast(person, decision, delegation.seats_of(work, person))
        if record is None or not same_as_asked(record, request.covers):
            return self._ask_again(work, request, record)
        cast = ballot.votes[-1]
        vote = CastVote(cast.step, cast.seat, cast.by, decision, comment, work.now)
        request = requests.add_vote(work.unguarded, request, vote)
        if ballot.outcome == "rejected":
            return self._decide(work, request, "rejected")
        if ballot.outcome == "granted":
            return self._make(work, self._decide(work, request, "granted"))
        if ballot.current != request.step:
            fresh = {"step_since": work.now, "reminded_at": None, "escalated_at": None}
            return requests.change(work.unguarded, request, step=ballot.current, **fresh)
        return request

    def _locked(self, work: Work, id_: UUID) -> tuple[ApprovalRequest, Record | None]:
        """The request and its record, locked in the order in which a move locks them."""
        found = self.get(work, id_)
        type_ = work.type(found.entity)
        own = sa.select(type_.table.c.id).where(type_.table.c.id == found.record_id)
        work.unguarded.execute(own.with_for_update())
        try:
            record = self._acting(work, found).get(found.entity, found.record_id)
        except NotFoundError:
            record = None
        return requests.load_one(work.unguarded, id_, lock=True), record

    def _ask_again(self, work: Work, request: ApprovalRequest, record: Record | None) -> ApprovalRequest:
        void = self._decide(work, request, "void")
        if record is None:
            return void
        pipeline = self.definitions.get(request.entity, request.pipeline)
        stage = pipeline.stages.get(request.target) if pipeline is not None else None
        if pipeline is None or stage is None or record["stage"] != request.covers["stage"]:
            return void
        values = {path: record.entity.field(path).load(value) for path, value in request.values.items()}
        attempt = attempt_of(self.definitions, record, pipeline, stage)
        if not approvals_for(attempt, Proposed(record.entity, record, values)):
            return void
        try:
            again = self._request(work, record, attempt, values, request.reason, request.requested_by)
        except GuardError:
            # There is nobody left who could approve: whoever asked has to see to that.
            return void
        self._keep(work, again)
        return requests.change(work.unguarded, void, replaced_by=again.id)

    # Deciding

    def _decide(self, work: Work, request: ApprovalRequest, status: str) -> ApprovalRequest:
        decided = requests.change(work.unguarded, request, status=status, decided_at=work.now)
        self._tell(work, "approval.decided", decided)
        return decided

    def _acting(self, work: Work, request: ApprovalRequest) -> Work:
        """Work in the same transaction with the authority that the approval gives.

        Whoever votes last need not be able to change the record; whoever asked was.
        """
        actor = system(f"approval {request.id}")
        return Work(work.records, work.unguarded, actor, via="approval", now=work.now, batch=work.batch)

    def _make(self, work: Work, request: ApprovalRequest) -> ApprovalRequest:
        """Make the move that was granted. Guards that refuse it leave it granted, to be tried again."""
        acting = self._acting(work, request)
        note: dict[str, Any] = {"approval": str(request.id), "requested_by": request.requested_by}
        if request.reason:
            note["reason"] = request.reason
        moved = {**request.values, "pipeline": request.pipeline, "stage": request.target}
        try:
            with work.unguarded.begin_nested():
                acting.update(request.entity, request.record_id, moved, note=note)
                acting.flush()
        except REFUSALS as error:
            return replace(request, problems=_reasons(error))
        return requests.change(work.unguarded, request, status="done")

    def granted(self, work: Work, change: Change, attempt: Attempt) -> bool:
        """Whether the request that a change names was granted for this very move."""
        named = change.note.get("approval")
        if named is None or change.before is None:
            return False
        request = requests.load_one(work.unguarded, UUID(str(named)))
        return (
            request.status == "granted"
            and request.ballot.outcome == "granted"
            and (request.record_id, request.pipeline, request.target)
            == (change.before.id, attempt.pipeline.key, attempt.target.key)
            and same_as_asked(change.before, request.covers)
            and same_values(change, request.values)
            and {a.key for a in approvals_for(attempt, _proposed(change))} <= set(request.approvals)
        )

    def recall(self, work: Work, id_: UUID) -> ApprovalRequest:
        """Take a request back; only who made it can."""
        request, _record = self._locked(work, id_)
        if work.actor.id is None or request.requested_by != work.actor.id:
            raise ForbiddenError(_("Only who asked for an approval can recall it"))
        if not request.waiting:
            raise ConflictError(_("This request is %(status)s already", status=request.status))
        return self._decide(work, request, "recalled")

    # Looking

    def get(self, work: Work, id_: UUID) -> ApprovalRequest:
        """A request, for those it concerns and those who may see its record."""
        request = requests.load_one(work.unguarded, id_)
        me = work.actor.id
        asked = frozenset[UUID]().union(*(step.seats | step.extra for step in request.steps))
        mine = delegation.seats_of(work, me)[me] | {me} if me is not None else frozenset()
        if (
            request.requested_by != me
            and not asked & mine
            and not reach.readable(work, request.entity, [request.record_id])
        ):
            raise requests.absent(id_)
        return request

    def of_record(self, work: Work, entity: str, id_: UUID) -> list[ApprovalRequest]:
        """The requests of a record that the actor may see, newest first."""
        work.get(entity, id_)
        return requests.load(work.unguarded, REQUESTS.c.record_id == id_, REQUESTS.c.entity == entity)[::-1]

    def inbox(self, work: Work) -> list[ApprovalRequest]:
        """The requests that wait for the actor's vote, their own or one delegated to them; oldest first."""
        me = work.actor.id
        if me is None:
            return []
        seats = delegation.seats_of(work, me)
        asked = sa.select(SEATS.c.approval_id).where(
            SEATS.c.user_id.in_(seats[me] | {me}), SEATS.c.step == REQUESTS.c.step
        )
        found = requests.load(work.unguarded, REQUESTS.c.status == "pending", REQUESTS.c.id.in_(asked))
        return [request for request in found if request.ballot.seat_for(me, seats) is not None]

    # With time

    def chase(self, work: Work) -> int:
        """Remind and escalate what waits too long; gives how many requests that concerned."""
        pending = requests.load(work.unguarded, REQUESTS.c.status == "pending", lock=True)
        return sum([self._chase(work, request) for request in pending])

    def _chase(self, work: Work, request: ApprovalRequest) -> bool:
        step = request.steps[request.step]
        waited = work.now - request.step_since
        reminding = request.reminded_at is None and _over(waited, step.remind_after)
        escalating = request.escalated_at is None and _over(waited, step.escalate_after)
        if reminding:
            requests.change(work.unguarded, request, reminded_at=work.now)
            self._tell(work, "approval.reminded", request)
        if escalating:
            self._escalate(work, request, step)
        return reminding or escalating

    def _escalate(self, work: Work, request: ApprovalRequest, step: RequestStep) -> None:
        """Ask more people; ``manager`` is here the manager of whoever has not voted."""
        voted = {vote.seat for vote in request.votes if vote.step == request.step}
        refs = [ref for ref in step.escalate_to if not ref.startswith("manager")]
        record = self._acting(work, request).get(request.entity, request.record_id)
        asked = directory.people(work.unguarded, refs, request.requested_by, record)
        if len(refs) < len(step.escalate_to):
            asked |= directory.managers(work.unguarded, step.seats - voted)
        new = asked - step.seats - step.extra - {request.requested_by}
        requests.add_seats(work.unguarded, request.id, request.step, new, escalated=True)
        requests.change(work.unguarded, request, escalated_at=work.now)
        self._tell(work, "approval.escalated", request)

    # When records change

    def written(self, work: Work, changes: Sequence[Change]) -> None:
        """What waits for a record that moved, or went away, is void."""
        if not self._asked_at_all:
            return
        ended = [change for change in changes if change.before is not None and _ends_requests(change)]
        if not ended:
            return
        made = {UUID(str(change.note["approval"])) for change in ended if "approval" in change.note}
        ids = [change.before.id for change in ended if change.before is not None]
        waiting = REQUESTS.c.record_id.in_(ids), REQUESTS.c.status.in_(WAITING)
        for request in requests.load(work.unguarded, *waiting):
            if request.id not in made:
                self._decide(work, request, "void")

    def _tell(self, work: Work, name: str, request: ApprovalRequest) -> None:
        payload = {
            "request_id": request.id,
            "approval": list(request.approvals),
            "pipeline": request.pipeline,
            "from": request.source,
            "to": request.target,
            "decision": request.status,
        }
        self.emit(work, name, request.entity, request.record_id, payload)


def _over(waited: timedelta, after: timedelta | None) -> bool:
    return after is not None and waited >= after


def _same_move(found: ApprovalRequest, wanted: ApprovalRequest) -> bool:
    return all(
        getattr(found, name) == getattr(wanted, name)
        for name in ("pipeline", "target", "values", "covers", "requested_by")
    )


def _proposed(change: Change) -> Proposed:
    return Proposed(change.entity, change.before, change.values)


def _ends_requests(change: Change) -> bool:
    return change.action in ("archive", "remove") or change.changed("stage") or change.changed("pipeline")


def _reasons(error: TenonError) -> tuple[Problem, ...]:
    return error.problems or (Problem("", error.code, str(error.message)),)
