"""Taking back a batch: an import, a merge or a bulk edit.

Only what is still as the batch left it is taken back. What somebody changed
since stays, and is reported.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from ..errors import NotFoundError, TenonError
from ..messages import _
from ..storage.ids import new_id
from . import external, read, write
from .audit import SILENT, TABLE

if TYPE_CHECKING:
    from .work import Work

CHUNK = 500


@dataclass
class UndoReport:
    """How many writes were taken back, and which could not be: ``(entity, id, reason)``."""

    undone: int = 0
    conflicts: list[tuple[str, UUID, str]] = field(default_factory=list)


def undo_batch(work: Work, batch: UUID) -> UndoReport:
    """Take back every write of ``batch``, newest first, as a batch of its own."""
    report = UndoReport()
    own = (batch, new_id())
    with work.elevated_batch(own[1]):
        for rows in _chunks(work, batch):
            for (entity, created), group in groupby(
                rows, key=lambda row: (row.entity, row.action == "create")
            ):
                if created:
                    _take_away(work, entity, list(group), own, report)
                else:
                    for row in group:
                        _put_back(work, row, batch, report)
    return report


def _chunks(work: Work, batch: UUID) -> Iterator[list[Any]]:
    last: UUID | None = None
    while True:
        found = sa.select(TABLE).where(TABLE.c.batch == batch).order_by(TABLE.c.id.desc()).limit(CHUNK)
        rows = list(work.unguarded.execute(found if last is None else found.where(TABLE.c.id < last)))
        if not rows:
            return
        last = rows[-1].id
        yield rows


def _take_away(work: Work, entity: str, rows: list[Any], own: tuple[UUID, UUID], report: UndoReport) -> None:
    """Records that the batch made go, while they are as it made them and nothing points at them."""
    work.flush()
    ids = [row.record_id for row in rows]
    others = sa.or_(TABLE.c.batch.is_(None), TABLE.c.batch.not_in(own))
    written = set(
        work.unguarded.execute(
            sa.select(TABLE.c.record_id).where(TABLE.c.record_id.in_(ids), TABLE.c.entity == entity, others)
        ).scalars()
    )
    touched = {row.record_id for row in rows if row.record_id in written and not _as_made(work, row)}
    table = work.type(entity).table
    versions = dict(
        work.unguarded.execute(sa.select(table.c.id, table.c.version).where(table.c.id.in_(ids))).all()
    )
    for id_ in touched:
        report.conflicts.append((entity, id_, _("It was changed since")))
    items = [(id_, versions[id_]) for id_ in ids if id_ in versions and id_ not in touched]
    removed: list[UUID] = []
    for (id_, _version), result in zip(items, write.bulk_remove(work, entity, items), strict=True):
        if isinstance(result, TenonError):
            report.conflicts.append((entity, id_, str(result.message)))
        else:
            removed.append(id_)
    external.forget(work, entity, removed)
    report.undone += len(removed)


def _as_made(work: Work, row: Any) -> bool:
    """Whether a record that others wrote to has the values it was made with: what they did was undone."""
    try:
        record = read.get(work, row.entity, row.record_id)
    except NotFoundError:
        return False
    return all(
        f.dump(record.get(path)) == row.changes.get(path, (None, None))[1]
        for path, f in record.entity.fields.items()
        if path not in SILENT
    )


def _put_back(work: Work, row: Any, batch: UUID, report: UndoReport) -> None:
    try:
        record = read.get(work, row.entity, row.record_id)
    except TenonError as error:
        report.conflicts.append((row.entity, row.record_id, str(error.message)))
        return
    mine = {}
    for path, (before, after) in row.changes.items():
        f = record.entity.fields.get(path)
        if f is None or path == "archived_at" or f.spec.readonly:
            continue
        # By value, not by its text: 7 and 7.00 are one amount.
        if record.get(path) == f.load(after):
            mine[path] = before
        elif record.get(path) != f.load(before):
            report.conflicts.append(
                (row.entity, row.record_id, _("%(label)s was changed since", label=f.label))
            )
    try:
        if mine:
            write.update(work, row.entity, record.id, mine, note={"undo": str(batch)})
        if row.action in ("archive", "restore"):
            write.set_archived(work, row.entity, record.id, row.action == "restore")
        report.undone += 1
    except TenonError as error:
        report.conflicts.append((row.entity, row.record_id, str(error)))
