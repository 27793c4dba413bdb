"""Task: something to be done, by somebody, until some moment."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ..api import Base, Change, Choice, Entity, OwnedColumns, RecordColumns, Work, _, fields
from .about import AboutColumns, validate_about

TASK_STATUS = (Choice("open", _("Open"), "azure"), Choice("done", _("Done"), "green"))
PRIORITIES = (
    Choice("low", _("Low"), "secondary"),
    Choice("normal", _("Normal"), "azure"),
    Choice("high", _("High"), "orange"),
    Choice("urgent", _("Urgent"), "red"),
)


class Task(Base, RecordColumns, OwnedColumns, AboutColumns):
    """The owner is who has to do it. ``reminded_at`` and ``overdue`` are set by the worker.

    ``timeline_at`` is where it stands in a record's timeline: when it was done,
    else when it is due, else when it was written down.
    """

    __tablename__ = "nouns_task"
    __table_args__ = (
        sa.Index(None, "about_id", "timeline_at", "id"),
        sa.Index(None, "party_id", "timeline_at", "id"),
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
    timeline_at = fields.moment(_("In the timeline at"), readonly=True, show=False)
    follows_id = fields.reference(_("Follows activity"), to="activity", column="nouns_activity.id")


def validate_task(work: Work, change: Change) -> None:
    """Keep the moments that follow from the status and from when it is due."""
    validate_about(work, change)
    done = change.value("status") == "done"
    if change.changed("status"):
        change.values["done_at"] = work.now if done else None
    if change.changed("due_at") and not change.changed("remind_at"):
        change.values["remind_at"] = change.value("due_at")
    if change.changed("due_at") or change.changed("remind_at"):
        change.values["reminded_at"] = None
    due = change.value("due_at")
    written = change.before.created_at if change.before is not None else change.values["created_at"]
    _derive(change, "overdue", not done and due is not None and due <= work.now)
    _derive(change, "timeline_at", change.value("done_at") or due or written)


def _derive(change: Change, path: str, value: Any) -> None:
    if change.value(path) != value:
        change.values[path] = value


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
    validate=validate_task,
    icon="checkbox",
    description=_("What is to be done."),
)
