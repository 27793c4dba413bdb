"""A task for the owner of a machine, before its warranty ends."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from tenon.api import Query, Record, Where, Work, all_of, system

from .machine import Machine

BATCH = 100


def remind(payload: dict[str, Any], tenon: Any) -> None:
    """Make a task for every machine whose warranty ends soon, once for each end.

    The worker may run this twice; what was reminded of is kept in the same transaction as
    the task, so the second run finds nothing to do.
    """
    days = tenon.plugins.get("machines").settings["remind_days"]
    while True:
        with tenon.records.writing(system("warranty reminders"), via="job") as work:
            due = ending_soon(work, days)
            for machine in due:
                write_task(work, machine)
        if len(due) < BATCH:
            return


def ending_soon(work: Work, days: int) -> list[Record]:
    """Machines whose warranty ends within so many days and that nobody was told of yet."""
    today = work.now.date()
    soon = all_of(
        Where("warranty_until", "gte", today),
        Where("warranty_until", "lte", today + timedelta(days=days)),
        Where("reminded_of", "empty", True),
    )
    return work.page("machine", Query(filter=soon, sort=("warranty_until",), size=BATCH)).data


def write_task(work: Work, machine: Record) -> None:
    """The task, and the mark that it was made.

    The mark is bookkeeping: it leaves the machine's version alone, so that nobody's open form goes
    stale because a clock struck.
    """
    ends = machine["warranty_until"]
    work.create(
        "task",
        {
            "subject": f"{machine.title}: the warranty ends on {ends}",
            "about_entity": "machine",
            "about_id": machine.id,
            "owner_id": machine["owner_id"],
            "due_at": datetime.combine(ends, time(9), tzinfo=work.now.tzinfo),
        },
    )
    table: Any = Machine.__table__
    work.connection.execute(sa.update(table).where(table.c.id == machine.id).values(reminded_of=ends))
