"""Place: where a person works, or worked, and as what."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from tenon.api import And, Base, Change, Entity, Query, Record, RecordColumns, Where, Work, _, fields


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
    contact_id = fields.reference(
        _("Contact"), to="contact", column="nouns_contact.id", index=False, required=True
    )
    role = fields.text(
        _("Role"),
        max_length=120,
        required=True,
        search=True,
        help=_("What the person does there; the job title where left empty."),
    )
    is_primary = fields.boolean(
        _("Primary"), default=False, required=True, help=_("The first person to turn to at this account.")
    )
    starts_on = fields.date(_("From"))
    ends_on = fields.date(_("Until"), help=_("Empty while the person is there."))


def validate_place(work: Work, change: Change) -> None:
    """Refuse a place that ends before it begins; keep one primary person an account."""
    start, end = change.value("starts_on"), change.value("ends_on")
    if start and end and end < start and (change.changed("starts_on") or change.changed("ends_on")):
        change.refuse("/ends_on", "before-start", _("Enter a day that is not before the first one"))
    if change.value("role") is None and change.value("contact_id") is not None:
        change.values["role"] = _title(work, change.value("contact_id"))
    if (
        change.value("is_primary")
        and not change.problems
        and any(map(change.changed, ("is_primary", "account_id")))
    ):
        _step_down(work, change)


def _title(work: Work, contact_id: UUID) -> str:
    """The job title that the person has anyway."""
    contact = work.find("contact", id=contact_id)
    return (contact["title"] if contact is not None else None) or str(_("Contact"))


def _step_down(work: Work, change: Change) -> None:
    """Whoever was the account's primary person is so no longer."""
    same = Where("account_id", "eq", change.value("account_id"))
    for other in work.page(
        "account_contact", Query(filter=And((same, Where("is_primary", "eq", True))))
    ).data:
        if change.before is None or other.id != change.before.id:
            work.update("account_contact", other.id, {"is_primary": False})


def people_at(work: Work, account_id: UUID, size: int = 20) -> list[Record]:
    """The places at an account: the primary person first, then those who are there, then those who left."""
    query = Query(
        filter=Where("account_id", "eq", account_id), sort=("-is_primary", "ends_on", "-starts_on"), size=size
    )
    return work.page("account_contact", query).data


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
    within="account_id",
    description=_("Who works where, and as what."),
    modes=frozenset({"b2b"}),
)
