"""What is open in an account and in everything that belongs to it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from tenon.api import Work

from .account import Account, below
from .opportunity import Opportunity


@dataclass(frozen=True)
class OpenAmount:
    """The open opportunities in one currency. Those without an amount count, and add nothing."""

    currency: str | None
    amount: Decimal
    opportunities: int


@dataclass(frozen=True)
class Rollup:
    """``accounts`` is the number of accounts in the tree, its root included."""

    account_id: UUID
    accounts: int
    amounts: tuple[OpenAmount, ...]

    @property
    def opportunities(self) -> int:
        return sum(part.opportunities for part in self.amounts)


def rollup(work: Work, account_id: UUID) -> Rollup:
    """The open amount of an account and all below it in the tree, by currency.

    Two queries whatever the tree's size. Only what the actor may see is added
    up; ``NotFoundError`` where that leaves out the account itself.
    """
    work.get("account", account_id)
    accounts = work.connection.execute(_accounts(work, account_id)).scalar_one()
    rows = work.connection.execute(_amounts(work, account_id))
    return Rollup(account_id, accounts, tuple(OpenAmount(row[0], row[1] or Decimal(0), row[2]) for row in rows))


def _accounts(work: Work, account_id: UUID) -> sa.Select[Any]:
    table: Any = Account.__table__
    tree = below(account_id)
    found = sa.select(sa.func.count()).select_from(table.join(tree, table.c.id == tree.c.id))
    return _visible(work, "account", found.where(table.c.archived_at.is_(None)))


def _amounts(work: Work, account_id: UUID) -> sa.Select[Any]:
    table: Any = Opportunity.__table__
    tree = below(account_id)
    total = sa.func.sum(table.c.amount, type_=table.c.amount.type)
    found = (
        sa.select(table.c.amount_currency, total, sa.func.count())
        .select_from(table.join(tree, table.c.account_id == tree.c.id))
        .where(table.c.stage_status == "open", table.c.archived_at.is_(None))
        .group_by(table.c.amount_currency)
        .order_by(total.desc(), table.c.amount_currency)
    )
    return _visible(work, "opportunity", found)


def _visible(work: Work, entity: str, found: sa.Select[Any]) -> sa.Select[Any]:
    work.access.require(work.actor, "read", entity)
    allowed = work.scope(work.type(entity), "read")
    return found if allowed is None else found.where(allowed)
