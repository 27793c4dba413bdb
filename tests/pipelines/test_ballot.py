"""Who may vote, what the votes amount to, and that nothing is granted without them."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tenon.errors import ConflictError, ForbiddenError
from tenon.pipelines.ballot import Ballot, Step, Vote

PEOPLE = [UUID(int=number) for number in range(1, 7)]
ANN, BEN, CAT, DAN, EVE, FAY = PEOPLE
NOBODY: dict[UUID, frozenset[UUID]] = {}


def ballot(*steps, requester=ANN):
    return Ballot(requester, tuple(Step(frozenset(seats), quorum) for seats, quorum in steps))


def test_steps_follow_one_another_and_a_quorum_grants_each():
    asked = ballot(({BEN, CAT, DAN}, 2), ({EVE}, 1))
    with pytest.raises(ForbiddenError, match="not asked"):
        asked.cast(EVE, "approve", NOBODY)
    asked = asked.cast(BEN, "approve", NOBODY)
    assert (asked.current, asked.outcome) == (0, "pending")
    asked = asked.cast(DAN, "approve", NOBODY)
    assert (asked.current, asked.outcome) == (1, "pending")
    asked = asked.cast(EVE, "approve", NOBODY)
    assert (asked.current, asked.outcome) == (None, "granted")
    with pytest.raises(ConflictError, match="decided already"):
        asked.cast(CAT, "approve", NOBODY)


def test_a_request_is_rejected_as_soon_as_its_quorum_is_out_of_reach():
    asked = ballot(({BEN, CAT, DAN}, 2)).cast(BEN, "reject", NOBODY)
    assert asked.outcome == "pending"
    assert asked.cast(CAT, "reject", NOBODY).outcome == "rejected"
    assert asked.cast(CAT, "approve", NOBODY).cast(DAN, "approve", NOBODY).outcome == "granted"


def test_nobody_votes_on_their_own_request():
    with pytest.raises(ForbiddenError, match="their own request"):
        ballot(({ANN, BEN}, 1)).cast(ANN, "approve", NOBODY)


def test_the_requesters_own_seat_cannot_be_voted_in_by_a_delegate():
    asked = ballot(({ANN, BEN}, 1))
    with pytest.raises(ForbiddenError, match="not asked"):
        asked.cast(CAT, "approve", {CAT: frozenset({ANN})})


def test_the_requester_cannot_vote_as_somebodys_delegate():
    with pytest.raises(ForbiddenError, match="their own request"):
        ballot(({BEN}, 1)).cast(ANN, "approve", {ANN: frozenset({BEN})})


def test_a_delegate_votes_in_the_seat_of_whoever_delegated():
    asked = ballot(({BEN}, 1)).cast(CAT, "approve", {CAT: frozenset({BEN})})
    assert asked.votes == (Vote(0, BEN, CAT, "approve"),)
    assert asked.outcome == "granted"


def test_delegation_is_not_passed_on():
    chain = {CAT: frozenset({BEN}), DAN: frozenset({CAT})}
    with pytest.raises(ForbiddenError):
        ballot(({BEN}, 1)).cast(DAN, "approve", chain)


def test_a_quorum_of_two_is_two_people_however_many_seats_one_holds():
    seats = {DAN: frozenset({BEN, CAT})}
    asked = ballot(({BEN, CAT}, 2)).cast(DAN, "approve", seats)
    with pytest.raises(ConflictError, match="voted on this step"):
        asked.cast(DAN, "approve", seats)
    assert asked.cast(CAT, "approve", NOBODY).outcome == "granted"


def test_the_same_vote_twice_counts_once():
    asked = ballot(({BEN, CAT}, 2)).cast(BEN, "approve", NOBODY)
    with pytest.raises(ConflictError, match="voted on this step"):
        asked.cast(BEN, "approve", NOBODY)


def test_escalation_asks_more_people_and_keeps_the_quorum():
    asked = ballot(({BEN, CAT}, 2)).escalated(0, frozenset({EVE, ANN}))
    assert asked.steps[0].asked == {BEN, CAT, EVE}
    asked = asked.cast(BEN, "approve", NOBODY)
    assert asked.outcome == "pending"
    assert asked.cast(EVE, "approve", NOBODY).outcome == "granted"


class CountingBallot(Ballot):
    """The naive version: whoever can name a seat votes, and votes are counted."""

    def cast(self, person, decision, delegations):
        if self.current is None:
            raise ConflictError
        may = self.steps[self.current].asked & ({person} | delegations.get(person, frozenset()))
        if not may:
            raise ForbiddenError
        return replace(self, votes=(*self.votes, Vote(self.current, min(may), person, decision)))


class Voting(RuleBasedStateMachine):
    """Anybody tries anything; what is granted must have been voted for by the right people."""

    kind = Ballot

    @initialize(
        requester=st.sampled_from(PEOPLE),
        seats=st.lists(st.frozensets(st.sampled_from(PEOPLE), min_size=1), min_size=1, max_size=3),
        quorum=st.integers(1, 3),
    )
    def ask(self, requester, seats, quorum):
        steps = tuple(Step(found, quorum) for found in seats if len(found - {requester}) >= quorum)
        self.ballot = self.kind(requester, steps)
        self.delegations = {}
        self.approved = {}

    @rule(person=st.sampled_from(PEOPLE), to=st.sampled_from(PEOPLE))
    def delegate(self, person, to):
        self.delegations[to] = self.delegations.get(to, frozenset()) | {person}

    @rule(people=st.frozensets(st.sampled_from(PEOPLE)))
    def escalate(self, people):
        if self.ballot.current is not None:
            self.ballot = self.ballot.escalated(self.ballot.current, people)

    @rule(person=st.sampled_from(PEOPLE), decision=st.sampled_from(["approve", "approve", "reject"]))
    def vote(self, person, decision):
        before = self.ballot
        try:
            self.ballot = before.cast(person, decision, self.delegations)
        except (ForbiddenError, ConflictError):
            return
        if decision == "approve":
            asked = before.steps[before.current].asked
            seats = asked & ({person} | self.delegations.get(person, frozenset())) - {before.requester}
            self.approved.setdefault(before.current, []).append((person, seats))

    @invariant()
    def what_is_granted_was_voted_for(self):
        if not hasattr(self, "ballot") or self.ballot.outcome != "granted":
            return
        for number, step in enumerate(self.ballot.steps):
            voters = {person for person, seats in self.approved[number] if seats}
            assert self.ballot.requester not in voters
            assert len(voters) >= step.quorum

    @invariant()
    def a_decided_request_stays_decided(self):
        if hasattr(self, "ballot") and self.ballot.outcome != "pending":
            assert self.ballot.current is None


class NaiveVoting(Voting):
    kind = CountingBallot


RUN = settings(max_examples=100, stateful_step_count=25, deadline=None)
# Only that it fails matters here, not the smallest way to.
FAIL = settings(RUN, phases=[Phase.generate], print_blob=False, report_multiple_bugs=False)


def test_no_path_reaches_granted_without_the_required_votes():
    run_state_machine_as_test(Voting, settings=RUN)


def test_the_same_law_catches_a_version_that_only_counts_votes():
    with pytest.raises(AssertionError):
        run_state_machine_as_test(NaiveVoting, settings=FAIL)
