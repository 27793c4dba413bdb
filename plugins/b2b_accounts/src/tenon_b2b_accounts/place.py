"""Place: where a person works, or worked, and as what."""

from __future__ import annotations

import sqlalchemy as sa
from tenon.api import And, Base, Change, Entity, Query, RecordColumns, Where, Work, _, fields


class AccountContact(Base, RecordColumns):
    """One person can have places at several accounts, at once or one after the other."""

    __tablename__ = "b2b_accounts_account_contact"
    __table_args__ = (
        sa.Index(None, "account_id", "ends_on", "id"),
        sa.Index(None, "contact_id", "starts_on", "id"),
    )

    account_id = fields.reference(
        _("Account"), to="account", column="b2b_accounts_account.id", index=False, required=True
    )
    contact_id = fields.reference(_("Contact"), to="contact", column="nouns_contact.id", index=False, required=True)
    role = fields.text(_("Role"), max_length=120, search=True, help=_("What the person does there."))
    is_primary = fields.boolean(
        _("Primary"), default=False, required=True, help=_("The first person to turn to at this account.")
    )
    starts_on = fields.date(_("From"))
    ends_on = fields.date(_("Until"), help=_("Empty while the person is there."))


def validate_place(work: Work, change: Change) -> None:
    """Refuse a place that ends before it begins, and a second primary person."""
    start, end = change.value("starts_on"), change.value("ends_on")
    if start and end and end < start and (change.changed("starts_on") or change.changed("ends_on")):
        change.refuse("/ends_on", "before-start", _("Enter a day that is not before the first one"))
    if change.value("is_primary") and any(map(change.changed, ("is_primary", "account_id"))):
        _step_down(work, change)


def _step_down(work: Work, change: Change) -> None:
    """Whoever was the account's primary person is so no longer."""
    others = And(
        (
            Where("account_id", "eq", change.value("account_id")),
            Where("is_primary", "eq", True),
        )
    )
    for other in work.page("account_contact", Query(filter=others)).data:
        if change.before is None or other.id != change.before.id:
            work.update("account_contact", other.id, {"is_primary": False})


ACCOUNT_CONTACT = Entity(
    name="account_contact",
    model=AccountContact,
    label=_("Place"),
    label_plural=_("Places"),
    plural="account-contacts",
    title="role",
    natural_key=("account_id", "contact_id"),
    list_columns=("contact_id", "account_id", "role", "is_primary", "starts_on", "ends_on"),
    search=("role",),
    validate=validate_place,
    icon="briefcase",
    menu=False,
    description=_("Who works where, and as what."),
    modes=frozenset({"b2b"}),
)
