"""Product: what is sold."""

from __future__ import annotations

import sqlalchemy as sa

from ..api import Base, Entity, RecordColumns, _, fields


class Product(Base, RecordColumns):
    """``list_price`` is the price of one ``unit`` before any discount."""

    __tablename__ = "nouns_product"
    __table_args__ = (
        sa.Index(None, "name", "id"),
        sa.Index(None, "family", "name", "id"),
        sa.Index(None, "created_at", "id"),
    )

    name = fields.text(_("Name"), required=True, search=True)
    sku = fields.text(_("SKU"), max_length=60, unique=True, search=True, help=_("Your own article number."))
    family = fields.text(_("Family"), max_length=100, help=_("The series or product line it belongs to."))
    list_price = fields.money(_("List price"), currency="list_price_currency")
    list_price_currency = fields.currency(_("Currency of list price"))
    unit = fields.text(_("Unit"), max_length=30, help=_("What one is: piece, hour, kg, licence."))
    active = fields.boolean(_("On sale"), default=True, required=True)
    description = fields.long_text(_("Description"))


PRODUCT = Entity(
    name="product",
    model=Product,
    label=_("Product"),
    label_plural=_("Products"),
    plural="products",
    natural_key=("sku",),
    list_columns=("name", "sku", "family", "list_price", "unit", "active"),
    search=("name", "sku"),
    default_sort="name",
    icon="package",
    description=_("What you sell."),
)
