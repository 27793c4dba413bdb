"""A net below the guard: the database's own refusal, for SQL that asks past the predicates.

It stops code that forgets, not code that is hostile: a plugin runs in the same process.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, Protocol

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import ConnectionPoolEntry

from ..identity.actor import Actor

TABLES = "tenon_tables"
READS = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
        sqlite3.SQLITE_TRANSACTION,
        sqlite3.SQLITE_SAVEPOINT,
    }
)
"""What a query does beside reading columns (https://sqlite.org/c3ref/c_alter_table.html)."""


class Net(Protocol):
    """What a database does to hold a unit of work to what its actor may see."""

    def enter(self, connection: Connection, actor: Actor, *, writable: bool) -> None:
        """From now on the connection is used on behalf of ``actor``, who is not the system."""
        ...

    def leave(self, connection: Connection) -> None:
        """From now on it is the system's, until somebody enters again. A pooled connection must
        keep nothing of whom it was used for."""
        ...

    def only(self, connection: Connection, tables: frozenset[str] | None) -> None:
        """The next query is a plugin's and reads those tables alone; ``None``: it was run."""
        ...


class SqliteNet:
    """Refuses a plugin's query that reads another table than the guard found in it.

    SQLite asks an authorizer while it prepares a statement. Setting one anew expires every
    statement that is prepared already, so it is set once for each connection and looks at what
    the connection is used for. Who asks is the guard's concern: SQLite has no users.
    """

    def __init__(self, engine: Engine) -> None:
        event.listen(engine, "connect", self._watch)

    def enter(self, connection: Connection, actor: Actor, *, writable: bool) -> None:
        """Nothing: the guard says of each query what it reads."""

    def leave(self, connection: Connection) -> None:
        """Nothing is held from one query to the next."""

    def only(self, connection: Connection, tables: frozenset[str] | None) -> None:
        if tables is None:
            connection.info.pop(TABLES, None)
        else:
            connection.info[TABLES] = tables

    def _watch(self, connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
        connection.set_authorizer(_authorizer(entry.info))


def _authorizer(info: dict[Any, Any]) -> Callable[..., int]:
    def decide(action: int, first: str | None, *_more: str | None) -> int:
        tables = info.get(TABLES)
        if tables is None or action in READS:
            return sqlite3.SQLITE_OK
        return sqlite3.SQLITE_OK if action == sqlite3.SQLITE_READ and first in tables else sqlite3.SQLITE_DENY

    return decide
