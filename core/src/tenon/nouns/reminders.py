"""Reminders: a task announces itself once when its moment has come."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ..api import Work, system
from .task import Task

EVENT = "task.due"
BATCH = 200


def remind(payload: dict[str, Any], tenon: Any) -> None:
    """Emit ``task.due`` for every open task whose moment has come, and mark what is overdue.

    Works in transactions of 200 tasks, so that nobody waits long behind it.
    """
    while True:
        with tenon.records.writing(system("task reminders"), via="job") as work:
            due = due_tasks(work)
            for task in due:
                announce(work, tenon, task)
            mark_overdue(work)
        if len(due) < BATCH:
            return


def due_tasks(work: Work) -> list[Any]:
    """Open tasks that nobody was reminded of yet, the longest due first."""
    table: Any = Task.__table__
    waiting = open_tasks(table, table.c.remind_at, work.now).where(table.c.reminded_at.is_(None))
    return list(
        work.connection.execute(waiting.order_by(table.c.remind_at, table.c.id).limit(BATCH)).mappings()
    )


def announce(work: Work, tenon: Any, task: Any) -> None:
    """Emit ``task.due``, unless another worker has done so.

    The mark is bookkeeping rather than a change of the task: it leaves version
    and history alone, so that nobody's open form goes stale because a clock struck.
    """
    if not _claimed(work, task["id"]):
        return
    about = str(task["about_id"]) if task["about_id"] else None
    tenon.exchange.emit(
        work,
        EVENT,
        "task",
        task["id"],
        {
            "subject": task["subject"],
            "owner_id": str(task["owner_id"]) if task["owner_id"] else None,
            "due_at": task["due_at"].isoformat() if task["due_at"] else None,
            "about_entity": task["about_entity"],
            "about_id": about,
        },
    )


def _claimed(work: Work, task_id: UUID) -> bool:
    table: Any = Task.__table__
    mine = sa.update(table).where(table.c.id == task_id, table.c.reminded_at.is_(None))
    return work.connection.execute(mine.values(reminded_at=work.now)).rowcount == 1


def mark_overdue(work: Work) -> None:
    """Set ``overdue`` on every open task whose due moment has passed."""
    table: Any = Task.__table__
    late = open_tasks(table, table.c.due_at, work.now).where(table.c.overdue.is_not(True))
    work.connection.execute(
        sa.update(table).where(table.c.id.in_(late.with_only_columns(table.c.id))).values(overdue=True)
    )


def open_tasks(table: Any, moment: Any, now: datetime) -> sa.Select[Any]:
    """Tasks still to be done whose ``moment`` has come."""
    return sa.select(table).where(table.c.status == "open", table.c.archived_at.is_(None), moment <= now)
