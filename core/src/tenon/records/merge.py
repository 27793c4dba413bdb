"""Merging duplicates: every relation moves to the record that stays, and can move back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from ..errors import ConflictError, InvalidError, NotFoundError, Problem, TenonError
from ..messages import _
from ..storage.base import Base
from ..storage.ids import new_id
from . import write
from .models import ExternalId, Merge
from .record import Record
from .registry import EntityType, Field
from .undo import UndoReport, undo_batch

if TYPE_CHECKING:
    from .work import Work

MERGES: sa.Table = Merge.__table__  # type: ignore[assignment]
EXTERNAL: sa.Table = ExternalId.__table__  # type: ignore[assignment]


@dataclass
class MergeReport:
    """The record that stays, how many relations moved, and which could not: ``(entity, id, reason)``."""

    id: UUID
    winner: Record
    moved: int = 0
    kept: list[tuple[str, UUID, str]] = field(default_factory=list)


def merge(
    work: Work, entity: str, winner_id: UUID, loser_id: UUID, values: Mapping[str, Any] | None = None
) -> MergeReport:
    """Make one record of two. ``values`` are those to take over into the one that stays;
    without them its empty fields are filled from the other. The loser is archived."""
    work.access.require(work.actor, "merge", entity)
    if winner_id == loser_id:
        raise InvalidError(problems=[Problem("/loser", "same", _("Choose two different records"))])
    winner, loser = work.get(entity, winner_id), work.get(entity, loser_id)
    if winner.archived or loser.archived:
        raise ConflictError(_("An archived record cannot be merged"), hint=_("Restore it first."))
    batch = new_id()
    report = MergeReport(new_id(), winner)
    note = {"merge": str(report.id)}
    with work.elevated_batch(batch):
        taken = values if values is not None else _gaps(winner, loser)
        _point(work, entity, winner_id, loser_id, note, report)
        work.flush()
        moved = _move_rows(work, work.type(entity), winner_id, loser_id)
        _free_unique(work, loser, taken)
        write.set_archived(work, entity, loser_id, True)
        report.winner = write.update(work, entity, winner_id, taken, note=note)
    report.moved += len(moved)
    work.unguarded.execute(
        sa.insert(MERGES).values(
            id=report.id, at=work.now, actor_id=work.actor.id, entity=entity,
            winner_id=winner_id, loser_id=loser_id, batch=batch, moved=moved,
        )
    )  # fmt: skip
    for handler in work.records.signals.merged:
        handler(work, entity, winner_id, loser_id)
    return report


def undo_merge(work: Work, merge_id: UUID) -> UndoReport:
    """Take a merge apart again: what it moved goes back, save what was changed since."""
    row = work.unguarded.execute(sa.select(MERGES).where(MERGES.c.id == merge_id)).first()
    if row is None:
        raise NotFoundError(_("There is no merge %(id)s", id=merge_id))
    work.access.require(work.actor, "merge", row.entity)
    if row.undone_at is not None:
        raise ConflictError(_("This merge was undone already"))
    report = undo_batch(work, row.batch)
    for name, column, key in row.moved:
        table = Base.metadata.tables[name]
        where = [table.c[k] == table.c[k].type.python_type(v) for k, v in key.items()]
        work.unguarded.execute(
            sa.update(table).where(*where, table.c[column] == row.winner_id).values({column: row.loser_id})
        )
        report.undone += 1
    work.unguarded.execute(sa.update(MERGES).where(MERGES.c.id == merge_id).values(undone_at=work.now))
    return report


def merges(work: Work, entity: str, id_: UUID) -> list[dict[str, Any]]:
    """The merges that record ``id_`` won or lost, newest first."""
    work.get(entity, id_)
    found = sa.select(MERGES).where(sa.or_(MERGES.c.winner_id == id_, MERGES.c.loser_id == id_))
    rows = work.unguarded.execute(found.order_by(MERGES.c.id.desc()))
    return [dict(row._mapping) for row in rows]


def _gaps(winner: Record, loser: Record) -> dict[str, Any]:
    """What the loser knows and the winner does not."""
    paths = [f.path for f in winner.entity.writable if f.path not in ("pipeline", "stage")]
    empty: tuple[Any, ...] = (None, "", [])
    return {p: loser.get(p) for p in paths if winner.get(p) in empty and loser.get(p) not in empty}


def _free_unique(work: Work, loser: Record, taken: Mapping[str, Any]) -> None:
    """A unique value cannot stand in both: the loser gives up those that the winner takes."""
    given = {p: None for p in taken if p in loser.entity.fields and loser.entity.fields[p].spec.unique}
    given = {p: None for p in given if loser.get(p) is not None}
    if given:
        write.update(work, loser.entity.name, loser.id, given, note={"merge": "unique"})


def _point(
    work: Work, entity: str, winner: UUID, loser: UUID, note: Mapping[str, Any], report: MergeReport
) -> None:
    """Every record that points at the loser shall point at the winner."""
    for type_, f, condition in _pointers(work, entity, loser):
        table = type_.table
        rows = work.unguarded.execute(
            sa.select(table.c.id).select_from(type_.source).where(condition)
        ).scalars()
        # a record cannot refer to itself: the winner's link to the loser falls away
        items = [(id_, {f.path: None if id_ == winner else winner}, None) for id_ in rows if id_ != loser]
        results = write.bulk_update(work, type_.name, items, notes=[note] * len(items))
        for (id_, _values, _expect), result in zip(items, results, strict=True):
            if isinstance(result, TenonError):
                report.kept.append((type_.name, id_, str(result)))
            else:
                report.moved += 1


def _pointers(
    work: Work, entity: str, loser: UUID
) -> Iterator[tuple[EntityType, Field, sa.ColumnElement[bool]]]:
    targets = [entity, "party"] if work.type(entity).entity.party else [entity]
    for target in targets:
        for type_, f in work.registry.pointing_at(target):
            if not f.spec.readonly:
                yield type_, f, f.expression(type_.table) == loser
    for type_ in work.registry:
        for f in type_.fields.values():
            kind = f.path.removesuffix("_id") + "_entity"
            if f.path.endswith("_id") and f.spec.to is None and kind in type_.fields:
                same = type_.fields[kind].expression(type_.table) == entity
                yield type_, f, sa.and_(same, f.expression(type_.table) == loser)


def _move_rows(work: Work, type_: EntityType, winner: UUID, loser: UUID) -> list[list[Any]]:
    """Rows that are no records but point at the loser: plugins' own tables and external ids.

    Returns ``[table, column, primary key]`` of each, to move them back.
    """
    records = {t.table.name for t in work.registry} | {
        e.table.name for t in work.registry for e in t.extensions
    }
    columns = [(EXTERNAL, EXTERNAL.c.record_id)]
    present = set(sa.inspect(work.unguarded).get_table_names())
    for table in Base.metadata.tables.values():
        # Another deployment of the same process may have plugins that this one lacks.
        if table.name in present and table.name not in records:
            columns += [
                (table, fk.parent)
                for fk in table.foreign_keys
                if fk.target_fullname == f"{type_.table.name}.id"
            ]
    moved: list[list[Any]] = []
    for table, column in columns:
        keys = list(table.primary_key.columns)
        rows = list(work.unguarded.execute(sa.select(*keys).where(column == loser)))
        moved += [
            [table.name, column.name, {k.name: str(v) for k, v in zip(keys, row, strict=True)}]
            for row in rows
        ]
        if rows:
            work.unguarded.execute(sa.update(table).where(column == loser).values({column.name: winner}))
    return moved
