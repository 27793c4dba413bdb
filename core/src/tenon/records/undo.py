"""Taking back a batch: an import, a merge or a bulk edit.

Only what is still as the batch left it is taken back. What somebody changed
since stays, and is reported; what the actor cannot reach is reported as not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from ..errors import NotFoundError, TenonError
from ..messages import _
from ..storage.ids import new_id
from . import external, reach, read, visible, write
from .audit import SILENT, TABLE
from .registry import EntityType

if TYPE_CHECKING:
    from .work import Work

CHUNK = 500


@dataclass
class UndoReport:
    """How many writes were taken back, and which could not be: ``(entity, id, reason)``."""

    undone: int = 0
    conflicts: list[tuple[str, UUID, str]] = field(default_factory=list)


def undo_batch(work: Work, batch: UUID) -> UndoReport:
    """Take back every write of ``batch`` that is within the actor's reach, newest first, as a batch of
    its own."""
    return _Undo(work, batch).run()


def undo_merge_batch(work: Work, batch: UUID) -> UndoReport:
    """The same for a merge, which moved relations that the actor does not see: those go back untold."""
    return _Undo(work, batch, beyond=True).run()


class _Undo:
    """One batch being taken back.

    Values are put back whole, whatever of them the actor sees; ``asking`` is the work that
    knows what they see and reach. ``beyond`` takes back what is out of reach too.
    """

    def __init__(self, work: Work, batch: UUID, *, beyond: bool = False) -> None:
        self.work = work
        self.asking = copy(work)
        self.batch = batch
        self.own = new_id()
        self.beyond = beyond
        self.report = UndoReport()

    def run(self) -> UndoReport:
        with self.work.elevated_batch(self.own):
            for rows in _chunks(self.work, self.batch):
                for (entity, action), group in groupby(rows, key=lambda row: (row.entity, row.action)):
                    self._take_back(self.work.type(entity), action, list(group))
        return self.report

    def _take_back(self, type_: EntityType, action: str, rows: list[Any]) -> None:
        ids = [row.record_id for row in rows]
        reached = self._reached(type_, ids, _needed(action))
        for row in rows:
            if row.record_id not in reached and not self.beyond:
                self._keep(type_, row.record_id, str(reach.absent(type_, row.record_id).message))
        kept = [row for row in rows if self.beyond or row.record_id in reached]
        if action == "create":
            self._take_away(type_, kept, reached)
            return
        for row in kept:
            self._put_back(type_, row, told=row.record_id in reached)

    def _reached(self, type_: EntityType, ids: Sequence[UUID], action: str) -> set[UUID]:
        allows = self.asking.access.allows
        if not all(allows(self.asking.actor, needed, type_.name) for needed in ("read", action)):
            return set()
        return reach.within(self.asking, type_, ids, "read", action)

    def _keep(self, type_: EntityType, id_: UUID, reason: str) -> None:
        self.report.conflicts.append((type_.name, id_, reason))

    # Records that the batch made

    def _take_away(self, type_: EntityType, rows: list[Any], reached: set[UUID]) -> None:
        """They go, while they are as the batch made them and nothing points at them."""
        self.work.flush()
        ids = [row.record_id for row in rows]
        touched = self._touched(type_, rows)
        table = type_.table
        versions = dict(
            self.work.unguarded.execute(
                sa.select(table.c.id, table.c.version).where(table.c.id.in_(ids))
            ).all()
        )
        for id_ in touched & reached:
            self._keep(type_, id_, _("It was changed since"))
        items = [(id_, versions[id_]) for id_ in ids if id_ in versions and id_ not in touched]
        removed: list[UUID] = []
        for (id_, _version), result in zip(
            items, write.bulk_remove(self.work, type_.name, items), strict=True
        ):
            if not isinstance(result, TenonError):
                removed.append(id_)
            elif id_ in reached:
                self._keep(type_, id_, str(result.message))
        external.forget(self.work, type_.name, removed)
        self.report.undone += len(reached.intersection(removed))

    def _touched(self, type_: EntityType, rows: list[Any]) -> set[UUID]:
        """Those that others wrote to since, unless that was taken back."""
        ids = [row.record_id for row in rows]
        others = sa.or_(TABLE.c.batch.is_(None), TABLE.c.batch.not_in((self.batch, self.own)))
        wrote = sa.select(TABLE.c.record_id).where(
            TABLE.c.record_id.in_(ids), TABLE.c.entity == type_.name, others
        )
        written = set(self.work.unguarded.execute(wrote).scalars())
        return {row.record_id for row in rows if row.record_id in written and not _as_made(self.work, row)}

    # Records that the batch changed

    def _put_back(self, type_: EntityType, row: Any, *, told: bool) -> None:
        try:
            mine = self._still_mine(type_, row, told=told)
            if mine:
                write.update(self.work, type_.name, row.record_id, mine, note={"undo": str(self.batch)})
            if row.action in ("archive", "restore"):
                write.set_archived(self.work, type_.name, row.record_id, row.action == "restore")
            self.report.undone += told
        except TenonError as error:
            if told:
                self._keep(type_, row.record_id, visible.told(self.asking, type_, error))

    def _still_mine(self, type_: EntityType, row: Any, *, told: bool) -> dict[str, Any]:
        """The values from before the write, of the fields that are as it left them."""
        record = read.get(self.work, type_.name, row.record_id)
        found = {}
        for path, (before, after) in row.changes.items():
            f = type_.fields.get(path)
            if f is None or path == "archived_at" or f.spec.readonly:
                continue
            # By value, not by its text: 7 and 7.00 are one amount.
            if record.get(path) == f.load(after):
                found[path] = before
            elif record.get(path) != f.load(before) and told:
                seen = path in visible.fields(self.asking, type_)
                changed = _("%(label)s was changed since", label=f.label)
                self._keep(type_, record.id, changed if seen else _("It was changed since"))
        return found


def _needed(action: str) -> str:
    """What the actor must be allowed to do to a record, for such a write of it to be taken back."""
    return "archive" if action in ("create", "archive", "restore") else "update"


def _chunks(work: Work, batch: UUID) -> Iterator[list[Any]]:
    last: UUID | None = None
    while True:
        found = sa.select(TABLE).where(TABLE.c.batch == batch).order_by(TABLE.c.id.desc()).limit(CHUNK)
        rows = list(work.unguarded.execute(found if last is None else found.where(TABLE.c.id < last)))
        if not rows:
            return
        last = rows[-1].id
        yield rows


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
