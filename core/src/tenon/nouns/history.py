"""What activities and tasks tell a record's timeline."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from ..api import And, Filter, Or, Query, Record, TimelineItem, Where, Work, all_of

Key = tuple[datetime, UUID]


def activities(work: Work, entity: str, id_: UUID, before: Key | None, size: int) -> Iterable[TimelineItem]:
    """Calls, mails, meetings and notes about a record, or about anything of that customer."""
    if not shows(work, "activity", "happened_at", "type"):
        return []
    found = around(work, "activity", "happened_at", entity, id_, before, size)
    return [activity_item(record) for record in found]


def tasks(work: Work, entity: str, id_: UUID, before: Key | None, size: int) -> Iterable[TimelineItem]:
    """Tasks about a record, or about anything of that customer."""
    if not shows(work, "task", "timeline_at"):
        return []
    return [task_item(record) for record in around(work, "task", "timeline_at", entity, id_, before, size)]


def shows(work: Work, entity: str, *paths: str) -> bool:
    """Whether the actor may read such records with what places them on a timeline."""
    seen = work.fields(work.type(entity), "read")
    needed = (*paths, "about_id", "about_entity", "party_id")
    return work.access.allows(work.actor, "read", entity) and all(path in seen for path in needed)


def around(
    work: Work, entity: str, moment: str, about_entity: str, id_: UUID, before: Key | None, size: int
) -> list[Record]:
    """Records of ``entity`` about a record or its party, newest ``moment`` first."""
    about: Filter = And((Where("about_id", "eq", id_), Where("about_entity", "eq", about_entity)))
    if work.type(about_entity).entity.party is not None:
        about = Or((about, Where("party_id", "eq", id_)))
    query = Query(filter=all_of(about, earlier(moment, before)), sort=(f"-{moment}", "-id"), size=size)
    return work.page(entity, query).data


def earlier(moment: str, before: Key | None) -> Filter | None:
    """Those whose (moment, id) is below ``before``."""
    if before is None:
        return None
    at, id_ = before
    return Or((Where(moment, "lt", at), And((Where(moment, "eq", at), Where("id", "lt", id_)))))


def activity_item(record: Record) -> TimelineItem:
    return TimelineItem(
        at=record["happened_at"],
        id=record.id,
        kind=record["type"],
        title=record.title,
        text=record.get("body"),
        actor_id=record.get("owner_id"),
        entity="activity",
        record_id=record.id,
        data={
            "duration": record.get("duration"),
            "direction": record.get("direction"),
            **about_data(record),
        },
    )


def task_item(record: Record) -> TimelineItem:
    return TimelineItem(
        at=record["timeline_at"],
        id=record.id,
        kind="task",
        title=record.title,
        text=record.get("description"),
        actor_id=record.get("owner_id"),
        entity="task",
        record_id=record.id,
        data={
            "status": record.get("status"),
            "priority": record.get("priority"),
            "overdue": bool(record.get("overdue")),
            **about_data(record),
        },
    )


def about_data(record: Record) -> dict[str, str | None]:
    about = record.get("about_id")
    return {"about_entity": record.get("about_entity"), "about_id": str(about) if about else None}
