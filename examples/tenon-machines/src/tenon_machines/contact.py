"""What we need to know of people before they work on a machine."""

from __future__ import annotations

from tenon.api import Base, EntityExtension, ExtensionColumns, _, fields


class ContactSafety(Base, ExtensionColumns):
    """``ext.machines`` of a contact: a table of this plugin's own beside the contact's."""

    __tablename__ = "machines_contact"
    __extends__ = "nouns_contact"

    operator = fields.boolean(_("Operates machines"))
    instructed_on = fields.date(_("Safety instruction on"), help=_("Valid for one year."))


CONTACT_EXTENSION = EntityExtension("contact", ContactSafety, label=_("Machines"))
