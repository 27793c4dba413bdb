"""Order: what a customer has bought."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa

from ..api import Base, Change, Choice, Entity, OwnedColumns, Query, RecordColumns, Where, Work, _, fields
from .numbers import next_number

ORDER_STATUS = (
    Choice("draft", _("Draft"), "secondary"),
    Choice("placed", _("Placed"), "azure"),
    Choice("confirmed", _("Confirmed"), "blue"),
    Choice("fulfilled", _("Fulfilled"), "green"),
    Choice("cancelled", _("Cancelled"), "red"),
)


class Order(Base, RecordColumns, OwnedColumns):
    """``number`` is assigned where none is given; ``total`` is the sum of the lines' amounts."""

    __tablename__ = "nouns_order"
    __table_args__ = (
        sa.Index(None, "owner_id", "placed_on", "id"),
        sa.Index(None, "party_id", "placed_on", "id"),
        sa.Index(None, "placed_on", "id"),
        sa.Index(None, "status", "placed_on", "id"),
        sa.Index(None, "created_at", "id"),
    )

    owner_id = fields.reference(_("Owner"), to="user", column="identity_user.id", index=False)
    number = fields.text(
        _("Number"), max_length=40, unique=True, search=True, help=_("Left empty, the next number is taken.")
    )
    party_id = fields.reference(
        _("Customer"), to="party", column="nouns_party.id", index=False, required=True
    )
    placed_on = fields.date(_("Placed on"))
    status = fields.choice(_("Status"), ORDER_STATUS, default="draft", required=True)
    total = fields.money(_("Total"), currency="total_currency", readonly=True, default=Decimal(0))
    total_currency = fields.currency(_("Currency"))
    reference = fields.text(_("Customer's reference"), max_length=100, search=True)
    description = fields.long_text(_("Description"))


def validate_order(work: Work, change: Change) -> None:
    """Give it a number and a day; keep its currency while it has lines."""
    if not change.value("number"):
        change.values["number"] = free_number(work)
    if change.value("status") != "draft" and change.value("placed_on") is None:
        change.values["placed_on"] = work.now.date()
    if change.before is not None and change.changed("total_currency") and has_lines(work, change.before.id):
        change.refuse(
            "/total_currency",
            "has-lines",
            _("The currency of an order with lines stays; archive the lines first"),
        )


def has_lines(work: Work, order_id: UUID) -> bool:
    """Whether any line of the order is not archived."""
    return bool(work.count("order_line", Query(filter=Where("order_id", "eq", order_id))))


def free_number(work: Work) -> str:
    """The next number of the year, ``O-2026-000123``, past those that were typed in by hand."""
    year = work.now.year
    connection = work.as_system("a number that no order has").connection
    taken = sa.select(Order.id)
    while True:
        number = f"O-{year}-{next_number(connection, f'order:{year}'):06}"
        if connection.execute(taken.where(Order.number == number)).first() is None:
            return number


ORDER = Entity(
    name="order",
    model=Order,
    label=_("Order"),
    label_plural=_("Orders"),
    plural="orders",
    title="number",
    natural_key=("number",),
    list_columns=("number", "party_id", "placed_on", "status", "total", "owner_id"),
    search=("number", "reference"),
    default_sort="-placed_on",
    validate=validate_order,
    icon="shopping-cart",
    description=_("What customers have bought."),
)
