"""Which keys a file has had so far, in memory that does not grow with the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from .prepare import Key, Prepared


@dataclass(frozen=True)
class Repeat:
    """The row that had the key first, and whether it said the same."""

    row: int
    same: bool


class SeenKeys:
    """Keys of earlier rows, in a temporary database that lives on disk and dies with the process."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA cache_size = -2000")
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute(
            "CREATE TABLE seen (key TEXT PRIMARY KEY, line INTEGER, number INTEGER, digest BLOB)"
            " WITHOUT ROWID"
        )

    def repeats(self, rows: Iterable[Prepared]) -> dict[int, Repeat]:
        """Remember the rows; those whose key an earlier row had, by their index."""
        found: dict[int, Repeat] = {}
        self._database.execute("BEGIN")
        for row in rows:
            if row.key is None or row.skipped:
                continue
            first = self._first(row, row.key)
            if first is not None and first[1] != row.row.index:
                found[row.row.index] = Repeat(first[0], first[2] == row.digest())
        self._database.execute("COMMIT")
        return found

    def _first(self, row: Prepared, key: Key) -> tuple[int, int, bytes] | None:
        text = "\x1f".join(str(part) for part in key)
        values = (text, row.row.line, row.row.index, row.digest())
        if self._database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?, ?, ?)", values).rowcount:
            return None
        found: tuple[int, int, bytes] = self._database.execute(
            "SELECT line, number, digest FROM seen WHERE key = ?", (text,)
        ).fetchone()
        return found

    def close(self) -> None:
        self._database.close()
