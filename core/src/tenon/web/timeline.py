"""What happened around a record, as lines for its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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

Labels = Mapping[tuple[str, str, str], str]
"""What stages are called, by entity, field path and key."""

PAGE = 20
KIND_LABELS: Mapping[str, Message] = {
    "task": _("Task"),
    "create": _("Created"),
    "update": _("Changed"),
    "archive": _("Archived"),
    "restore": _("Restored"),
    "merge": _("Merged"),
    "password": _("New password"),
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
    "password": "key",
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
    labels: Labels,
) -> Line:
    label = types.get(item.kind) or KIND_LABELS.get(item.kind) or item.kind
    who = names.get(item.actor_id, "") if item.actor_id else item.data.get("actor_name", "")
    title = _moved(record, item, labels) or _title(record, item)
    return Line(item, KIND_ICONS.get(item.kind, "activity"), label, title, who, _url(work, record, item))


def _title(record: Record, item: TimelineItem) -> str:
    """The item's own title; for a change, the names of the fields."""
    changed = item.data.get("changes") if item.kind == "update" else None
    if not changed:
        return reader().label(item.title)
    fields = [record.entity.fields[path].label for path in changed if path in record.entity.fields]
    return ", ".join(reader().label(label) for label in fields[:6])


def _moved(record: Record, item: TimelineItem, labels: Labels) -> str | None:
    """``Proposal → Won`` for a move."""
    if item.kind != "stage":
        return None
    keys = (str(item.data.get("from")), str(item.data.get("to")))
    source, target = (reader().label(labels.get((record.entity.name, "stage", key), key)) for key in keys)
    return f"{source} {'→' if reader().direction == 'ltr' else '←'} {target}"


def _url(work: Work, record: Record, item: TimelineItem) -> str | None:
    if item.entity not in work.registry or item.record_id is None or item.record_id == record.id:
        return None
    return record_url(work.type(item.entity or "").collection, item.record_id)


def activity_types(work: Work) -> tuple[Choice, ...]:
    """What can be added in place: the kinds of activity there are."""
    if "activity" not in work.registry:
        return ()
    return work.type("activity").fields["type"].spec.choices
