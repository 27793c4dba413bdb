"""What happened around a record, as lines for its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ..errors import BadRequestError
from ..messages import Message, _
from ..records.record import Record
from ..records.timeline import TimelineItem
from ..records.work import Work
from ..storage.fields import Choice
from .cells import record_url
from .context import reader, tenon
from .links import stage_labels

PAGE = 20
KIND_LABELS: Mapping[str, Message] = {
    "task": _("Task"),
    "create": _("Created"),
    "update": _("Changed"),
    "archive": _("Archived"),
    "restore": _("Restored"),
    "merge": _("Merged"),
    "stage": _("Stage"),
    "approval": _("Approval"),
}
KIND_ICONS: Mapping[str, str] = {
    "call": "phone-call",
    "mail": "mail",
    "meeting": "calendar-event",
    "note": "note",
    "task": "checkbox",
    "stage": "arrow-right",
    "approval": "checks",
    "create": "plus",
    "update": "edit",
    "archive": "archive",
    "restore": "archive-off",
    "merge": "arrow-merge",
}


@dataclass(frozen=True)
class Line:
    """An item as the page shows it."""

    item: TimelineItem
    icon: str
    label: Message | str
    title: str
    who: str
    url: str | None


@dataclass(frozen=True)
class Lines:
    lines: list[Line]
    next: str | None


def timeline_of(work: Work, record: Record, after: str | None) -> Lines:
    """A page of the record's timeline, newest first; the first page for a cursor that is none."""
    entity, timeline = record.entity.name, tenon().records.timeline
    try:
        page = timeline.page(work, entity, record.id, after=after, size=PAGE)
    except BadRequestError:
        page = timeline.page(work, entity, record.id, size=PAGE)
    names = work.titles("user", [item.actor_id for item in page.data if item.actor_id])
    types = {choice.key: choice.label for choice in activity_types(work)}
    labels = stage_labels()
    return Lines([_line(work, record, item, names, types, labels) for item in page.data], page.next)


def _line(
    work: Work,
    record: Record,
    item: TimelineItem,
    names: Mapping[UUID, str],
    types: Mapping[str, Message | str],
    labels: Mapping[tuple[str, str, str], str],
) -> Line:
    label = types.get(item.kind) or KIND_LABELS.get(item.kind) or item.kind
    who = names.get(item.actor_id, "") if item.actor_id else ""
    return Line(
        item,
        KIND_ICONS.get(item.kind, "activity"),
        label,
        _title(record, item, labels),
        who,
        _url(work, record, item),
    )


def _title(record: Record, item: TimelineItem, labels: Mapping[tuple[str, str, str], str]) -> str:
    if item.kind == "stage":
        return _moved(record, item.data, labels)
    changed = item.data.get("changes") if item.kind == "update" else None
    if changed:
        fields = [record.entity.fields[path].label for path in changed if path in record.entity.fields]
        return ", ".join(reader().label(label) for label in fields[:6])
    return reader().label(item.title)


def _moved(record: Record, data: Mapping[str, Any], labels: Mapping[tuple[str, str, str], str]) -> str:
    def name(key: Any) -> str:
        return reader().label(labels.get((record.entity.name, "stage", str(key)), str(key)))

    source, target = data.get("source") or data.get("from"), data.get("target") or data.get("to")
    arrow = "→" if reader().direction == "ltr" else "←"
    return f"{name(source)} {arrow} {name(target)}" if source else name(target)


def _url(work: Work, record: Record, item: TimelineItem) -> str | None:
    if item.entity not in work.registry or item.record_id is None or item.record_id == record.id:
        return None
    return record_url(work.type(item.entity or "").collection, item.record_id)


def activity_types(work: Work) -> tuple[Choice, ...]:
    """What can be added in place: the kinds of activity there are."""
    if "activity" not in work.registry:
        return ()
    return work.type("activity").fields["type"].spec.choices
