"""The open amount of a tree of accounts."""

from __future__ import annotations

import time
from collections import defaultdict
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenon.app import Tenon
from tenon.errors import NotFoundError
from tenon.identity.actor import Actor
from tenon.storage.ids import new_id
from tenon_b2b_accounts.account import Account
from tenon_b2b_accounts.opportunity import Opportunity
from tenon_b2b_accounts.rollup import Rollup, rollup

ACCOUNTS, LEVELS, OPPORTUNITIES = 10_000, 10, 20_000
CURRENCIES = ("EUR", "USD", "JPY")


def amounts(found: Rollup) -> dict[str | None, Decimal]:
    return {part.currency: part.amount for part in found.amounts}


def test_open_amounts_add_up_by_currency_over_the_tree(tenon: Tenon, anna: Actor) -> None:
    with tenon.records.writing(anna) as work:
        top = work.create("account", {"name": "Group"}).id
        middle = work.create("account", {"name": "Division", "parent_id": top}).id
        bottom = work.create("account", {"name": "Plant", "parent_id": middle}).id
        apart = work.create("account", {"name": "Stranger"}).id
        for account, amount, code in (
            (top, 1, "EUR"),
            (middle, 20, "EUR"),
            (bottom, 300, "USD"),
            (apart, 9, "EUR"),
        ):
            work.create(
                "opportunity",
                {"name": "Sale", "account_id": account, "amount": amount, "amount_currency": code},
            )
        work.create("opportunity", {"name": "No amount yet", "account_id": bottom})
        work.create(
            "opportunity",
            {"name": "Won already", "account_id": bottom, "amount": 5000, "stage": "won"},
        )
    with tenon.records.reading(anna) as work:
        found = rollup(work, top)
        assert amounts(found) == {"USD": 300, "EUR": 21, None: 0}
        assert (found.accounts, found.opportunities) == (3, 4)
        assert amounts(rollup(work, middle)) == {"USD": 300, "EUR": 20, None: 0}


def test_what_is_archived_does_not_count(tenon: Tenon, anna: Actor) -> None:
    with tenon.records.writing(anna) as work:
        top = work.create("account", {"name": "Group"}).id
        sale = work.create("opportunity", {"name": "Sale", "account_id": top, "amount": 10}).id
        work.archive("opportunity", sale)
    with tenon.records.reading(anna) as work:
        assert rollup(work, top).amounts == ()


def test_there_is_no_rollup_of_an_account_that_is_not_there(tenon: Tenon, anna: Actor) -> None:
    with pytest.raises(NotFoundError), tenon.records.reading(anna) as work:
        rollup(work, anna.id or new_id())


def test_ten_thousand_accounts_on_ten_levels_add_up_as_by_hand(tenon: Tenon, anna: Actor) -> None:
    parents, sales = large_tree(tenon)
    root = next(iter(parents))
    expected = by_hand(parents, sales, root)
    with tenon.records.reading(anna) as work:
        rollup(work, root)
        started = time.perf_counter()
        found = rollup(work, root)
        took = time.perf_counter() - started
        some = Random(7).sample(list(parents), 25)
        for account in some:
            assert amounts(rollup(work, account)) == by_hand(parents, sales, account)
    assert amounts(found) == expected
    assert found.accounts == ACCOUNTS
    assert took < 1.0, f"the roll-up of the whole tree took {took:.3f} s"


def test_the_control_children_alone_are_not_the_tree(tenon: Tenon, anna: Actor) -> None:
    parents, sales = large_tree(tenon, accounts=200, opportunities=400)
    root = next(iter(parents))
    children = {account for account, parent in parents.items() if parent == root} | {root}
    naive: dict[str | None, Decimal] = defaultdict(Decimal)
    for account, currency, amount in sales:
        if account in children:
            naive[currency] += amount
    assert dict(naive) != by_hand(parents, sales, root)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shape=st.lists(st.integers(0, 30), min_size=1, max_size=30), seed=st.integers(0, 1000))
def test_any_tree_adds_up_as_by_hand(tenon: Tenon, anna: Actor, shape: list[int], seed: int) -> None:
    ids = [new_id() for _n in range(len(shape) + 1)]
    parents: dict[UUID, UUID | None] = {ids[0]: None}
    parents |= {ids[n + 1]: ids[min(parent, n)] for n, parent in enumerate(shape)}
    sales = some_sales(Random(seed), ids, 40)
    store(tenon, parents, sales)
    with tenon.records.reading(anna) as work:
        for account in ids:
            assert amounts(rollup(work, account)) == by_hand(parents, sales, account)


Sale = tuple[UUID, str, Decimal]


def large_tree(
    tenon: Tenon, accounts: int = ACCOUNTS, opportunities: int = OPPORTUNITIES
) -> tuple[dict[UUID, UUID | None], list[Sale]]:
    """Accounts on ten levels below one root, and open opportunities spread over them."""
    rng = Random(42)
    levels: list[list[UUID]] = [[new_id()]]
    parents: dict[UUID, UUID | None] = {levels[0][0]: None}
    for number in range(1, accounts):
        level = 1 + (number - 1) % (LEVELS - 1)
        if level == len(levels):
            levels.append([])
        id_ = new_id()
        parents[id_] = rng.choice(levels[level - 1])
        levels[level].append(id_)
    sales = some_sales(rng, list(parents), opportunities)
    store(tenon, parents, sales)
    return parents, sales


def some_sales(rng: Random, accounts: list[UUID], count: int) -> list[Sale]:
    return [
        (rng.choice(accounts), rng.choice(CURRENCIES), Decimal(rng.randint(0, 10**9)) / 100)
        for _n in range(count)
    ]


def store(tenon: Tenon, parents: dict[UUID, UUID | None], sales: list[Sale]) -> None:
    """Write rows past the write path: it is the query that is tested here, at full size."""
    now = tenon.clock.now()
    common: dict[str, Any] = {"version": 1, "created_at": now, "updated_at": now, "custom": {}}
    staged = {"pipeline": "new_business", "stage": "engaging", "stage_status": "open", "stage_since": now}
    accounts = [{"id": id_, "parent_id": parent, "name": "A", **common} for id_, parent in parents.items()]
    opportunities = [
        {
            "id": new_id(),
            "name": "S",
            "account_id": account,
            "amount": amount,
            "amount_currency": currency,
            **common,
            **staged,
        }
        for account, currency, amount in sales
    ]
    with tenon.storage.writing() as connection:
        connection.execute(sa.insert(Account.__table__), accounts)
        if opportunities:
            connection.execute(sa.insert(Opportunity.__table__), opportunities)


def by_hand(parents: dict[UUID, UUID | None], sales: list[Sale], root: UUID) -> dict[str | None, Decimal]:
    """The same sum without a database: every account asks its ancestors whether root is one."""
    inside = {account for account in parents if root in ancestors(parents, account)}
    found: dict[str | None, Decimal] = defaultdict(Decimal)
    for account, currency, amount in sales:
        if account in inside:
            found[currency] += amount
    return dict(found)


def ancestors(parents: dict[UUID, UUID | None], account: UUID) -> list[UUID]:
    found: list[UUID] = []
    above: UUID | None = account
    while above is not None:
        found.append(above)
        above = parents[above]
    return found
