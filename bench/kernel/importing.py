"""``python -m bench.kernel.importing tenon|raw URL FOLDER ROWS``: contacts from a CSV file.

Prints JSON: ``seconds``, ``cpu`` and the memory in MB at each tenth of the rows. Raw is the same file
through COPY or ``executemany`` into the same table, with nothing looked at.
"""

from __future__ import annotations

import csv
import json
import os
import resource
import sqlite3
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from ..processes import memory_mb
from .loading import stored
from .work import person
from .world import settings

COLUMNS = ("first_name", "last_name", "title", "email", "phone", "street", "city", "country")
MAP = 'entity = "contact"\nkey = ["email"]\n[columns]\n' + "\n".join(f'{c} = "{c}"' for c in COLUMNS)


def write_file(path: Path, rows: int) -> None:
    """A CSV file of that many people nobody knows yet."""
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = csv.DictWriter(file, COLUMNS)
        lines.writeheader()
        lines.writerows(person(f"import.{path.stem}.{n}", n) for n in range(rows))


def tenon(url: str, folder: Path, file: Path, rows: int) -> list[float]:
    from tenon.app import create_tenon
    from tenon.identity.actor import system
    from tenon.records.importing.imports import Step
    from tenon.records.importing.mapfile import parse_map

    composed = create_tenon(settings(url, folder))
    people = json.loads((folder / "people.json").read_text(encoding="utf-8"))
    actor = composed.identity.actor_for_key(people[-1]["key"]) or system("bench")
    memory: list[float] = []

    def noted(tally: Any) -> None:
        if tally.rows * 10 // rows > len(memory):
            memory.append(memory_mb(os.getpid()))

    began()
    (run_id,) = composed.imports.start(actor, [Step(file, parse_map(MAP))])
    run = composed.imports.carry_on(actor, run_id, noted)
    if run.made != rows:
        raise RuntimeError(f"{run.made} of {rows} rows became contacts, {run.failed} were refused")
    return memory


def raw(url: str, folder: Path, file: Path, rows: int) -> list[float]:
    from tenon.storage.ids import new_id

    owner = json.loads((folder / "people.json").read_text(encoding="utf-8"))[-1]["id"]
    now = datetime.now(UTC)
    fixed = ("id", "version", "owner_id", "name", "created_at", "updated_at", "created_by", "custom")

    def people() -> Iterator[tuple[Any, ...]]:
        with file.open(newline="", encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                name = f"{row['first_name']} {row['last_name']}"
                yield new_id(), 1, owner, name, now, now, owner, "{}", *row.values()

    columns = [*fixed, *COLUMNS]
    began()
    (_insert if url.startswith("sqlite") else _copy)(url, columns, people())
    return []


def _insert(url: str, columns: list[str], rows: Iterator[tuple[Any, ...]]) -> None:
    statement = f"INSERT INTO nouns_contact ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        connection.executemany(statement, ([stored(v) for v in row] for row in rows))


def _copy(url: str, columns: list[str], rows: Iterator[tuple[Any, ...]]) -> None:
    statement = f"COPY nouns_contact ({', '.join(columns)}) FROM STDIN"
    with psycopg.connect(url) as connection, connection.cursor().copy(statement.encode()) as copy:
        for row in rows:
            copy.write_row(row)


_began: list[float] = []


def began() -> None:
    """What comes before is the process's start, which has a figure of its own."""
    _began[:] = [time.perf_counter(), time.process_time()]


def main(kind: str, url: str, folder: str, rows: str) -> None:
    file = Path(folder) / f"{kind}-{time.time_ns()}.csv"
    write_file(file, int(rows))
    memory = {"tenon": tenon, "raw": raw}[kind](url, Path(folder), file, int(rows))
    seconds, cpu = time.perf_counter() - _began[0], time.process_time() - _began[1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    file.unlink()
    print(json.dumps({"seconds": seconds, "cpu": cpu, "memory": memory, "peak": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
