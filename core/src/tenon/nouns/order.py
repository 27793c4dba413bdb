"""Order and order line: what a customer has bought."""

from __future__ import annotations

import sqlalchemy as sa

from ..api import Base, Choice, Entity, OwnedColumns, RecordColumns, _, fields

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
    total = fields.money(_("Total"), currency="total_currency", readonly=True)
    total_currency = fields.currency(_("Currency"))
    reference = fields.text(_("Customer's reference"), max_length=100, search=True)
    description = fields.long_text(_("Description"))


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
    icon="shopping-cart",
    description=_("What customers have bought."),
)

ORDER_LINE = Entity(
    name="order_line",
    model=OrderLine,
    label=_("Order line"),
    label_plural=_("Order lines"),
    plural="order-lines",
    title="description",
    list_columns=("order_id", "position", "product_id", "description", "quantity", "unit_price", "amount"),
    default_sort="position",
    icon="list-details",
    menu=False,
)
