"""Activity: a call, mail, meeting or note about a record."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ..api import Base, Change, Choice, Entity, OwnedColumns, RecordColumns, Work, _, fields
from .about import AboutColumns, validate_about

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
    body = fields.long_text(_("Notes"))
    happened_at = fields.moment(_("When"))
    duration = fields.integer(_("Minutes"), help=_("How long it took, in minutes."))
    direction = fields.choice(_("Direction"), DIRECTIONS)
    follow_up_at = fields.moment(_("Follow up on"), help=_("A task for that moment is made."))


def validate_activity(work: Work, change: Change) -> None:
    """It happened now unless somebody says otherwise."""
    validate_about(work, change)
    if change.value("happened_at") is None:
        change.values["happened_at"] = work.now
    if change.changed("duration") and (change.value("duration") or 0) < 0:
        change.refuse("/duration", "negative", _("Enter a number of minutes that is not below zero"))


def follow_up(work: Work, changes: list[Change]) -> None:
    """Make the task that a new activity with ``follow_up_at`` asks for."""
    for change in changes:
        if (
            change.entity.name == "activity"
            and change.action == "create"
            and change.values.get("follow_up_at")
        ):
            work.create("task", follow_up_task(change))


def follow_up_task(change: Change) -> dict[str, Any]:
    activity = change.after
    assert activity is not None
    kept = ("about_entity", "about_id", "party_id", "owner_id")
    return {
        "subject": str(_("Follow up: %(subject)s", subject=activity["subject"]))[:200],
        "due_at": activity["follow_up_at"],
        "follows_id": activity.id,
        **{path: activity[path] for path in kept},
    }


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
    validate=validate_activity,
    icon="message",
    description=_("Calls, mails, meetings and notes."),
)
