"""Account: an organisation that is, was or may become a customer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from tenon.api import (
    AddressColumns,
    Base,
    Change,
    Choice,
    Entity,
    OwnedColumns,
    RecordColumns,
    Work,
    _,
    fields,
)

ACCOUNT_TYPES = (
    Choice("prospect", _("Prospect"), "azure"),
    Choice("customer", _("Customer"), "green"),
    Choice("partner", _("Partner"), "purple"),
    Choice("reseller", _("Reseller"), "indigo"),
    Choice("supplier", _("Supplier"), "yellow"),
    Choice("competitor", _("Competitor"), "red"),
)

# Any number that no other advisory lock of the database has: "b2b tree" in ASCII.
TREE_LOCK = int.from_bytes(b"b2b tree")
CIRCLES = "an account may not belong to itself, by whatever path"


class Account(Base, RecordColumns, OwnedColumns, AddressColumns):
    """``parent_id`` makes a tree: a subsidiary points at the account it belongs to."""

    __tablename__ = "b2b_accounts_account"
    __table_args__ = (
        sa.Index(None, "owner_id", "name", "id"),
        sa.Index(None, "name", "id"),
        sa.Index(None, "industry", "name", "id"),
        sa.Index(None, "created_at", "id"),
    )

    owner_id = fields.reference(_("Owner"), to="user", column="identity_user.id", index=False)
    name = fields.text(_("Name"), required=True, search=True)
    parent_id = fields.reference(_("Parent account"), to="account", column="b2b_accounts_account.id")
    type = fields.choice(_("Type"), ACCOUNT_TYPES, default="prospect")
    industry = fields.text(_("Industry"), max_length=100)
    revenue = fields.money(_("Annual revenue"), currency="revenue_currency")
    revenue_currency = fields.currency(_("Currency of annual revenue"))
    employees = fields.integer(_("Employees"))
    founded = fields.integer(_("Founded"), help=_("The year."))
    website = fields.url(_("Website"))
    email = fields.email(_("E-mail"), search=True, index=True)
    phone = fields.phone(_("Phone"), search=True, index=True)
    registration_number = fields.text(
        _("Registration number"), max_length=60, help=_("In the register of companies, with its place.")
    )
    tax_number = fields.text(_("Tax number"), max_length=40, index=True)
    description = fields.long_text(_("Description"))


def validate_account(work: Work, change: Change) -> None:
    """Refuse a parent that would make the tree a circle, and figures that cannot be."""
    if change.changed("parent_id"):
        _refuse_circle(work, change)
    for field in ("employees", "revenue"):
        if change.changed(field) and (change.value(field) or 0) < 0:
            change.refuse(f"/{field}", "negative", _("Enter a number that is not below zero"))
    founded = change.value("founded")
    if change.changed("founded") and founded is not None and not 1 <= founded <= work.now.year + 1:
        change.refuse("/founded", "year", _("Enter the year it was founded in, such as 1996"))


def _refuse_circle(work: Work, change: Change) -> None:
    parent = change.value("parent_id")
    # Nothing can belong to an account that is only being created.
    if change.before is None or parent is None:
        return
    _one_at_a_time(work)
    if change.before.id in ancestors(work, parent):
        change.refuse(
            "/parent_id",
            "cycle",
            _("An account cannot belong to itself or to one of its own subsidiaries"),
        )


def _one_at_a_time(work: Work) -> None:
    """Let nobody else move a branch meanwhile: two moves that are right alone can make a circle."""
    if work.dialect == "postgresql":
        work.as_system(CIRCLES).connection.execute(sa.select(sa.func.pg_advisory_xact_lock(TREE_LOCK)))


def ancestors(work: Work, account_id: UUID) -> set[UUID]:
    """The ids of an account and of everything above it in the tree, archived ones too.

    It looks at the table itself rather than through the actor's scope, since a
    circle is one even where its author cannot see all of it.
    """
    table: Any = Account.__table__
    start = sa.select(table.c.id, table.c.parent_id).where(table.c.id == account_id)
    line = start.cte("line", recursive=True)
    line = line.union(sa.select(table.c.id, table.c.parent_id).where(table.c.id == line.c.parent_id))
    return set(work.as_system(CIRCLES).connection.execute(sa.select(line.c.id)).scalars())


ACCOUNT = Entity(
    name="account",
    model=Account,
    label=_("Account"),
    label_plural=_("Accounts"),
    plural="accounts",
    natural_key=("name",),
    list_columns=("name", "type", "industry", "city", "country", "phone", "owner_id"),
    search=("name", "email", "phone"),
    default_sort="name",
    party="organisation",
    validate=validate_account,
    icon="building",
    description=_("Companies and other organisations you sell to or work with."),
    modes=frozenset({"b2b"}),
)
