"""My day: what is overdue, due today and soon; and adding notes, calls and tasks where one is."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ...errors import InvalidError
from ...messages import Message, _
from ...records.query import Filter, Query, Where, all_of
from ...records.record import Record
from ...records.registry import EntityType
from ...records.work import Work
from ..cells import record_url
from ..context import actor, reader, tenon
from ..controls import with_zone
from ..links import cells_for
from ..notices import flash
from ..security import safe_next

SHOWN = 50


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/my-day", "my_day", my_day)
    pages.add_url_rule("/tasks/<uuid:task_id>/done", "finish_task", finish_task, methods=["POST"])
    pages.add_url_rule(
        "/<entity:entity>/<uuid:record_id>/activities", "add_activity", add_activity, methods=["POST"]
    )
    pages.add_url_rule("/<entity:entity>/<uuid:record_id>/tasks", "add_task", add_task, methods=["POST"])


def my_day() -> str:
    with tenon().records.reading(actor(), via="web") as work:
        groups = [(label, tasks) for label, tasks in day_groups(work) if tasks]
        records = [task for _label, tasks in groups for task in tasks]
        return render_template("tenon/home/my_day.html", groups=groups, cells=cells_for(work, records))


def day_groups(work: Work) -> list[tuple[Message, list[Record]]]:
    """One's open tasks: overdue, today, this week, later, and without a date."""
    today, tomorrow, week = _moments(work.now)
    return [
        (_("Overdue"), _mine(work, Where("due_at", "lt", today))),
        (_("Today"), _mine(work, Where("due_at", "gte", today), Where("due_at", "lt", tomorrow))),
        (_("The next 7 days"), _mine(work, Where("due_at", "gte", tomorrow), Where("due_at", "lt", week))),
        (_("Later"), _mine(work, Where("due_at", "gte", week))),
        (_("Without a date"), _mine(work, Where("due_at", "empty", True))),
    ]


def due_tasks(work: Work, size: int) -> list[Record]:
    """One's tasks due until the end of today, the oldest first."""
    if "task" not in work.registry or not work.access.allows(work.actor, "read", "task"):
        return []
    return _mine(work, Where("due_at", "lt", _moments(work.now)[1]), size=size)


def _moments(now: datetime) -> tuple[datetime, datetime, datetime]:
    """The start of today, of tomorrow and of the day after seven more, in the reader's own day."""
    local = reader().local(now)
    today = datetime.combine(local.date(), time(), reader().timezone)
    return today, today + timedelta(days=1), today + timedelta(days=8)


def _mine(work: Work, *conditions: Filter, size: int = SHOWN) -> list[Record]:
    mine = (Where("owner_id", "eq", "$me"), Where("status", "eq", "open"))
    return work.page("task", Query(filter=all_of(*mine, *conditions), sort=("due_at",), size=size)).data


def finish_task(task_id: UUID) -> Response:
    with tenon().records.writing(actor(), via="web") as work:
        task = work.update("task", task_id, {"status": "done"})
    flash(_("%(title)s is done.", title=task.title), "success")
    return redirect(safe_next(request.form.get("next")) or url_for("web.my_day"), 303)


def add_activity(entity: EntityType, record_id: UUID) -> Response:
    values = {name: request.form.get(name) or None for name in ("type", "subject", "body")}
    follow = request.form.get("follow_up_at")
    values["follow_up_at"] = with_zone(follow, reader()) if follow else None
    return _add(entity, record_id, "activity", values, _("Added to the timeline."))


def add_task(entity: EntityType, record_id: UUID) -> Response:
    due = request.form.get("due_at")
    values = {
        "subject": request.form.get("subject") or None,
        "due_at": with_zone(due, reader()) if due else None,
    }
    return _add(entity, record_id, "task", values, _("The task is added."))


def _add(entity: EntityType, record_id: UUID, kind: str, values: dict[str, Any], done: Message) -> Response:
    about = {"about_entity": entity.name, "about_id": str(record_id)}
    try:
        with tenon().records.writing(actor(), via="web") as work:
            work.get(entity.name, record_id)
            work.create(kind, {**values, **about})
        flash(done, "success")
    except InvalidError as error:
        for problem in error.problems:
            flash(problem.detail, "error")
    return redirect(record_url(entity.collection, record_id) + "#timeline", 303)
