"""Keeps an order's total the sum of its lines, in the transaction that changes a line."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ..api import Change, Work
from .order import Order
from .order_line import OrderLine


def keep_totals(work: Work, changes: list[Change]) -> None:
    """Add up the orders that these changes of lines concern."""
    concerned = {id_ for change in changes if change.entity.name == "order_line" for id_ in orders_of(change)}
    if not concerned:
        return
    # Whoever may write a line need not be allowed to write the order.
    keeper = work.as_system("the total of an order follows its lines")
    for order_id, total in totals(keeper, concerned).items():
        keeper.update("order", order_id, {}, facts={"total": total})
    keeper.flush()


def orders_of(change: Change) -> set[UUID]:
    """The order a line belongs to, and the one it belonged to before."""
    found = {record["order_id"] for record in (change.before, change.after) if record is not None}
    return found


def totals(work: Work, order_ids: set[UUID]) -> dict[UUID, Decimal]:
    """The sum of the lines that are not archived, of each order that is still there."""
    orders: Any = Order.__table__
    lines: Any = OrderLine.__table__
    kept = sa.and_(lines.c.order_id == orders.c.id, lines.c.archived_at.is_(None))
    amount = sa.func.sum(lines.c.amount, type_=lines.c.amount.type)
    statement = (
        sa.select(orders.c.id, amount)
        .select_from(orders.outerjoin(lines, kept))
        .where(orders.c.id.in_(order_ids))
        .group_by(orders.c.id)
        .order_by(orders.c.id)
    )
    return {row[0]: row[1] or Decimal(0) for row in work.connection.execute(statement)}
