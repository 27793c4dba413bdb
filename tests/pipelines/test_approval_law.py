"""Whatever people try, a deal is won only with the votes it takes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenon.errors import TenonError
from tenon.messages import _
from tenon.pipelines import delegation
from tenon.pipelines.models import Delegation
from tenon.plugin.contributions import AddTransition, Approval, ApprovalStep, PipelinePatch, Transition
from tests.pipelines.world import World

NAMES = ["Ann", "Ben", "Cat", "Dan"]
STEPS = (
    ApprovalStep(("user:ann@example.com", "user:ben@example.com", "user:cat@example.com"), quorum=2),
    ApprovalStep(
        ("user:dan@example.com", "user:ben@example.com"),
        quorum=1,
        escalate_after=timedelta(days=1),
        escalate_to=("user:cat@example.com", "user:ann@example.com"),
    ),
)
ANYBODY = st.sampled_from(NAMES)
ATTEMPTS = st.one_of(
    st.tuples(st.just("move"), ANYBODY, st.sampled_from(["won", "engage"])),
    st.tuples(st.just("write"), ANYBODY, st.just("won")),
    st.tuples(st.just("vote"), ANYBODY, st.sampled_from(["approve", "approve", "approve", "reject"])),
    st.tuples(st.just("delegate"), ANYBODY, ANYBODY),
    st.tuples(st.just("recall"), ANYBODY, st.none()),
    st.tuples(st.just("amount"), ANYBODY, st.integers(1, 3)),
    st.tuples(st.just("wait"), ANYBODY, st.integers(1, 2)),
)


@pytest.fixture
def company(sqlite_url):
    way = Transition("*", "won", approvals=(Approval("two-rounds", _("Two rounds"), STEPS),))
    world = World(sqlite_url, patches=[PipelinePatch("sales", (AddTransition(way),))])
    for name in NAMES:
        world.hire(name)
    yield world
    world.storage.close()


@given(st.lists(ATTEMPTS, min_size=4, max_size=25))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_deal_is_won_only_by_the_votes_of_others(company, attempts):
    id_ = company.create(amount=1)
    with company.storage.writing() as connection:
        connection.execute(Delegation.__table__.delete())
    for what, name, how in attempts:
        try:
            attempt(company, id_, what, company.actors[name], how)
        except TenonError:
            continue
        if company.deal(id_)["stage"] == "won":
            return check(company, requests(company, id_))
    return None


def attempt(company, id_, what, actor, how):
    """One thing that somebody tries."""
    waiting = [request for request in requests(company, id_) if request.status == "pending"]
    if what == "move":
        company.move(id_, how, actor)
    elif what == "write":
        company.update(id_, actor, note={"approval": waiting[0].id} if waiting else None, stage=how)
    elif what == "amount":
        company.update(id_, actor, amount=how)
    elif what == "wait":
        company.clock.advance(days=how)
        company.pipelines.chase_approvals()
    elif what == "delegate":
        with company.records.writing(actor) as work:
            now = company.clock.now()
            delegation.delegate(work, company.actors[how].id, now, now + timedelta(days=30))
    elif waiting:
        with company.records.writing(actor) as work:
            decide = {"approve": "approve", "reject": "reject", None: "recall"}[how]
            getattr(company.pipelines.approvals, decide)(work, waiting[0].id)


def requests(company, id_):
    with company.records.reading(company.admin) as work:
        return company.pipelines.approvals.of_record(work, "deal", id_)


def check(company, found):
    """The request that was done has a quorum of others in each round, on the amount that was won."""
    (done,) = [request for request in found if request.status == "done"]
    for number, step in enumerate(STEPS):
        voters = {v.by for v in done.votes if v.step == number and v.decision == "approve"}
        seats = {v.seat for v in done.votes if v.step == number and v.decision == "approve"}
        assert len(voters) >= step.quorum
        assert len(seats) == len(voters)
        assert done.requested_by not in voters | seats
    deal = company.deal(done.record_id)
    assert deal.entity.fields["amount"].load(done.covers["amount"]) == deal["amount"]
