"""One engine for SQLite or PostgreSQL, with the manners each of them needs.

SQLite lets one transaction write at a time. Left to its busy handler, waiting
writers poll and an unlucky one starves; here writers of a process queue in the
order they came, and only writers of different processes poll.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Condition, get_ident
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event, exc
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import ConnectionPoolEntry

from ..errors import SettingsError, UnavailableError
from ..messages import _
from . import json
from .base import Base

BUSY_SECONDS = 15.0
IDLE_SECONDS = 5.0


class QueueTimeoutError(TimeoutError):
    """The turn to write did not come in time."""


class FairLock:
    """A lock handed on in the order it was asked for."""

    def __init__(self) -> None:
        self._condition = Condition()
        self._queue: deque[object] = deque()
        self._holder: int | None = None

    @contextmanager
    def hold(self, timeout: float) -> Iterator[None]:
        """Hold the lock; ``QueueTimeoutError`` after ``timeout`` seconds of waiting."""
        if self._holder == get_ident():
            raise RuntimeError("a write transaction is already open in this thread")
        ticket = object()
        try:
            self._wait(ticket, timeout)
            self._holder = get_ident()
            yield
        finally:
            self._leave(ticket)

    def _wait(self, ticket: object, timeout: float) -> None:
        with self._condition:
            self._queue.append(ticket)
            if not self._condition.wait_for(lambda: self._queue[0] is ticket, timeout):
                raise QueueTimeoutError

    def _leave(self, ticket: object) -> None:
        """Hand the lock on, or give up waiting for it."""
        with self._condition:
            if self._queue[0] is ticket:
                self._holder = None
            self._queue.remove(ticket)
            self._condition.notify_all()


class Storage:
    """The database of a deployment.

    ``url`` is an SQLAlchemy URL of SQLite (a file) or PostgreSQL. The engine is
    Flask-SQLAlchemy's; nothing above this room sees the extension.
    """

    def __init__(self, app: Flask, url: str, *, pool_size: int = 16) -> None:
        self.url = _checked(url)
        self.dialect = self.url.get_backend_name()
        app.config["SQLALCHEMY_DATABASE_URI"] = self.url
        app.config["SQLALCHEMY_ENGINE_OPTIONS"] = self._options(pool_size)
        extension = SQLAlchemy(app, model_class=Base)
        with app.app_context():
            self.engine: Engine = extension.engine
        self.committing: list[Callable[[Connection], None]] = []
        """Called just before a write is committed. Listening to the engine's own events would
        have every statement look for listeners."""
        self.closing: list[Callable[[], None]] = []
        """Called before the connections are let go of: by what still has something to write."""
        self._writer = FairLock() if self.dialect == "sqlite" else None
        self._reader = self.engine
        if self.dialect == "sqlite":
            _teach_sqlite(self.engine)
        else:
            self._reader = self.engine.execution_options(isolation_level="AUTOCOMMIT")
            _probe_idle_connections(self.engine)

    def _options(self, pool_size: int) -> dict[str, Any]:
        options: dict[str, Any] = {
            "json_serializer": json.dump_text,
            "json_deserializer": _load_json,
            "pool_size": pool_size,
            "max_overflow": pool_size,
            "pool_timeout": BUSY_SECONDS,
            "query_cache_size": 2000,
        }
        if self.dialect == "sqlite":
            options["connect_args"] = {"timeout": BUSY_SECONDS, "check_same_thread": False}
        else:
            options["connect_args"] = {
                "options": "-c timezone=utc -c statement_timeout=60000 -c lock_timeout=20000",
                "connect_timeout": 5,
            }
        return options

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection in a transaction that commits when the block ends well."""
        turn = self._writer.hold(BUSY_SECONDS) if self._writer is not None else nullcontext()
        with _translated(), turn, self.engine.begin() as connection:
            if self._writer is not None:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            for callback in self.committing:
                callback(connection)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that only reads, each statement seeing what is committed by then."""
        with _translated(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A connection that only reads and sees one moment: for exports and reports."""
        with _translated(), self.engine.connect() as connection:
            if self.dialect == "sqlite":
                connection.exec_driver_sql("BEGIN DEFERRED")
            else:
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield connection

    @contextmanager
    def connecting(self) -> Iterator[Connection]:
        """A bare connection for migrations, whose transactions are their own."""
        with _translated(), self.engine.connect() as connection:
            if self.dialect == "sqlite":
                event.listen(connection, "begin", _begin)
            yield connection

    def close(self) -> None:
        for callback in self.closing:
            callback()
        self.engine.dispose()


def _load_json(text: str | bytes | int | float) -> Any:
    if isinstance(text, int | float):
        # SQLite keeps a JSON number as a number; at a TypeError SQLAlchemy takes it as it is.
        raise TypeError
    return json.loads(text)


def _checked(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except exc.ArgumentError:
        raise SettingsError(
            _("The database address %(url)s cannot be read", url=re.sub(r":[^:/]*@", ":***@", url)),
            hint=_("Use sqlite:///var/tenon.db or postgresql://user:password@host/name."),
        ) from None
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and parsed.database and parsed.database != ":memory:":
        file = Path(parsed.database).absolute()
        file.parent.mkdir(parents=True, exist_ok=True)
        return parsed.set(database=str(file))
    raise SettingsError(
        _("Tenon does not run on the database %(url)s", url=parsed.render_as_string()),
        hint=_("Use a SQLite file (sqlite:///var/tenon.db) or PostgreSQL (postgresql://…)."),
    )


def _teach_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "foreign_keys = ON",
            "cache_size = -4000",
            "temp_store = MEMORY",
            # Pages that many writes touch, such as those of indexes, are copied back once for all.
            "wal_autocheckpoint = 8000",
            "journal_size_limit = 67108864",
        ):
            connection.execute(f"PRAGMA {pragma}").close()
        connection.create_function("casefold", 1, _casefold, deterministic=True)


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _casefold(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _probe_idle_connections(engine: Engine) -> None:
    """Ask a connection that lay idle whether it still lives; a busy one need not be asked."""

    @event.listens_for(engine, "checkin")
    def checkin(_connection: Any, entry: ConnectionPoolEntry) -> None:
        entry.info["idle_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def checkout(connection: Any, entry: ConnectionPoolEntry, _proxy: Any) -> None:
        if time.monotonic() - entry.info.get("idle_since", time.monotonic()) < IDLE_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise exc.DisconnectionError from error


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the ways a database can be away into one error that says what to do."""
    try:
        yield
    except QueueTimeoutError as error:
        raise UnavailableError(
            _("The database is busy writing"), hint=_("Try again in a few seconds.")
        ) from error
    except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError) as error:
        raise UnavailableError(str(_reason(error)), hint=_("Try again in a few seconds.")) from error


def _reason(error: Exception) -> str:
    text = str(getattr(error, "orig", error)).strip().splitlines()[0]
    if "database or disk is full" in text or "No space left" in text:
        return _("The disk that holds the database is full")
    if "disk I/O error" in text:
        return _("The disk that holds the database cannot be written; it may be full")
    if "database is locked" in text:
        return _("The database is busy writing")
    if "readonly database" in text:
        return _("The database file may not be written")
    if isinstance(error, exc.OperationalError) and "no such table" in text:
        return _("The database has no tables yet: run tenon db upgrade")
    return _("The database cannot be reached: %(reason)s", reason=text)
