"""Votes on a request, as a value: who may cast one, and what they amount to.

The outcome is always derived from the votes themselves, never counted along,
so there is no counter that could run ahead of them. Nothing here knows a database.

Rules: steps follow one another; within a step everybody is asked at once and
``quorum`` approvals grant it. The requester never votes, neither in a seat of
their own nor for somebody else. A delegate votes in the seat of whoever
delegated; delegation is not passed on. One person counts once a step, in
whatever seat, so that a quorum of two is always two people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from ..errors import ConflictError, ForbiddenError
from ..messages import _

Decision = Literal["approve", "reject"]
Outcome = Literal["pending", "granted", "rejected"]
Delegations = Mapping[UUID, frozenset[UUID]]


@dataclass(frozen=True)
class Step:
    """One round: who is asked (``seats``), how many approvals grant it, and who was
    asked in addition when it took too long (``extra``)."""

    seats: frozenset[UUID]
    quorum: int
    extra: frozenset[UUID] = frozenset()

    @property
    def asked(self) -> frozenset[UUID]:
        """Everybody whose vote is asked for."""
        return self.seats | self.extra


@dataclass(frozen=True)
class Vote:
    """``by`` voted in the seat of ``seat``: their own, or one delegated to them."""

    step: int
    seat: UUID
    by: UUID
    decision: Decision


@dataclass(frozen=True)
class Ballot:
    """A request's steps and the votes cast so far."""

    requester: UUID | None
    steps: tuple[Step, ...]
    votes: tuple[Vote, ...] = ()

    @property
    def current(self) -> int | None:
        """The number of the step that is being voted on, ``None`` when it is over."""
        for number in range(len(self.steps)):
            if self._step_outcome(number) == "pending":
                return number
            if self._step_outcome(number) == "rejected":
                return None
        return None

    @property
    def outcome(self) -> Outcome:
        """``granted`` when every step is, ``rejected`` as soon as one cannot be granted any more."""
        outcomes = [self._step_outcome(number) for number in range(len(self.steps))]
        if "rejected" in outcomes:
            return "rejected"
        return "granted" if outcomes and all(o == "granted" for o in outcomes) else "pending"

    def _step_outcome(self, number: int) -> Outcome:
        step = self.steps[number]
        cast = [vote for vote in self.votes if vote.step == number]
        approvals = sum(vote.decision == "approve" for vote in cast)
        if approvals >= step.quorum:
            return "granted"
        waiting = step.asked - {vote.seat for vote in cast} - {self.requester}
        return "pending" if approvals + len(waiting) >= step.quorum else "rejected"

    def seat_for(self, person: UUID, delegations: Delegations) -> UUID | None:
        """The seat in which ``person`` could vote now: their own, else one delegated to them.

        ``delegations`` maps a person to those who delegated to them.
        """
        if self.current is None or person == self.requester:
            return None
        step = self.steps[self.current]
        cast = [vote for vote in self.votes if vote.step == self.current]
        if any(vote.by == person for vote in cast):
            return None
        free = step.asked - {vote.seat for vote in cast} - {self.requester}
        if person in free:
            return person
        return min(free & delegations.get(person, frozenset()), default=None)

    def cast(self, person: UUID, decision: Decision, delegations: Delegations) -> Ballot:
        """The ballot with one more vote; ``ForbiddenError`` or ``ConflictError`` where it may not be."""
        current = self.current
        if current is None:
            raise ConflictError(_("This request is decided already"), decided=True)
        if person == self.requester:
            raise ForbiddenError(
                _("Nobody approves their own request"),
                hint=_("Ask one of the others, or recall the request."),
            )
        if any(vote.step == current and vote.by == person for vote in self.votes):
            raise ConflictError(_("You have voted on this step already"), voted=True)
        seat = self.seat_for(person, delegations)
        if seat is None:
            raise ForbiddenError(
                _("You are not asked to vote on this"),
                hint=_("An approver can delegate to you for a time."),
            )
        return replace(self, votes=(*self.votes, Vote(current, seat, person, decision)))

    def escalated(self, number: int, people: frozenset[UUID]) -> Ballot:
        """The ballot with more people asked in a step; its quorum stays what it was."""
        step = self.steps[number]
        added = replace(step, extra=step.extra | (people - step.seats - {self.requester}))
        return replace(self, steps=(*self.steps[:number], added, *self.steps[number + 1 :]))
