"""What a database says of itself: its tables, and each owner's revision."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from .owners import VERSION_TABLE, owner_of


@dataclass(frozen=True)
class Orphan:
    """Tables kept for a plugin that is not there now; it finds them again when it comes back."""

    owner: str
    revision: str | None
    tables: tuple[str, ...]


@dataclass(frozen=True)
class SchemaState:
    """``versions`` holds the revision of every owner that ever migrated here."""

    tables: tuple[str, ...]
    versions: Mapping[str, str]

    def orphans(self, present: Collection[str]) -> tuple[Orphan, ...]:
        """Owners in the database that are not among those ``present``."""
        known = {f"{name}_" for name in {*self.versions, *present}}
        gone = sorted(set(self.versions) - set(present))
        return tuple(Orphan(name, self.versions[name], self._tables_of(name, known)) for name in gone)

    def _tables_of(self, name: str, prefixes: Collection[str]) -> tuple[str, ...]:
        return tuple(t for t in self.tables if owner_of(t, prefixes) == f"{name}_")


def read_state(connection: Connection) -> SchemaState:
    """The state of the database, in two queries."""
    tables = tuple(sorted(sa.inspect(connection).get_table_names()))
    owners = [t.removeprefix(VERSION_TABLE) for t in tables if t.startswith(VERSION_TABLE)]
    return SchemaState(tables, _versions(connection, owners) if owners else {})


def _versions(connection: Connection, owners: Iterable[str]) -> dict[str, str]:
    version = sa.column("version_num", sa.String)
    parts = [
        sa.select(sa.literal(name).label("owner"), version).select_from(sa.table(VERSION_TABLE + name))
        for name in owners
    ]
    return {row.owner: row.version_num for row in connection.execute(sa.union_all(*parts))}
