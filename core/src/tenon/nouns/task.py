"""Task: something to be done, by somebody, until some moment."""

from __future__ import annotations

import sqlalchemy as sa

from ..api import Base, Choice, Entity, OwnedColumns, RecordColumns, _, fields
from .about import AboutColumns

TASK_STATUS = (Choice("open", _("Open"), "azure"), Choice("done", _("Done"), "green"))
PRIORITIES = (
    Choice("low", _("Low"), "secondary"),
    Choice("normal", _("Normal"), "azure"),
    Choice("high", _("High"), "orange"),
    Choice("urgent", _("Urgent"), "red"),
)


class Task(Base, RecordColumns, OwnedColumns, AboutColumns):
    """The owner is who has to do it. ``reminded_at`` and ``overdue`` are set by the worker."""

    __tablename__ = "nouns_task"
    __table_args__ = (
        sa.Index(None, "about_id", "due_at", "id"),
        sa.Index(None, "party_id", "due_at", "id"),
        sa.Index(None, "owner_id", "status", "due_at", "id"),
        sa.Index(None, "status", "due_at", "id"),
        sa.Index(None, "status", "remind_at", "id"),
        sa.Index(None, "created_at", "id"),
    )

    owner_id = fields.reference(_("Assignee"), to="user", column="identity_user.id", index=False)
    subject = fields.text(_("Subject"), required=True, search=True)
    description = fields.long_text(_("Description"))
    status = fields.choice(_("Status"), TASK_STATUS, default="open", required=True)
    priority = fields.choice(_("Priority"), PRIORITIES, default="normal", required=True)
    due_at = fields.moment(_("Due"))
    remind_at = fields.moment(_("Remind at"), help=_("When it is due, unless given."))
    reminded_at = fields.moment(_("Reminded at"), readonly=True)
    overdue = fields.boolean(_("Overdue"), readonly=True, default=False)
    done_at = fields.moment(_("Done at"), readonly=True)
    follows_id = fields.reference(_("Follows activity"), to="activity", column="nouns_activity.id")


TASK = Entity(
    name="task",
    model=Task,
    label=_("Task"),
    label_plural=_("Tasks"),
    plural="tasks",
    title="subject",
    list_columns=("subject", "due_at", "status", "priority", "party_id", "owner_id"),
    search=("subject",),
    default_sort="due_at",
    icon="checkbox",
    description=_("What is to be done."),
)
