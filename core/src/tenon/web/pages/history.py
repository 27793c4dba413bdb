"""A record's history: who changed what, when, from what to what; and the record as it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request
from markupsafe import Markup

from ...errors import TenonError
from ...messages import Message, _
from ...records import audit, merge, reach
from ...records.audit import Entry
from ...records.record import Record
from ...records.registry import EntityType, Field
from ...records.work import Work
from ..cells import Cells, currency_path
from ..context import actor, reader, tenon
from ..controls import with_zone
from ..links import cells_for, links_to, stage_labels
from .lists import visible
from .record import facts

PAGE = 30
VIA_LABELS: Mapping[str, Message] = {
    "web": _("on a page"),
    "api": _("by the API"),
    "import": _("by an import"),
    "job": _("by a job"),
    "cli": _("by a command"),
    "approval": _("by an approval"),
    "undo": _("by taking back"),
    "demo": _("as an example"),
}
ACTION_LABELS: Mapping[str, Message] = {
    "create": _("Created"),
    "update": _("Changed"),
    "archive": _("Archived"),
    "restore": _("Restored"),
    "merge": _("Merged"),
    "remove": _("Removed"),
    "password": _("New password"),
}


@dataclass(frozen=True)
class Shift:
    """One field's change."""

    label: Message | str
    before: Markup
    after: Markup


@dataclass(frozen=True)
class HistoryLine:
    entry: Entry
    action: Message | str
    via: Message | str
    reason: str | None
    shifts: list[Shift]


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/<entity:entity>/<uuid:record_id>/history", "history", history)


def history(entity: EntityType, record_id: UUID) -> str:
    with tenon().records.reading(actor(), via="web") as work:
        record = work.get(entity.name, record_id)
        before = request.args.get("before", type=UUID)
        entries = audit.entries(work, entity.name, record_id, before=before, size=PAGE)
        past, problem = _past(work, record)
        return render_template(
            "tenon/record/history.html",
            entity=entity,
            record=record,
            lines=_lines(work, entity, entries),
            more=entries[-1].id if len(entries) == PAGE else None,
            asked=request.args.get("at", ""),
            past=past,
            problem=problem,
            facts=facts(entity, visible(work, entity)),
            cells=cells_for(work, [record, *([past] if past else [])]),
            merges=[m for m in merge.merges(work, entity.name, record_id) if m["undone_at"] is None],
            may_merge=reach.may(work, record, "merge"),
            tab="history",
        )


def _past(work: Work, record: Record) -> tuple[Record | None, str | None]:
    """The record as of the moment that the form asks for, or why there is none."""
    asked = request.args.get("at")
    if not asked:
        return None, None
    try:
        moment = datetime.fromisoformat(with_zone(asked, reader()))
        return audit.as_of(work, record.entity.name, record.id, moment), None
    except ValueError:
        return None, _("Enter a date and a time")
    except TenonError as error:
        return None, error.message


def _lines(work: Work, type_: EntityType, entries: list[Entry]) -> list[HistoryLine]:
    cells = Cells(reader(), _links(work, type_, entries), stage_labels())
    return [_line(cells, type_, entry) for entry in entries]


def _line(cells: Cells, type_: EntityType, entry: Entry) -> HistoryLine:
    shifts = [
        Shift(found.label, _value(cells, type_, found, entry, 0), _value(cells, type_, found, entry, 1))
        for path in entry.changes
        if (found := type_.fields.get(path)) is not None and path not in ("archived_at", "created_by")
    ]
    reason = (entry.note or {}).get("reason")
    return HistoryLine(
        entry,
        ACTION_LABELS.get(entry.action, entry.action),
        VIA_LABELS.get(entry.via, entry.via),
        reason,
        shifts,
    )


def _value(cells: Cells, type_: EntityType, found: Field, entry: Entry, side: int) -> Markup:
    """The value before (``side`` 0) or after (1) the change, as the reader reads it."""
    stored = entry.changes[found.path][side]
    if stored is None:
        return Markup()
    label = cells.stages.get((type_.name, found.path, stored)) if isinstance(stored, str) else None
    if label is not None:
        return Markup("<bdi>{}</bdi>").format(cells.reader.label(label))
    currency = entry.changes.get(currency_path(found), (None, None))[side] if found.spec.currency else None
    return cells.value(found.spec, found.load(stored), currency)


def _links(work: Work, type_: EntityType, entries: list[Entry]) -> dict[Any, Any]:
    """Titles of every record that an old or a new value refers to."""
    found: dict[Any, Any] = {}
    for field in type_.references:
        values = [value for entry in entries for value in entry.changes.get(field.path, ()) if value]
        if values and field.spec.to is not None and field.spec.to in work.registry:
            found.update(links_to(work, field.spec.to, [UUID(str(value)) for value in values]))
    return found
