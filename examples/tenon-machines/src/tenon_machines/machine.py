"""Machine: something we sold that stands at a customer's."""

from __future__ import annotations

import sqlalchemy as sa

from tenon.api import Base, Change, Entity, OwnedColumns, RecordColumns, Work, _, fields


class Machine(Base, RecordColumns, OwnedColumns):
    """``party_id`` is the customer: a person, or an organisation where a plugin brings those."""

    __tablename__ = "machines_machine"
    __table_args__ = (sa.Index(None, "party_id", "warranty_until"),)

    serial_number = fields.text(_("Serial number"), max_length=60, required=True, unique=True, search=True)
    model = fields.text(_("Model"), max_length=120, search=True)
    party_id = fields.reference(_("Customer"), to="party", column="nouns_party.id", index=False)
    product_id = fields.reference(_("Product"), to="product", column="nouns_product.id")
    installed_on = fields.date(_("Installed on"))
    warranty_until = fields.date(_("Warranty until"), index=True)
    # The end of the warranty that a task was made for.
    reminded_of = fields.date(_("Reminded of"), readonly=True, show=False)
    note = fields.long_text(_("Note"))


def validate(work: Work, change: Change) -> None:
    """Refuse a warranty that ends before the machine was there; spell serial numbers one way.

    A warranty that is prolonged is reminded of once more.
    """
    if change.changed("serial_number") and change.value("serial_number"):
        change.values["serial_number"] = str(change.value("serial_number")).upper()
    if change.changed("warranty_until"):
        change.values["reminded_of"] = None
    installed, until = change.value("installed_on"), change.value("warranty_until")
    if installed and until and until < installed:
        change.refuse(
            "/warranty_until", "before-installation", _("Enter a day that is not before the installation")
        )


MACHINE = Entity(
    name="machine",
    model=Machine,
    label=_("Machine"),
    label_plural=_("Machines"),
    plural="machines",
    title=("serial_number", "model"),
    natural_key=("serial_number",),
    list_columns=("serial_number", "model", "party_id", "installed_on", "warranty_until", "owner_id"),
    search=("serial_number", "model"),
    default_sort="serial_number",
    validate=validate,
    icon="tool",
    description=_("What stands at customers', and until when its warranty runs."),
)
