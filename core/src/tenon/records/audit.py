"""The audit trail: every write, who made it and what it changed; and any record as it was."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from ..errors import NotFoundError
from ..messages import _
from ..storage.ids import new_id
from . import visible
from .models import AuditEntry
from .record import Record
from .registry import EntityType
from .signals import Change

if TYPE_CHECKING:
    from .work import Work

TABLE: sa.Table = AuditEntry.__table__  # type: ignore[assignment]
_INSERT = sa.insert(TABLE)
SILENT = frozenset({"id", "version", "created_at", "updated_at", "custom"})
SPOKEN = frozenset({"reason", "at", "approval", "requested_by", "override", "merge", "undo"})
"""What a note says of the write itself. The rest may quote any field."""
OF_STAGES = ("history",)


@dataclass(frozen=True)
class Entry:
    """One line of a record's history. ``changes`` maps paths to ``(before, after)`` in JSON form."""

    id: UUID
    at: datetime
    actor_id: UUID | None
    actor_name: str
    via: str
    entity: str
    record_id: UUID
    action: str
    version: int
    changes: dict[str, tuple[Any, Any]]
    note: dict[str, Any] | None
    batch: UUID | None


def record(work: Work, changes: list[Change]) -> None:
    """Write one audit row for each change."""
    common = _common(work)
    work.unguarded.execute(_INSERT, [{**common, **_row(change)} for change in changes])


def record_deed(work: Work, entity: str, id_: UUID, action: str, version: int) -> None:
    """Write an audit row for what was done to a record beside its fields, such as a new password."""
    row = {"id": new_id(), "entity": entity, "record_id": id_, "action": action, "version": version}
    work.unguarded.execute(_INSERT, [{**_common(work), **row, "changes": {}, "note": None}])


def _common(work: Work) -> dict[str, Any]:
    actor = work.actor
    return {
        "at": work.now,
        "actor_id": actor.id,
        "actor_name": f"system: {actor.reason}" if actor.is_system else actor.name,
        "via": work.via,
        "batch": work.batch,
    }


def _row(change: Change) -> dict[str, Any]:
    return {
        "id": new_id(),
        "entity": change.entity.name,
        "record_id": change.before.id if change.before is not None else change.values["id"],
        "action": change.action,
        "version": change.values["version"],
        "changes": differences(change),
        "note": change.note or None,
    }


def differences(change: Change) -> dict[str, tuple[Any, Any]]:
    """What the change did, as JSON values by field path: ``(before, after)``."""
    fields, values = change.entity.fields, change.values
    if change.before is None:
        made = ((path, value) for path, value in values.items() if value is not None and path not in SILENT)
        return {path: (None, fields[path].dump(value)) for path, value in made}
    found: dict[str, tuple[Any, Any]] = {}
    for path, after in values.items():
        if path in SILENT:
            continue
        before = change.before.get(path)
        if before != after:
            f = fields[path]
            found[path] = (f.dump(before), f.dump(after))
    return found


def entries(work: Work, entity: str, id_: UUID, *, before: UUID | None = None, size: int = 50) -> list[Entry]:
    """The history of a record, newest first; ``before`` is the id of the last entry already seen.

    Fields that the actor may not see are left out, and so are changes of nothing else.
    ``NotFoundError`` where the actor may not see the record.
    """
    work.get(entity, id_)
    return list(islice(_seen_entries(work, entity, id_, before, size), size))


def _seen_entries(work: Work, entity: str, id_: UUID, before: UUID | None, size: int) -> Iterator[Entry]:
    type_ = work.type(entity)
    seen = visible.fields(work, type_)
    while True:
        found = sa.select(TABLE).where(TABLE.c.record_id == id_, TABLE.c.entity == entity)
        if before is not None:
            found = found.where(TABLE.c.id < before)
        rows = work.unguarded.execute(found.order_by(TABLE.c.id.desc()).limit(size)).all()
        for row in rows:
            entry = _entry(row, seen)
            if entry.changes or not row.changes:
                yield entry if seen is type_.fields else replace(entry, note=told_note(entry.note, seen))
        if len(rows) < size:
            return
        before = rows[-1].id


def told_note(note: Mapping[str, Any] | None, seen: Container[str]) -> dict[str, Any] | None:
    """What of a write's note somebody may be told who sees only the fields in ``seen``."""
    if not note:
        return None
    found = {key: value for key, value in note.items() if key in SPOKEN}
    if "stage" in seen:
        found |= {key: note[key] for key in OF_STAGES if key in note}
    return found or None


def batch_entries(work: Work, batch: UUID, *, after: UUID | None = None, size: int = 500) -> list[Entry]:
    """The writes of one batch, oldest first."""
    found = sa.select(TABLE).where(TABLE.c.batch == batch)
    if after is not None:
        found = found.where(TABLE.c.id > after)
    rows = work.unguarded.execute(found.order_by(TABLE.c.id).limit(size))
    return [_entry(row) for row in rows]


def _entry(row: Any, seen: Container[str] | None = None) -> Entry:
    changes = {path: (pair[0], pair[1]) for path, pair in row.changes.items() if seen is None or path in seen}
    return Entry(
        row.id, row.at, row.actor_id, row.actor_name, row.via, row.entity, row.record_id, row.action,
        row.version, changes, row.note, row.batch,
    )  # fmt: skip


def as_of(work: Work, entity: str, id_: UUID, moment: datetime) -> Record:
    """The record as it stood at ``moment``; ``NotFoundError`` if it was not there yet.

    Every change after ``moment`` is taken back, newest first.
    """
    now = work.get(entity, id_)
    seen = visible.fields(work, now.entity)
    later = sa.select(TABLE).where(TABLE.c.record_id == id_, TABLE.c.entity == entity, TABLE.c.at > moment)
    values = dict(now.values)
    custom = dict(now.custom)
    version = now.version
    for row in work.unguarded.execute(later.order_by(TABLE.c.id.desc())):
        if row.action == "create":
            raise NotFoundError(_("%(title)s did not exist yet at that time", title=now.title))
        version = row.version - 1
        for path, (old, _new) in row.changes.items():
            if path in seen:
                _put(now.entity, values, custom, path, old)
    values["version"] = version
    values["custom"] = now.entity.store_custom(values.get("custom"), custom)
    return visible.hide(work, Record(now.entity, values))


def _put(type_: EntityType, values: dict[str, Any], custom: dict[str, Any], path: str, stored: Any) -> None:
    f = type_.fields.get(path)
    if f is None:
        return
    if f.origin == "custom":
        custom[path[7:]] = f.load(stored)
    elif path in values:
        values[path] = f.load(stored)
