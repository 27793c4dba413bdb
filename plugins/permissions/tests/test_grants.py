"""Sharing by hand: who may, how far, how long, and what becomes of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from plugins.permissions.tests.shared import GRANT, change, give, grants, make, may, rule, take
from tenon.api import ConflictError, ForbiddenError, InvalidError, NotFoundError, system
from tenon.records.merge import merge, merges, undo_merge
from tenon_permissions.grants import forget_ended
from tenon_permissions.sharing import Given, Sharing


@pytest.fixture
def acme(sales):
    return sales.account("Acme", "rita")


def test_what_is_shared_is_seen_and_no_longer_when_it_is_taken_away(sales, acme):
    assert sales.seen("rosa") == []
    give(sales, "rita", acme, "rosa")
    assert sales.seen("rosa") == ["Acme"]
    assert may(sales, "rosa", "read", acme)
    take(sales, "rita", acme, "rosa")
    assert sales.seen("rosa") == []


def test_a_control_without_the_granted_scope_a_grant_gives_nothing(sales, acme):
    give(sales, "rita", acme, "nobody")
    assert not may(sales, "nobody", "read", acme)


def test_sharing_twice_is_sharing_once(sales, acme):
    give(sales, "rita", acme, "rosa")
    give(sales, "rita", acme, "rosa", "change")
    assert grants(sales, acme) == {("hand", "change")}
    with sales.tenon.records.reading(system("test")) as work:
        by = work.connection.execute(
            sa.select(GRANT.c.granted_by).where(GRANT.c.record_id == acme, GRANT.c.entity == "account")
        ).scalars()
        assert list(by) == [sales.rita.id]


@pytest.mark.parametrize(
    ("level", "allowed"),
    [("read", {"read"}), ("change", {"read", "update"}), ("full", {"read", "update", "archive"})],
)
def test_each_level_allows_its_actions_and_no_more(sales, acme, level, allowed):
    give(sales, "rita", acme, "rosa", level)
    asked = {"read", "update", "archive"}
    assert {action for action in asked if may(sales, "rosa", action, acme)} == allowed


def test_a_team_and_those_within_it_see_what_is_shared_with_it(sales, as_role, acme):
    team = make(sales, "team", name="Engineers")
    inner = make(sales, "team", name="Field engineers", parent_id=team)
    sales.people["eva"] = as_role("sales", name="Eva", team_id=team)
    sales.people["fay"] = as_role("sales", name="Fay", team_id=inner)
    give(sales, "rita", acme, ("team", team))
    assert may(sales, "eva", "read", acme)
    assert may(sales, "fay", "read", acme)
    assert not may(sales, "rosa", "read", acme)


def test_what_follows_a_record_is_shared_with_it(sales, acme):
    order = make(sales, "order", number="1", party_id=acme, owner_id=sales.rita.id)
    product = make(sales, "product", name="Saw")
    line = make(sales, "order_line", order_id=order, product_id=product, quantity=1, unit_price="10")
    give(sales, "rita", order, "rosa", entity="order")
    assert may(sales, "rosa", "read", line, "order_line")
    assert not may(sales, "rosa", "read", acme)


def test_a_party_is_shared_with_the_account_it_stands_for(sales, acme):
    give(sales, "rita", acme, "rosa")
    assert may(sales, "rosa", "read", acme, "party")


def test_only_who_may_share_shares(sales, acme):
    give(sales, "rita", acme, "rosa", "change")
    with pytest.raises(ForbiddenError, match="may not share"):
        give(sales, "rosa", acme, "mia")
    with pytest.raises(NotFoundError):
        give(sales, "ravi", acme, "mia")
    give(sales, "max", acme, "mia")
    assert may(sales, "mia", "read", acme)


def test_nobody_gives_more_than_they_have(sales, acme):
    sales.activate("keen, *, account, share, granted, all, allow", roles=["keen"])
    sales.activate(*(f"keen, *, account, {a}, granted, all, allow" for a in ("read", "update")))
    sales.activate("keen, *, user, read, all, all, allow", "lender, *, account, share, all, all, allow",
                   "lender, *, account, read, all, all, allow", roles=["keen", "lender"])  # fmt: skip
    lender = sales.people["nobody"]
    change(sales, "user", lender.id, name="Lender")
    from dataclasses import replace

    sales.people["lender"] = replace(lender, roles=frozenset({"lender"}))
    with pytest.raises(ForbiddenError, match="more than you have"):
        give(sales, "lender", acme, "rosa", "change")
    give(sales, "lender", acme, "rosa", "read")
    assert grants(sales, acme) == {("hand", "read")}


def test_what_cannot_be_given_is_refused_with_reasons(sales, clock, acme):
    gone = make(sales, "user", name="Gone")
    with sales.tenon.records.writing(system("test")) as work:
        work.archive("user", gone)
    for given, pointer in (
        (Given("user", gone), "/principal_id"),
        (Given("robot", gone), "/principal_kind"),
        (Given("user", sales.rosa.id, "everything"), "/level"),
        (Given("user", sales.rosa.id, until=clock.now()), "/until"),
        (Given("team", sales.rosa.id), "/principal_id"),
    ):
        with pytest.raises(InvalidError) as refused:
            Sharing(sales.tenon).give(sales.rita, "account", acme, given, via="test")
        assert [p.pointer for p in refused.value.problems] == [pointer]


def test_what_follows_another_record_or_says_who_works_here_is_not_shared_by_itself(sales, acme):
    with pytest.raises(ForbiddenError, match="by itself"):
        give(sales, "ada", sales.rita.id, "rosa", entity="user")
    with pytest.raises(ForbiddenError, match="by itself"):
        give(sales, "ada", acme, "rosa", entity="party")


def test_what_a_rule_gives_is_not_taken_away_by_hand(sales, acme):
    rule(sales)
    with pytest.raises(ConflictError, match="not shared like that"):
        take(sales, "rita", acme, "rosa")
    with pytest.raises(NotFoundError):
        take(sales, "rita", acme, "mia")
    give(sales, "rita", acme, "rosa", "change")
    take(sales, "rita", acme, "rosa")
    assert grants(sales, acme) == {("rule", "read")}


def test_a_grant_ends_when_it_says(sales, clock, acme):
    give(sales, "rita", acme, "rosa", until=clock.now() + timedelta(hours=1))
    assert may(sales, "rosa", "read", acme)
    clock.advance(hours=2)
    sales.policy.standings.forget()
    assert not may(sales, "rosa", "read", acme)
    assert grants(sales, acme) == {("hand", "read")}
    forget_ended({}, sales.tenon)
    assert grants(sales, acme) == set()


def test_who_gives_a_record_away_keeps_nothing_through_what_they_shared(sales, acme):
    give(sales, "rita", acme, "ravi", "full")
    give(sales, "rita", acme, "rita", "full")
    give(sales, "rita", acme, "rita", "full", cause="team")
    rule(sales)
    change(sales, "account", acme, owner_id=sales.mia.id)
    assert not may(sales, "rita", "read", acme)
    assert not may(sales, "ravi", "read", acme)
    assert may(sales, "rosa", "read", acme), "what a rule gives stays"


def test_a_team_member_of_the_old_owners_choice_stays(sales, acme):
    give(sales, "rita", acme, "ravi", cause="team", label="engineer")
    change(sales, "account", acme, owner_id=sales.mia.id)
    assert may(sales, "ravi", "read", acme)


def test_another_change_takes_nothing_away(sales, acme):
    give(sales, "rita", acme, "rosa")
    change(sales, "account", acme, name="Acme Ltd", owner_id=sales.rita.id)
    assert may(sales, "rosa", "read", acme)


def test_a_bulk_change_of_owners_takes_what_was_shared_by_hand(sales):
    ids = [sales.account(f"A {n}", "rita") for n in range(5)]
    for id_ in ids:
        give(sales, "rita", id_, "rosa")
    with sales.tenon.records.writing(system("test")) as work:
        work.bulk_update("account", [(id_, {"owner_id": sales.ravi.id}, None) for id_ in ids[:3]])
    assert sales.seen("rosa") == ["A 3", "A 4"]


def test_what_was_shared_moves_with_a_merge_and_back(sales):
    winner, loser = sales.account("Acme", "rita"), sales.account("ACME", "rita")
    give(sales, "rita", loser, "rosa", "change")
    give(sales, "rita", winner, "mia")
    with sales.tenon.records.writing(sales.bea) as work:
        merge(work, "account", winner, loser)
    assert may(sales, "rosa", "update", winner)
    assert not may(sales, "rosa", "read", loser)
    with sales.tenon.records.writing(sales.bea) as work:
        undo_merge(work, merges(work, "account", winner)[0]["id"])
    assert not may(sales, "rosa", "read", winner)
    assert may(sales, "rosa", "update", loser)
    assert may(sales, "mia", "read", winner)


def test_what_came_with_a_merge_can_be_taken_away(sales):
    winner, loser = sales.account("Acme", "rita"), sales.account("ACME", "rita")
    give(sales, "rita", loser, "rosa", "change")
    with sales.tenon.records.writing(sales.bea) as work:
        merge(work, "account", winner, loser)
    take(sales, "rita", winner, "rosa")
    assert not may(sales, "rosa", "read", winner)


def test_grants_go_with_a_record_that_an_undone_import_takes_back(sales):
    from tenon.records.undo import undo_batch
    from tenon.storage.ids import new_id

    batch = new_id()
    with sales.tenon.records.writing(sales.rita, batch=batch) as work:
        id_ = work.create("account", {"name": "Mistake"}).id
    give(sales, "rita", id_, "rosa")
    with sales.tenon.records.writing(system("test")) as work:
        undo_batch(work, batch)
    with sales.tenon.records.reading(system("test")) as work:
        assert not work.connection.execute(sa.select(GRANT)).all()


def test_a_record_shared_by_two_causes_survives_the_loss_of_one(sales, acme):
    team = make(sales, "team", name="Engineers")
    give(sales, "rita", acme, "rosa")
    give(sales, "rita", acme, "rosa", cause="team")
    shared = rule(sales, "name", "Acme", level="change")
    assert grants(sales, acme) == {("hand", "read"), ("team", "read"), ("rule", "change")}
    take(sales, "rita", acme, "rosa")
    assert may(sales, "rosa", "update", acme)
    change(sales, "sharing_rule", shared, active=False)
    assert not may(sales, "rosa", "update", acme)
    assert may(sales, "rosa", "read", acme)
    take(sales, "rita", acme, "rosa", cause="team")
    assert not may(sales, "rosa", "read", acme)
    assert team


def test_sharing_stands_in_the_access_log(sales, acme):
    from tenon.access.models import AccessEntry

    give(sales, "rita", acme, "rosa", "change")
    take(sales, "rita", acme, "rosa")
    sales.tenon.access_log.flush()
    entry = AccessEntry.__table__
    with sales.tenon.records.reading(system("test")) as work:
        rows = work.connection.execute(sa.select(entry).where(entry.c.record_id == acme)).all()
    told = {(row.action, row.actor_name, row.detail.get("level")) for row in rows if row.kind == "other"}
    assert told == {("share", "Rita", "change"), ("unshare", "Rita", None)}
