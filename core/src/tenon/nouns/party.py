"""The party directory: one row for whoever can be a customer.

A person and an organisation are different kinds of record, owned by different
plugins. An order, an activity or a membership points at the party instead, so
that it need not know which kind it has. A party has the id of the record it
stands for.
"""

from __future__ import annotations

import sqlalchemy as sa

from ..api import Base, Change, Choice, Entity, OwnedColumns, RecordColumns, Work, _, fields

PARTY_KINDS = (Choice("person", _("Person"), "azure"), Choice("organisation", _("Organisation"), "indigo"))


class Party(Base, RecordColumns, OwnedColumns):
    """``kind`` is person or organisation, ``entity`` the record's own kind (``contact``)."""

    __tablename__ = "nouns_party"
    __table_args__ = (
        sa.Index(None, "owner_id", "name", "id"),
        sa.Index(None, "name", "id"),
        sa.Index(None, "created_at", "id"),
    )

    owner_id = fields.reference(_("Owner"), to="user", column="identity_user.id", index=False, readonly=True)
    entity = fields.text(_("Record type"), max_length=60, required=True, readonly=True)
    kind = fields.choice(_("Kind"), PARTY_KINDS, required=True, readonly=True)
    name = fields.text(_("Name"), required=True, readonly=True, search=True)
    email = fields.email(_("E-mail"), readonly=True, search=True, index=True)
    phone = fields.phone(_("Phone"), readonly=True, index=True)


def refuse_change(work: Work, change: Change) -> None:
    """The directory follows; nobody writes in it."""
    change.refuse("", "derived", _("A party follows the record it stands for; change that one"))


PARTY = Entity(
    name="party",
    model=Party,
    label=_("Party"),
    label_plural=_("Parties"),
    plural="parties",
    natural_key=("email",),
    list_columns=("name", "kind", "email", "phone", "owner_id"),
    search=("name", "email"),
    default_sort="name",
    validate=refuse_change,
    icon="address-book",
    menu=False,
    description=_("Everybody who can be a customer, a person or an organisation."),
)
