"""What a guarded session may see and write of each table, by the kinds of record and the policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from ..access.rules import Changeable
from ..access.shadow import EVERYTHING, NOTHING, Reach
from ..errors import BadRequestError, Problem
from ..messages import _
from .registry import EntityType, Registry, nearest
from .visible import ALWAYS

if TYPE_CHECKING:
    from .work import Work


@dataclass(frozen=True, eq=False)
class Fields:
    """The fields of a kind of record that one table holds: their paths by column."""

    type: EntityType
    paths: Mapping[str, str]


class SessionRules:
    """The rules of one unit of work, for :class:`tenon.access.session.GuardedSession`.

    A table of records shows what the policy lets the actor read, a side table the fields of those
    records, a plugin's own table the rows within those records. Any other shows nothing.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        registry = work.registry
        self._fields: Mapping[sa.Table, Fields] = work.records.statement(
            (registry, "tables"), lambda: dict(_tables(registry))
        )
        self._reach: dict[sa.Table, Reach] = {}

    def reach(self, table: sa.Table) -> Reach:
        if table not in self._reach:
            self._reach[table] = EVERYTHING if self._work.actor.is_system else self._found(table)
        return self._reach[table]

    def _found(self, table: sa.Table) -> Reach:
        fields = self._fields.get(table)
        if fields is not None:
            return self._of_fields(table, fields)
        private = self._work.records.private_tables.get(table)
        if private is None:
            return self._of_links(table)
        if private.entity not in self._work.registry:
            return NOTHING
        return self._within(table, private.within, self._work.type(private.entity))

    def _of_links(self, table: sa.Table) -> Reach:
        """Of a table that does nothing but join records: the links between those within reach."""
        ends = {
            c: [f.type for k in c.foreign_keys if (f := self._fields.get(k.column.table))] for c in table.c
        }
        if not all(ends.values()):
            return NOTHING
        reach = [self._within(table, c.key, type_).where for c, types in ends.items() for type_ in types]
        return Reach(sa.and_(*(where for where in reach if where is not None)))

    def _of_fields(self, table: sa.Table, fields: Fields) -> Reach:
        type_, work = fields.type, self._work
        if not work.access.allows(work.actor, "read", type_.name):
            return NOTHING
        seen = work.access.fields(work.actor, "read", type_.name).paths
        hidden = frozenset(
            column for column, path in fields.paths.items() if seen is not None and path not in seen | ALWAYS
        )
        if table is type_.table:
            return Reach(work.access.scope(work.actor, "read", type_.name, type_.table), hidden)
        return Reach(self._within(table, "id", type_).where, hidden)

    def _within(self, table: sa.Table, column: str, type_: EntityType) -> Reach:
        """The rows whose ``column`` holds the id of a record that the actor may read."""
        ids = self._ids(type_, "read")
        return NOTHING if ids is None else Reach(table.c[column].in_(ids))

    def _ids(self, type_: EntityType, action: str) -> sa.Select[tuple[object]] | None:
        work = self._work
        if not work.access.allows(work.actor, action, type_.name):
            return None
        allowed = work.access.scope(work.actor, action, type_.name, type_.table)
        ids = sa.select(type_.table.c.id)
        return ids if allowed is None else ids.where(allowed)

    def no_column(self, table: sa.Table, key: str) -> BadRequestError:
        fields = self._fields[table]
        path, seen = fields.paths[key], self.reach(table).hidden
        there = [p for column, p in fields.paths.items() if column not in seen]
        return BadRequestError(
            _("%(entity)s has no field %(path)s", entity=fields.type.label, path=path),
            hint=nearest(path, there),
            problems=[Problem("", "unknown-field", _("There is no field %(path)s", path=path))],
        )

    def is_record(self, table: sa.Table) -> bool:
        return table in self._fields

    def changeable(self, table: sa.Table) -> Changeable | None:
        private = self._work.records.private_tables.get(table)
        if private is None or private.entity not in self._work.registry:
            return None
        type_ = self._work.type(private.entity)
        ids = self._ids(type_, "update")
        return Changeable(
            private.within, sa.select(type_.table.c.id).where(sa.false()) if ids is None else ids
        )


def _tables(registry: Registry) -> list[tuple[sa.Table, Fields]]:
    found: list[tuple[sa.Table, Fields]] = []
    for type_ in registry:
        found.append((type_.table, Fields(type_, {c.key: c.key for c in type_.table.columns})))
        for side in type_.extensions:
            found.append((side.table, Fields(type_, {"id": "id", **side.paths})))
    return found
