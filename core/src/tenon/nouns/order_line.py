"""Order line: so much of a product, at a price."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from ..api import Base, Change, Entity, RecordColumns, Work, _, fields, rounded


class OrderLine(Base, RecordColumns):
    """``amount`` is quantity times unit price, rounded to the currency's own exponent."""

    __tablename__ = "nouns_order_line"
    __table_args__ = (sa.Index(None, "order_id", "position", "id"),)

    order_id = fields.reference(_("Order"), to="order", column="nouns_order.id", index=False, required=True)
    position = fields.integer(_("Position"))
    product_id = fields.reference(_("Product"), to="product", column="nouns_product.id")
    description = fields.text(
        _("Description"), max_length=500, help=_("The product's name where left empty.")
    )
    quantity = fields.number(_("Quantity"), default=1, required=True)
    unit_price = fields.money(
        _("Unit price"), currency="currency", help=_("The list price where left empty.")
    )
    amount = fields.money(_("Amount"), currency="currency", readonly=True)
    currency = fields.currency(_("Currency"), readonly=True)


def validate_line(work: Work, change: Change) -> None:
    """Fill in what the order and the product know; work out the amount."""
    if change.action in ("archive", "restore"):
        return
    order = work.find("order", id=change.value("order_id"))
    if order is None:
        change.refuse("/order_id", "unknown-reference", _("There is no such order, or it is archived"))
        return
    change.values["currency"] = order["total_currency"]
    _take_from_product(work, change)
    if change.before is None and change.value("position") is None:
        change.values["position"] = _last_position(work, order.id) + 1
    if change.value("unit_price") is None:
        change.refuse("/unit_price", "required", _("Enter a price; the product has none in this currency"))
        return
    change.values["amount"] = rounded(
        change.value("quantity") * change.value("unit_price"), order["total_currency"]
    )


def _take_from_product(work: Work, change: Change) -> None:
    if not change.changed("product_id") or change.value("product_id") is None:
        return
    product = work.get("product", change.value("product_id"))
    if change.value("description") is None:
        change.values["description"] = product["name"]
    if change.value("unit_price") is None and product["list_price_currency"] == change.values["currency"]:
        change.values["unit_price"] = product["list_price"]


def _last_position(work: Work, order_id: UUID) -> int:
    last = sa.select(sa.func.max(OrderLine.position)).where(OrderLine.order_id == order_id)
    keeper = work.as_system("a line's place among all lines of the order")
    return keeper.connection.execute(last).scalar_one() or 0


ORDER_LINE = Entity(
    name="order_line",
    model=OrderLine,
    label=_("Order line"),
    label_plural=_("Order lines"),
    plural="order-lines",
    title="description",
    list_columns=("order_id", "position", "product_id", "description", "quantity", "unit_price", "amount"),
    default_sort="position",
    validate=validate_line,
    icon="list-details",
    menu=False,
    within="order_id",
)
