"""The demo of a sales team."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tenon.app import Tenon
from tenon.identity.actor import system
from tenon.plugin.contributions import Seed
from tenon.records.query import Query, Where


@pytest.fixture
def seeded(tenon: Tenon) -> Tenon:
    with tenon.records.writing(system("test")) as work:
        for name in ("Lena", "Marco", "Noor"):
            work.create("user", {"name": name, "email": f"{name.lower()}@example.com"})
    with tenon.records.writing(system("demo"), via="demo") as work:
        for _plugin, seed in tenon.plugins.contributions(Seed):
            seed.run(work, tenon)
    return tenon


def test_the_demo_fills_every_kind_of_record(seeded: Tenon) -> None:
    with seeded.records.reading(system("test")) as work:
        counts = {
            entity: work.count(entity) for entity in ("account", "opportunity", "contact", "product", "order")
        }
        children = work.count("account", Query(filter=Where("parent_id", "empty", False)))
        orphans = work.count("opportunity", Query(filter=Where("account_id", "empty", True)))
        owners = {row["owner_id"] for row in work.sums("opportunity", by=("owner_id",))}
        stages = {row["stage"] for row in work.sums("opportunity", by=("stage",))}
        currencies = {row["amount_currency"] for row in work.sums("opportunity", by=(), of=("amount",))}
        parties = work.count("party")
        totals = [order["total"] for order in work.page("order", Query(size=100)).data]
    assert counts["account"] >= 40
    assert counts["opportunity"] >= 120
    assert parties == counts["account"] + counts["contact"]
    assert children >= 8
    assert orphans >= 1
    assert len(owners) == 3
    assert {"prospecting", "engaging", "proposal", "negotiation", "won", "lost", "renewed"} <= stages
    assert len(currencies - {None}) >= 10
    assert all(total > Decimal(0) for total in totals)


def test_no_demo_record_lies_in_the_future_or_before_its_creation(seeded: Tenon) -> None:
    now = seeded.clock.now()
    with seeded.records.reading(system("test")) as work:
        for sale in work.page("opportunity", Query(size=200)).data:
            assert sale["created_at"] <= sale["stage_since"] <= now
        for talk in work.page("activity", Query(size=500)).data:
            assert talk["happened_at"] <= now
