"""Merging duplicates: every relation moves to the record that stays, and can move back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from ..errors import ConflictError, InvalidError, NotFoundError, Problem, TenonError
from ..messages import _
from ..storage.base import Base
from ..storage.ids import new_id
from . import reach, read, visible, write
from .models import ExternalId, Merge
from .record import Record
from .registry import EntityType, Field
from .undo import UndoReport, undo_merge_batch

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
    without them its empty fields are filled from the other. The loser is archived.

    Every relation moves; the report counts those that the actor may see.
    """
    read.require(work, "merge", entity)
    if winner_id == loser_id:
        raise InvalidError(problems=[Problem("/loser", "same", _("Choose two different records"))])
    winner, loser = _both(work, entity, winner_id, loser_id)
    if winner.archived or loser.archived:
        raise ConflictError(_("An archived record cannot be merged"), hint=_("Restore it first."))
    batch = new_id()
    report = MergeReport(new_id(), winner)
    note = {"merge": str(report.id)}
    taken = values if values is not None else _gaps(work, winner, loser)
    pointing = list(_pointing(work, entity, loser_id))
    with work.elevated_batch(batch):
        refused = _point(work, pointing, winner_id, note, report)
        work.flush()
        moved = _move_rows(work, work.type(entity), winner_id, loser_id)
        _free_unique(work, loser, taken)
        write.set_archived(work, entity, loser_id, True)
    with work.in_batch(batch):
        report.winner = write.update(work, entity, winner_id, taken, note=note, action="merge")
    report.kept = [(t.name, id_, visible.told(work, t, error)) for t, id_, error in refused]
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


def _both(work: Work, entity: str, *ids: UUID) -> list[Record]:
    """The records to merge, locked; ``ForbiddenError`` for one that may be read and not merged."""
    type_ = work.type(entity)
    found = [work.get(entity, id_) for id_ in ids]
    held = reach.lock(work, type_, ids, "read", "merge")
    for record in found:
        if record.id not in held:
            raise reach.forbidden(type_)
    return found


def undo_merge(work: Work, merge_id: UUID) -> UndoReport:
    """Take a merge apart again: what it moved goes back, save what was changed since."""
    row = work.unguarded.execute(sa.select(MERGES).where(MERGES.c.id == merge_id)).first()
    if row is None or not _reads_both(work, row.entity, row.winner_id, row.loser_id):
        raise NotFoundError(_("There is no merge %(id)s", id=merge_id))
    read.require(work, "merge", row.entity)
    _both(work, row.entity, row.winner_id, row.loser_id)
    if row.undone_at is not None:
        raise ConflictError(_("This merge was undone already"))
    report = undo_merge_batch(work, row.batch)
    for name, column, key in row.moved:
        table = Base.metadata.tables[name]
        where = [table.c[k] == table.c[k].type.python_type(v) for k, v in key.items()]
        work.unguarded.execute(
            sa.update(table).where(*where, table.c[column] == row.winner_id).values({column: row.loser_id})
        )
        report.undone += 1
    work.unguarded.execute(sa.update(MERGES).where(MERGES.c.id == merge_id).values(undone_at=work.now))
    return report


def _reads_both(work: Work, entity: str, *ids: UUID) -> bool:
    return reach.readable(work, entity, ids) == set(ids)


def merges(work: Work, entity: str, id_: UUID) -> list[dict[str, Any]]:
    """The merges that record ``id_`` won or lost, newest first, with others that the actor may read."""
    work.get(entity, id_)
    found = sa.select(MERGES).where(sa.or_(MERGES.c.winner_id == id_, MERGES.c.loser_id == id_))
    rows = work.unguarded.execute(found.order_by(MERGES.c.id.desc())).all()
    seen = reach.readable(work, entity, {other for row in rows for other in (row.winner_id, row.loser_id)})
    return [dict(row._mapping) for row in rows if {row.winner_id, row.loser_id} <= seen]


def _gaps(work: Work, winner: Record, loser: Record) -> dict[str, Any]:
    """What the loser knows and the winner does not, of what the actor may see and write."""
    type_ = winner.entity
    written = visible.writable(work, type_, "update")
    paths = [f.path for f in type_.writable if f.path in written and f.path not in ("pipeline", "stage")]
    empty: tuple[Any, ...] = (None, "", [])
    found = {p: loser.get(p) for p in paths if winner.get(p) in empty and loser.get(p) not in empty}
    if type_.owner in found and work.scope(type_, "assign") is not None:
        del found[type_.owner]
    hidden = {f.path for f in type_.references if f.path in found and not _may_refer(work, f, found[f.path])}
    return {path: value for path, value in found.items() if path not in hidden}


def _may_refer(work: Work, f: Field, id_: UUID) -> bool:
    return f.spec.to not in work.registry or id_ in reach.readable(work, str(f.spec.to), [id_])


def _free_unique(work: Work, loser: Record, taken: Mapping[str, Any]) -> None:
    """A unique value cannot stand in both: the loser gives up those that the winner takes."""
    given = {p: None for p in taken if p in loser.entity.fields and loser.entity.fields[p].spec.unique}
    given = {p: None for p in given if loser.get(p) is not None}
    if given:
        write.update(work, loser.entity.name, loser.id, given, note={"merge": "unique"})


@dataclass(frozen=True)
class _Pointing:
    """The records that point at the loser by one field, and which of these the actor may see."""

    type: EntityType
    field: Field
    ids: list[UUID]
    seen: set[UUID]


def _pointing(work: Work, entity: str, loser: UUID) -> Iterator[_Pointing]:
    for type_, f, condition in _pointers(work, entity, loser):
        found = sa.select(type_.table.c.id).select_from(type_.source).where(condition)
        ids = [id_ for id_ in work.unguarded.scalars(found) if id_ != loser]
        known = f.path in visible.fields(work, type_)
        yield _Pointing(type_, f, ids, reach.readable(work, type_.name, ids) if known else set())


def _point(
    work: Work, pointing: Sequence[_Pointing], winner: UUID, note: Mapping[str, Any], report: MergeReport
) -> list[tuple[EntityType, UUID, TenonError]]:
    """Every record that points at the loser shall point at the winner; those seen that could not."""
    refused = []
    for found in pointing:
        path = found.field.path
        # a record cannot refer to itself: the winner's link to the loser falls away
        items = [(id_, {path: None if id_ == winner else winner}, None) for id_ in found.ids]
        results = write.bulk_update(work, found.type.name, items, notes=[note] * len(items))
        for id_, result in zip(found.ids, results, strict=True):
            if id_ not in found.seen:
                continue
            if isinstance(result, TenonError):
                refused.append((found.type, id_, result))
            else:
                report.moved += 1
    return refused


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

    A row stays where the winner has its like already, and so do those of tables with
    ``info={"merge": "stays"}``. Returns ``[table, column, primary key]`` of each that moved.
    """
    moved: list[list[Any]] = []
    for table, column in _columns(work, type_):
        keys = list(table.primary_key.columns)
        for row in work.unguarded.execute(sa.select(*keys).where(column == loser)).all():
            found = dict(zip((k.name for k in keys), row, strict=True))
            if _move_row(work, table, column, found, winner):
                now = {**found, column.name: winner} if column.name in found else found
                moved.append([table.name, column.name, {name: str(value) for name, value in now.items()}])
    return moved


def _columns(work: Work, type_: EntityType) -> Iterator[tuple[sa.Table, sa.Column[Any]]]:
    """The columns of such rows that may point at a record of this kind."""
    records = {t.table.name for t in work.registry} | {
        e.table.name for t in work.registry for e in t.extensions
    }
    present = set(sa.inspect(work.unguarded).get_table_names())
    yield EXTERNAL, EXTERNAL.c.record_id
    for table in Base.metadata.tables.values():
        # Another deployment of the same process may have plugins that this one lacks.
        if table.name not in present or table.name in records or table.info.get("merge") == "stays":
            continue
        for fk in table.foreign_keys:
            if fk.target_fullname == f"{type_.table.name}.id":
                yield table, fk.parent


def _move_row(
    work: Work, table: sa.Table, column: sa.Column[Any], key: Mapping[str, Any], winner: UUID
) -> bool:
    same = [table.c[name] == value for name, value in key.items()]
    try:
        with work.unguarded.begin_nested():
            work.unguarded.execute(sa.update(table).where(*same).values({column.name: winner}))
    except sa.exc.IntegrityError:
        return False
    return True
