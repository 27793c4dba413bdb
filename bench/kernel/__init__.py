"""The kernel against the raw limit: what ``docs/explanation/performance.md`` describes."""

from __future__ import annotations

import hashlib
import json
import tempfile
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from .. import databases, processes
from ..figures import Figure

ROUNDS = {"small": 3, "full": 5}
IMPORTED = {"small": 10_000, "full": 100_000}
SECONDS_FOR_100_000 = 60.0
STARTS = 3


def run(scale: str) -> list[Figure]:
    """Every figure of the kernel on SQLite and on PostgreSQL."""
    return [figure for dialect in ("postgresql", "sqlite") for figure in on(dialect, scale)]


def on(dialect: str, scale: str) -> list[Figure]:
    from . import world
    from .rounds import measure

    data = world.WORLDS[scale]
    with databases.copy(dialect, f"{scale}-{version()}", partial(world.fill, data)) as (url, folder):
        return [
            *starts(dialect, url),
            *measure(data, dialect, url, folder, ROUNDS[scale]),
            *imports(dialect, url, folder, IMPORTED[scale]),
        ]


def version() -> str:
    """A name for what the data is: it changes with the tables and with what fills them."""
    from sqlalchemy.schema import CreateIndex, CreateTable

    from tenon.plugin.loader import load_plugins
    from tenon.storage import Base

    from . import world

    load_plugins(world.settings("sqlite://", Path()))
    tables = Base.metadata.sorted_tables
    drawn = [str(CreateTable(table)) for table in tables]
    drawn += sorted(str(CreateIndex(index)) for table in tables for index in table.indexes)
    filled = Path(world.__file__).read_text(encoding="utf-8")
    return hashlib.sha256("\n".join([*drawn, filled]).encode()).hexdigest()[:8]


def starts(dialect: str, url: str) -> list[Figure]:
    from .starting import start

    with tempfile.TemporaryDirectory() as folder:
        found = [start(url, Path(folder)) for _time in range(STARTS)]
    return [
        Figure(f"kernel.start.{dialect}", median(s.seconds for s in found), "s", target=2),
        Figure(f"kernel.start.{dialect}.cpu", median(s.cpu for s in found), "s CPU", target=2),
        Figure(f"kernel.memory_started.{dialect}", median(s.memory for s in found), "MB", target=120),
    ]


def imports(dialect: str, url: str, folder: Path, rows: int) -> list[Figure]:
    raw, ours = (imported(kind, url, folder, rows) for kind in ("raw", "tenon"))
    early, late = (ours["memory"][place] for place in (len(ours["memory"]) // 5, -1))
    target = SECONDS_FOR_100_000 * rows / 100_000
    return [
        Figure(f"kernel.import.{dialect}", ours["seconds"], f"s for {rows:,}", raw["seconds"], target=target),
        Figure(f"kernel.import.{dialect}.cpu", ours["cpu"], "s CPU", raw["cpu"], target=target),
        Figure(f"kernel.import_memory.{dialect}", ours["peak"], "MB peak"),
        Figure(f"kernel.import_growth.{dialect}", late - early, "MB", target=15),
    ]


def imported(kind: str, url: str, folder: Path, rows: int) -> dict[str, Any]:
    process = processes.start(["-m", "bench.kernel.importing", kind, url, str(folder), str(rows)])
    try:
        assert process.stdout is not None
        told: dict[str, Any] = json.loads(process.stdout.readline() or "{}")
    finally:
        processes.stop(process)
    if not told:
        raise RuntimeError(f"the import of {rows:,} rows by {kind} into {url} failed")
    return told
