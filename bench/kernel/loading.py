"""Rows into a database as fast as it takes them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg

from tenon.app import Tenon

Rows = Iterable[tuple[Any, ...]]


def loading(tenon: Tenon) -> Copying | Inserting:
    """What loads rows into the database of a deployment."""
    if tenon.storage.dialect == "sqlite":
        return Inserting(str(tenon.storage.url.database))
    return Copying(tenon.storage.url.set(drivername="postgresql").render_as_string(hide_password=False))


class Copying:
    """Loads into PostgreSQL by COPY."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url)

    def __enter__(self) -> Copying:
        return self

    def __exit__(self, *_failure: object) -> None:
        self._connection.commit()

    def rows(self, table: str, columns: tuple[str, ...], rows: Rows) -> None:
        statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
        with self._connection.cursor().copy(statement.encode()) as copy:
            for row in rows:
                copy.write_row([json.dumps(v) if isinstance(v, dict | list) else v for v in row])

    def finish(self) -> None:
        self._connection.autocommit = True
        self._connection.execute("VACUUM ANALYZE")
        self._connection.close()


class Inserting:
    """Loads into SQLite, with values in the forms that its columns have there."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path)

    def __enter__(self) -> Inserting:
        self._connection.execute("PRAGMA synchronous = OFF")
        return self

    def __exit__(self, *_failure: object) -> None:
        self._connection.commit()

    def rows(self, table: str, columns: tuple[str, ...], rows: Rows) -> None:
        marks = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
        self._connection.executemany(statement, ([stored(v) for v in row] for row in rows))

    def finish(self) -> None:
        self._connection.execute("ANALYZE")
        self._connection.commit()
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()


def stored(value: Any) -> Any:
    """A value as a column of SQLite holds it."""
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value.scaleb(4))
    return json.dumps(value) if isinstance(value, dict | list) else value
