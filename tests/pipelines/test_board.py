"""Sums by stage equal a plain count over the records."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from tenon.records.query import Where

AMOUNTS = [("prospect", 100, "EUR"), ("prospect", "0.5", "EUR"), ("engage", 7, "USD"), ("lost", 9, "EUR")]


def totals(world, actor=None, where=None):
    with world.records.reading(actor or world.admin) as work:
        found = world.pipelines.board_totals(work, "deal", "sales", where)
    return {total.stage.key: total for total in found}


def fill(world):
    for stage, amount, currency in AMOUNTS:
        world.create(stage=stage, amount=amount, amount_currency=currency)
    world.create(stage="engage")


def test_every_stage_has_its_count_and_its_sums_by_currency(world):
    fill(world)
    found = totals(world)
    assert list(found) == ["prospect", "engage", "offer", "won", "lost"]
    expected = defaultdict(Decimal)
    for stage, amount, currency in AMOUNTS:
        expected[stage, currency] += Decimal(amount)
    assert {(s, c): a for s, t in found.items() for c, a in t.amounts.items()} == expected
    assert {stage: total.count for stage, total in found.items()} == {
        "prospect": 2,
        "engage": 2,
        "offer": 0,
        "won": 0,
        "lost": 1,
    }


def test_weighted_sums_go_by_probability_and_lost_deals_are_worth_nothing(world):
    fill(world)
    found = totals(world)
    assert found["prospect"].weighted == {"EUR": Decimal("10.05")}
    assert found["lost"].weighted == {"EUR": Decimal(0)}


def test_totals_follow_the_filter_and_the_policy(world):
    ann = world.hire("Ann")
    fill(world)
    world.create(ann, amount=3)
    assert totals(world, where=Where("amount", "gte", 50))["prospect"].count == 1
    world.rules.out_of_reach.add("read")
    assert totals(world, ann)["prospect"].amounts == {"EUR": Decimal(3)}
    world.rules.out_of_reach.clear()
    world.rules.hidden.add("amount")
    assert totals(world, ann)["prospect"].count == 3
    assert totals(world, ann)["prospect"].amounts == {}
