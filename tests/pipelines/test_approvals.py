"""Approvals as a part of a transition, over a real database."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from tenon.errors import ConflictError, ForbiddenError, GuardError, InvalidError, NotFoundError, TenonError
from tenon.messages import _
from tenon.pipelines import delegation
from tenon.plugin.contributions import (
    AddTransition,
    Approval,
    ApprovalStep,
    Condition,
    Guard,
    PipelinePatch,
    Transition,
)
from tests.pipelines.sales import BIG
from tests.pipelines.world import reasons

FREELY = Guard()


def asking(*steps, when=None, guard=FREELY):
    """A patch that makes winning a deal subject to an approval."""
    way = Transition("*", "won", guard=guard, approvals=(Approval("sign-off", _("Sign-off"), steps, when),))
    return [PipelinePatch("sales", (AddTransition(way),))]


MANAGER = ApprovalStep(("manager",))
BOARD = ApprovalStep(("user:ben@example.com", "user:cat@example.com", "user:dan@example.com"), quorum=2)


@pytest.fixture
def make_company(make_world):
    """Ann works for Ben, Ben for Cat; Dan and Eve stand beside."""

    def make(*steps, **more):
        world = make_world(patches=asking(*steps, **more))
        world.hire("Cat")
        world.hire("Ben", "Cat")
        world.hire("Ann", "Ben")
        world.hire("Dan")
        world.hire("Eve")
        for name, actor in world.actors.items():
            setattr(world, name.lower(), actor)
        return world

    return make


@pytest.fixture
def company(make_company):
    return make_company(MANAGER)


def asked(world, amount=100, by=None, **how):
    id_ = world.create(world.ann, amount=amount)
    outcome = world.move(id_, "won", by or world.ann, **how)
    assert not outcome.moved
    return id_, outcome.request


def test_a_move_that_needs_approval_waits_and_is_made_when_it_is_granted(company):
    id_, request = asked(company, reason="they signed")
    assert company.deal(id_)["stage"] == "prospect"
    assert company.inbox(company.ben) == [request.id]
    assert company.inbox(company.ann) == company.inbox(company.eve) == []
    company.clock.advance(days=2)
    assert company.approve(request, company.ben, "well done").status == "done"
    deal = company.deal(id_)
    assert (deal["stage"], deal["stage_since"]) == ("won", company.clock.now())
    last = company.history(id_)[-1]
    assert (last.actor_id, last.reason, last.overridden) == (company.ann.id, "they signed", False)
    (vote,) = company.request(request.id).votes
    assert (vote.by, vote.decision, vote.comment) == (company.ben.id, "approve", "well done")
    assert [data["decision"] for _id, data in company.named("approval.requested")] == ["pending"]
    assert [data["decision"] for _id, data in company.named("approval.decided")] == ["granted"]
    assert [data["to"] for _id, data in company.named("stage.changed")] == ["won"]
    assert company.inbox(company.ben) == []


def test_values_go_with_the_move(company):
    id_, request = asked(company, values={"next_step": "invoice", "close_date": date(2026, 4, 1)})
    assert company.deal(id_)["next_step"] is None
    company.approve(request, company.ben)
    deal = company.deal(id_)
    assert (deal["stage"], deal["next_step"], deal["close_date"]) == ("won", "invoice", date(2026, 4, 1))


def test_a_plain_update_is_refused_where_approval_is_needed(company):
    id_ = company.create(company.ann, amount=1)
    with pytest.raises(GuardError) as error:
        company.update(id_, company.ann, stage="won")
    assert reasons(error.value) == [("/stage", "approval-needed")]
    assert "Sign-off" in error.value.problems[0].detail


def test_creating_a_record_in_the_stage_does_not_go_around_the_approval(company):
    with pytest.raises(GuardError) as error:
        company.create(company.ann, amount=1, stage="won")
    assert reasons(error.value) == [("/stage", "approval-needed")]


def test_nobody_talks_themselves_into_a_grant(company):
    """A note that names a request is believed only as far as that request was granted."""
    id_, request = asked(company)
    for named in (request.id, str(request.id)):
        with pytest.raises(GuardError):
            company.update(id_, company.ann, note={"approval": named}, stage="won")
    with pytest.raises(NotFoundError):
        company.update(id_, company.ann, note={"approval": uuid4()}, stage="won")


def test_a_grant_serves_one_record_and_one_move(make_company):
    company = make_company(MANAGER, guard=Guard(requires=("next_step",)))
    id_ = company.create(company.ann, amount=100, next_step="x")
    request = company.move(id_, "won", company.ann).request
    company.update(id_, company.ann, next_step=None)
    assert company.approve(request, company.ben).status == "granted"
    other = company.create(company.ann, amount=100, next_step="x")
    with pytest.raises(GuardError) as error:
        company.update(other, company.ann, note={"approval": request.id}, stage="won")
    assert reasons(error.value) == [("/stage", "approval-needed")]


def test_guards_come_first_and_nothing_is_asked_while_they_refuse(company):
    id_ = company.create(company.ann)
    with pytest.raises(GuardError) as error:
        company.move(id_, "won", company.ann)
    assert reasons(error.value) == [("/amount", "required"), ("/stage", "approval-needed")]
    assert company.inbox(company.ben) == []


def test_an_approval_asked_only_on_a_condition_is_not_asked_without_it(make_company):
    company = make_company(MANAGER, when=BIG.when)
    small = company.create(company.ann, amount=49_999)
    assert company.move(small, "won", company.ann).moved
    large = company.create(company.ann, amount=1)
    assert not company.move(large, "won", company.ann, values={"amount": 50_000}).moved
    found = {move.stage.key: move for move in company.available(large)}
    assert found["won"].approvals == ()


def test_an_override_goes_against_the_approval_as_against_any_guard(company):
    id_, request = asked(company)
    assert company.move(id_, "won", company.ann, override=True, reason="the board said so").moved
    assert company.history(id_)[-1].overridden
    assert company.request(request.id).status == "void"


def test_what_a_move_waits_for_is_shown(company):
    id_ = company.create(company.ann, amount=1)
    won = {move.stage.key: move for move in company.available(id_)}["won"]
    assert won.allowed
    assert [approval.key for approval in won.approvals] == ["sign-off"]


# Votes


def test_steps_are_sequential_and_a_quorum_within_a_step_suffices(make_company):
    company = make_company(MANAGER, BOARD)
    id_, request = asked(company)
    assert company.inbox(company.dan) == []
    with pytest.raises(ForbiddenError):
        company.approve(request, company.dan)
    assert company.approve(request, company.ben).step == 1
    assert company.inbox(company.dan) == [request.id]
    company.approve(request, company.cat)
    assert company.deal(id_)["stage"] == "prospect"
    assert company.approve(request, company.dan).status == "done"
    assert company.deal(id_)["stage"] == "won"


def test_a_rejection_ends_the_request_once_the_quorum_is_out_of_reach(make_company):
    company = make_company(BOARD)
    id_, request = asked(company)
    assert company.reject(request, company.ben, "too early").status == "pending"
    assert company.reject(request, company.cat).status == "rejected"
    with pytest.raises(ConflictError, match="rejected already"):
        company.approve(request, company.dan)
    assert company.deal(id_)["stage"] == "prospect"
    again = company.move(id_, "won", company.ann)
    assert again.request.id != request.id


def test_nobody_approves_their_own_request_though_they_are_asked(make_company):
    company = make_company(ApprovalStep(("user:ann@example.com", "user:ben@example.com"), quorum=1))
    _id, request = asked(company)
    assert company.inbox(company.ann) == []
    with pytest.raises(ForbiddenError, match="their own request"):
        company.approve(request, company.ann)


def test_where_only_the_requester_could_approve_it_goes_to_their_manager(make_company):
    company = make_company(ApprovalStep(("user:ann@example.com",)))
    _id, request = asked(company)
    assert company.inbox(company.ben) == [request.id]


def test_a_request_that_nobody_could_grant_is_refused_at_once(company):
    id_ = company.create(company.cat, amount=1)
    with pytest.raises(GuardError) as error:
        company.move(id_, "won", company.cat)
    assert reasons(error.value) == [("/stage", "approval-impossible")]


def test_the_same_vote_twice_counts_once(make_company):
    company = make_company(BOARD)
    id_, request = asked(company)
    company.approve(request, company.ben)
    with pytest.raises(ConflictError, match="voted on this step"):
        company.approve(request, company.ben)
    assert len(company.request(request.id).votes) == 1
    assert company.deal(id_)["stage"] == "prospect"


@pytest.mark.parametrize("voters", [("ben", "cat"), ("ben", "ben"), ("ben", "cat", "dan")])
def test_votes_at_the_same_moment_are_counted_one_after_the_other(make_company, voters):
    company = make_company(BOARD)
    id_, request = asked(company)
    start = threading.Barrier(len(voters))
    outcomes = []

    def vote(name):
        start.wait()
        try:
            outcomes.append(company.approve(request, company.actors[name.title()]).status)
        except TenonError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=vote, args=(name,)) for name in voters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = company.request(request.id)
    people = len(set(voters))
    assert sorted(outcomes) == sorted(
        ["pending", "done", "conflict"][:people] + ["conflict"] * (len(voters) - people)
    )
    assert company.deal(id_)["stage"] == ("won" if people >= 2 else "prospect")
    assert len(found.votes) == min(people, 2)


def test_the_system_does_not_vote(company):
    _id, request = asked(company)
    with pytest.raises(ForbiddenError):
        company.approve(request, company.admin)


# Delegation


def delegate(company, person, to, start=0, days=7):
    begins = company.clock.now() + timedelta(days=start)
    with company.records.writing(person) as work:
        return delegation.delegate(work, to.id, begins, begins + timedelta(days=days))


def test_a_delegate_votes_in_the_range_of_dates_and_not_outside(company):
    delegate(company, company.ben, company.eve, start=1, days=2)
    id_, request = asked(company)
    with pytest.raises(ForbiddenError):
        company.approve(request, company.eve)
    company.clock.advance(days=3)
    with pytest.raises(ForbiddenError):
        company.approve(request, company.eve)
    company.clock.advance(days=-1)
    assert company.inbox(company.eve) == [request.id]
    assert company.approve(request, company.eve).status == "done"
    (vote,) = company.request(request.id).votes
    assert (vote.seat, vote.by) == (company.ben.id, company.eve.id)
    assert company.deal(id_)["stage"] == "won"


def test_delegation_never_lets_anybody_approve_their_own_request(company):
    delegate(company, company.ben, company.ann)
    _id, request = asked(company)
    assert company.inbox(company.ann) == []
    with pytest.raises(ForbiddenError, match="their own request"):
        company.approve(request, company.ann)


def test_the_requesters_seat_is_not_filled_by_their_delegate(make_company):
    company = make_company(ApprovalStep(("user:ann@example.com", "user:ben@example.com"), quorum=1))
    delegate(company, company.ann, company.eve)
    _id, request = asked(company)
    with pytest.raises(ForbiddenError):
        company.approve(request, company.eve)


def test_a_revoked_delegation_is_over(company):
    given = delegate(company, company.ben, company.eve)
    with company.records.writing(company.dan) as work, pytest.raises(NotFoundError):
        delegation.revoke(work, given.id)
    with company.records.writing(company.ben) as work:
        assert delegation.delegations(work) == [given]
        delegation.revoke(work, given.id)
        assert delegation.delegations(work) == []
    _id, request = asked(company)
    with pytest.raises(ForbiddenError):
        company.approve(request, company.eve)


def test_a_delegation_needs_somebody_else_and_an_end(company):
    with pytest.raises(InvalidError) as error:
        delegate(company, company.ben, company.ben, days=-1)
    assert [pointer for pointer, _code in reasons(error.value)] == ["/to", "/ends_at"]
    with pytest.raises(InvalidError):
        delegate(company, company.ben, replace(company.eve, id=uuid4()))


# Recall and repetition


def test_only_the_requester_recalls(company):
    id_, request = asked(company)
    for somebody in (company.ben, company.admin):
        with company.records.writing(somebody) as work, pytest.raises(ForbiddenError):
            company.pipelines.approvals.recall(work, request.id)
    with company.records.writing(company.ann) as work:
        assert company.pipelines.approvals.recall(work, request.id).status == "recalled"
    with pytest.raises(ConflictError):
        company.approve(request, company.ben)
    assert company.deal(id_)["stage"] == "prospect"
    assert company.named("approval.decided")[-1][1]["decision"] == "recalled"


def test_asking_again_for_the_same_gives_the_same_request(company):
    id_, request = asked(company)
    assert company.move(id_, "won", company.ann).request.id == request.id
    with pytest.raises(ConflictError, match="waits for approval already"):
        company.move(id_, "won", company.ann, values={"next_step": "else"})
    with pytest.raises(ConflictError, match="waits for approval already"):
        company.move(id_, "won", company.ben)


# What an approval covers


def test_a_moved_value_that_the_record_has_already_is_no_obstacle(company):
    id_, request = asked(company, amount=100, values={"amount": 100})
    assert company.approve(request, company.ben).status == "done"
    assert company.deal(id_)["stage"] == "won"


def test_a_changed_amount_makes_the_approval_void_and_asks_again(company):
    id_, request = asked(company, amount=100)
    company.update(id_, company.ann, amount=100_000)
    outcome = company.approve(request, company.ben)
    assert outcome.status == "void"
    assert company.deal(id_)["stage"] == "prospect"
    again = company.request(outcome.replaced_by)
    assert (again.status, again.requested_by, again.votes) == ("pending", company.ann.id, ())
    assert again.covers["amount"] != request.covers["amount"]
    assert company.approve(again, company.ben).status == "done"


def test_votes_before_the_change_do_not_count_after_it(make_company):
    company = make_company(BOARD)
    id_, request = asked(company)
    company.approve(request, company.ben)
    company.update(id_, company.ann, amount_currency="USD")
    again = company.approve(request, company.cat).replaced_by
    assert company.request(again).votes == ()
    assert company.approve(company.request(again), company.dan).status == "pending"


def test_what_the_approval_does_not_cover_may_change(company):
    id_, request = asked(company)
    company.update(id_, company.ann, name="Acme Ltd")
    assert company.approve(request, company.ben).status == "done"
    assert company.deal(id_)["name"] == "Acme Ltd"


def test_a_moved_value_that_somebody_changed_is_covered_too(company):
    _id, request = asked(company, values={"next_step": "invoice"})
    company.update(request.record_id, company.dan, next_step="wait")
    assert company.approve(request, company.ben).status == "void"


def test_an_approval_no_longer_needed_is_void_without_another(make_company):
    company = make_company(MANAGER, when=Condition("amount", "gte", 100))
    id_, request = asked(company, amount=100)
    company.update(id_, company.ann, amount=99)
    outcome = company.approve(request, company.ben)
    assert (outcome.status, outcome.replaced_by) == ("void", None)
    assert company.move(id_, "won", company.ann).moved


@pytest.mark.parametrize("end", ["move", "archive"])
def test_a_record_that_moves_or_goes_ends_what_waits_for_it(company, end):
    id_, request = asked(company)
    if end == "move":
        company.move(id_, "lost", company.ann)
    else:
        with company.records.writing(company.ann) as work:
            work.archive("deal", id_)
    assert company.request(request.id).status == "void"
    with pytest.raises(ConflictError):
        company.approve(request, company.ben)


def test_guards_judge_again_when_the_move_is_made(make_company):
    company = make_company(MANAGER, guard=Guard(requires=("next_step",)))
    id_ = company.create(company.ann, amount=100, next_step="sign")
    request = company.move(id_, "won", company.ann).request
    company.update(id_, company.ann, next_step=None)
    outcome = company.approve(request, company.ben)
    assert outcome.status == "granted"
    assert [(p.pointer, p.code) for p in outcome.problems] == [("/next_step", "required")]
    assert company.deal(id_)["stage"] == "prospect"
    company.update(id_, company.ann, next_step="sign")
    outcome = company.move(id_, "won", company.ann)
    assert outcome.moved
    assert company.request(request.id).status == "done"


def test_a_grant_is_lost_when_the_amount_changes_before_the_move(make_company):
    company = make_company(MANAGER, guard=Guard(requires=("next_step",)))
    id_ = company.create(company.ann, amount=100, next_step="sign")
    request = company.move(id_, "won", company.ann).request
    company.update(id_, company.ann, next_step=None)
    assert company.approve(request, company.ben).status == "granted"
    company.update(id_, company.ann, next_step="sign", amount=Decimal("1000000"))
    outcome = company.move(id_, "won", company.ann)
    assert not outcome.moved
    assert outcome.request.id != request.id
    assert company.request(request.id).status == "void"


def test_whoever_votes_last_need_not_be_able_to_see_or_change_the_record(company):
    id_, request = asked(company)
    company.rules.out_of_reach |= {"read", "update", "transition"}
    assert company.approve(request, company.ben).status == "done"
    assert company.deal(id_)["stage"] == "won"


def test_a_request_is_shown_to_those_it_concerns(company):
    id_, request = asked(company)
    company.rules.out_of_reach.add("read")
    for person in (company.ann, company.ben):
        with company.records.reading(person) as work:
            assert company.pipelines.approvals.get(work, request.id).id == request.id
    with company.records.reading(company.eve) as work:
        with pytest.raises(NotFoundError):
            company.pipelines.approvals.get(work, request.id)
        with pytest.raises(NotFoundError):
            company.pipelines.approvals.of_record(work, "deal", id_)


# With time


def test_reminders_and_escalation_come_once_a_step(make_company):
    slow = ApprovalStep(
        ("manager",),
        remind_after=timedelta(days=1),
        escalate_after=timedelta(days=3),
        escalate_to=("manager",),
    )
    company = make_company(slow)
    id_, request = asked(company)
    for _hour in range(24 * 5):
        company.clock.advance(hours=1)
        company.pipelines.chase_approvals()
    assert len(company.named("approval.reminded")) == len(company.named("approval.escalated")) == 1
    assert company.inbox(company.cat) == company.inbox(company.ben) == [request.id]
    assert company.approve(request, company.cat).status == "done"
    assert company.deal(id_)["stage"] == "won"


def test_escalation_never_asks_the_requester(make_company):
    step = ApprovalStep(
        ("user:dan@example.com",),
        escalate_after=timedelta(days=1),
        escalate_to=("user:ann@example.com", "owner"),
    )
    company = make_company(step)
    _id, request = asked(company)
    company.clock.advance(days=2)
    company.pipelines.chase_approvals()
    with pytest.raises(ForbiddenError):
        company.approve(request, company.ann)


# Who is meant


def test_refs_name_managers_teams_roles_owners_and_fields(make_company):
    company = make_company(MANAGER)
    lead = company.hire("Lea")
    board = company.team("Board", company.cat)
    sales = company.team("Sales", lead, parent=board)
    fay = company.hire("Fay", team_id=sales)
    gus = company.hire("Gus", team_id=sales)
    company.hire("Hal", team_id=sales, active=False)
    with company.records.writing(company.admin) as work:
        record = work.get("deal", work.create("deal", {"name": "X", "owner_id": fay.id}).id)
        named = lambda *refs, by=fay: pipelines_people(work, refs, by, record)  # noqa: E731
        assert named("team:Sales") == {fay.id, gus.id}
        assert named("manager") == {lead.id}
        assert named("manager", by=company.ann) == {company.ben.id}
        assert named("manager+1", by=company.ann) == {company.cat.id}
        assert named("manager", by=company.cat) == set()
        assert named("owner", "field:created_by") == {fay.id}
        assert named("user:GUS@example.com", "user:nobody@example.com") == {gus.id}
        assert named("role:none") == set()


def pipelines_people(work, refs, by, record):
    from tenon.pipelines.directory import people

    return people(work.unguarded, refs, by.id, record)
