"""Runs revisions: alone, each in a transaction, each once.

PostgreSQL: an advisory lock keeps other upgrades out for the whole run.
SQLite: a revision holds the write lock, and looks whether it is still its turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from alembic import command
from sqlalchemy.engine import Connection

from ...errors import SchemaError, TenonError
from ...messages import _
from ..engine import Storage
from .environment import config_for
from .owners import MigrationOwner
from .revisions import PendingRevision, revisions_of
from .state import read_state

LOCK_KEY = 0x74656E6F6E  # "tenon"
WAIT_SECONDS = 600


@contextmanager
def exclusive(storage: Storage) -> Iterator[Connection]:
    """A connection of its own for migrations; other upgrades wait their turn.

    It is detached from the pool, because what is set on it here (time limits,
    foreign keys, the lock) must not outlive it.
    """
    with storage.connecting() as connection:
        prepare = _prepare_sqlite if storage.dialect == "sqlite" else _prepare_postgresql
        prepare(connection)
        connection.detach()
        yield connection


def _prepare_sqlite(connection: Connection) -> None:
    raw = connection.connection.driver_connection
    assert raw is not None
    raw.execute(f"PRAGMA busy_timeout = {WAIT_SECONDS * 1000}")
    # Batch mode rebuilds a table by dropping it, which would cascade to its children.
    raw.execute("PRAGMA foreign_keys = OFF")


def _prepare_postgresql(connection: Connection) -> None:
    connection.exec_driver_sql("SET statement_timeout = 0")
    connection.exec_driver_sql(f"SET lock_timeout = '{WAIT_SECONDS}s'")
    connection.exec_driver_sql(f"SELECT pg_advisory_lock({LOCK_KEY})")
    # A revision that waits for a table makes everybody behind it wait as well.
    connection.exec_driver_sql("RESET lock_timeout")
    connection.commit()


def run(connection: Connection, step: PendingRevision) -> bool:
    """Run one revision; ``False`` where another process has made it since it was planned."""
    try:
        with connection.begin():
            current = read_state(connection).versions.get(step.owner.name)
            if current != step.revision.down:
                return False
            command.upgrade(config_for(step.owner, connection), step.revision.id)
            _refuse_broken_references(connection)
    except TenonError:
        raise
    except Exception as error:
        raise _failed(step, error) from error
    return True


def run_all(connection: Connection, owners: Iterable[MigrationOwner]) -> None:
    """Bring an empty database to the newest revision of each of ``owners``."""
    for owner in owners:
        for revision in revisions_of(owner):
            run(connection, PendingRevision(owner, revision))


def _refuse_broken_references(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        table, _rowid, parent, _key = broken[0]
        raise ValueError(f"{len(broken)} rows would point at nothing, first {table} at {parent}")


def _failed(step: PendingRevision, error: Exception) -> SchemaError:
    reason = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
    return SchemaError(
        _(
            "Revision %(revision)s of %(owner)s failed and was taken back: %(reason)s",
            revision=step.revision.id,
            owner=step.owner.name,
            reason=reason,
        ),
        hint=_(
            "The revisions before it stay. Mend the cause (%(file)s), then run tenon db upgrade again.",
            file=str(step.revision.path),
        ),
    )
