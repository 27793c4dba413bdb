"""Contact: a person."""

from __future__ import annotations

import sqlalchemy as sa

from ..api import AddressColumns, Base, Change, Entity, OwnedColumns, RecordColumns, Work, _, fields

# Languages whose speakers put the family name first.
FAMILY_NAME_FIRST = frozenset({"hu", "ja", "ko", "vi", "zh"})


class Contact(Base, RecordColumns, OwnedColumns, AddressColumns):
    """``name`` is put together from first and last name in the order of the contact's language."""

    __tablename__ = "nouns_contact"
    __table_args__ = (
        sa.Index(None, "owner_id", "name", "id"),
        sa.Index(None, "name", "id"),
        sa.Index(None, "created_at", "id"),
    )

    owner_id = fields.reference(_("Owner"), to="user", column="identity_user.id", index=False)
    name = fields.text(_("Name"), readonly=True, search=True)
    first_name = fields.text(_("First name"), max_length=100)
    last_name = fields.text(_("Last name"), max_length=100)
    title = fields.text(_("Job title"), max_length=120)
    email = fields.email(_("E-mail"), search=True, index=True)
    phone = fields.phone(_("Phone"), search=True, index=True)
    mobile = fields.phone(_("Mobile"))
    birthday = fields.date(_("Birthday"))
    language = fields.text(
        _("Language"), max_length=12, help=_("A language tag such as de, en-GB or zh-Hans.")
    )
    description = fields.long_text(_("Description"))


def validate_contact(work: Work, change: Change) -> None:
    """Put the name together; refuse a person without one."""
    if change.before is not None and not any(map(change.changed, ("first_name", "last_name", "language"))):
        return
    name = full_name(change.value("first_name"), change.value("last_name"), change.value("language"))
    if not name:
        change.refuse("/last_name", "required", _("Enter a first or a last name"))
    change.values["name"] = name


CONTACT = Entity(
    name="contact",
    model=Contact,
    label=_("Contact"),
    label_plural=_("Contacts"),
    plural="contacts",
    natural_key=("email",),
    list_columns=("name", "title", "email", "phone", "city", "owner_id"),
    search=("name", "email", "phone"),
    default_sort="name",
    party="person",
    validate=validate_contact,
    icon="user",
    description=_("People you talk to."),
)


def full_name(first: str | None, last: str | None, language: str | None = None) -> str:
    """A person's name as their language writes it: 王小明, Nguyễn Văn An, Ada Lovelace."""
    first, last = (first or "").strip(), (last or "").strip()
    if is_cjk(first) and is_cjk(last):
        return last + first
    tag = (language or "").lower().partition("-")[0]
    parts = (last, first) if tag in FAMILY_NAME_FIRST else (first, last)
    return " ".join(part for part in parts if part)


def is_cjk(text: str) -> bool:
    """Whether a text begins with a Han, kana or Hangul character; so does an empty one not."""
    return bool(text) and any(
        low <= text[0] <= high
        for low, high in (("\u3040", "\u30ff"), ("\u3400", "\u9fff"), ("\uac00", "\ud7af"))
    )
