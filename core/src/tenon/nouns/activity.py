"""Activity: a call, mail, meeting or note about a record."""

from __future__ import annotations

import sqlalchemy as sa

from ..api import Base, Choice, Entity, OwnedColumns, RecordColumns, _, fields
from .about import AboutColumns

ACTIVITY_TYPES = (
    Choice("call", _("Call"), "green"),
    Choice("mail", _("Mail"), "azure"),
    Choice("meeting", _("Meeting"), "purple"),
    Choice("note", _("Note"), "yellow"),
)
DIRECTIONS = (Choice("in", _("Incoming")), Choice("out", _("Outgoing")))


class Activity(Base, RecordColumns, OwnedColumns, AboutColumns):
    """``happened_at`` is now unless given; ``follow_up_at`` makes a task for that moment."""

    __tablename__ = "nouns_activity"
    __table_args__ = (
        sa.Index(None, "about_id", "happened_at", "id"),
        sa.Index(None, "party_id", "happened_at", "id"),
        sa.Index(None, "owner_id", "happened_at", "id"),
        sa.Index(None, "happened_at", "id"),
        sa.Index(None, "created_at", "id"),
    )

    owner_id = fields.reference(_("Owner"), to="user", column="identity_user.id", index=False)
    type = fields.choice(_("Type"), ACTIVITY_TYPES, default="note", required=True)
    subject = fields.text(_("Subject"), required=True, search=True)
    body = fields.long_text(_("Text"))
    happened_at = fields.moment(_("When"))
    duration = fields.integer(_("Minutes"), help=_("How long it took, in minutes."))
    direction = fields.choice(_("Direction"), DIRECTIONS)
    follow_up_at = fields.moment(_("Follow up on"), help=_("A task for that moment is made."))


ACTIVITY = Entity(
    name="activity",
    model=Activity,
    label=_("Activity"),
    label_plural=_("Activities"),
    plural="activities",
    title="subject",
    list_columns=("happened_at", "type", "subject", "party_id", "duration", "owner_id"),
    search=("subject",),
    default_sort="-happened_at",
    icon="message",
    description=_("Calls, mails, meetings and notes."),
)
