"""One file read to its end, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ...errors import TenonError
from ...messages import _
from ..registry import EntityType
from ..work import Work
from . import progress
from .chunk import Chunks, update_all
from .mapping import Mapping
from .prepare import Prepared, RowReader
from .problems import one_line
from .references import told
from .rows import Row, Source
from .seen import SeenKeys
from .tally import Tally

CHUNK = 500

Open = Callable[[], AbstractContextManager[Work]]
Report = Callable[[Tally], None]


class Runner:
    """Carries one import on from where it stands.

    ``open_work`` opens the transaction of a chunk: for a dry run always the same one,
    which is rolled back in the end.
    """

    def __init__(self, run_id: UUID, source: Source, mapping: Mapping, type_: EntityType) -> None:
        self.tally = Tally()
        self._run_id = run_id
        self._source = source
        self._mapping = mapping
        self._type = type_
        self._reader = RowReader(mapping, type_, source.layout)

    def run(
        self, open_work: Open, position: int, report: Report | None = None, limit: int | None = None
    ) -> Tally:
        """Read on behind row ``position``, to the end or ``limit`` rows further."""
        seen = SeenKeys()
        try:
            chunks = Chunks(self._mapping, self._type, self._reader, seen)
            rows = self._source.rows()
            self._recall(seen, islice(rows, position))
            for chunk in _chunked(rows if limit is None else islice(rows, limit)):
                position = self._write(open_work, chunks, chunk, position)
                if report:
                    report(self.tally)
            self._settle_later(open_work, chunks)
        finally:
            seen.close()
        return self.tally

    def _recall(self, seen: SeenKeys, rows: Iterator[Row]) -> None:
        """Rows dealt with before: only their keys still matter."""
        for chunk in _chunked(rows):
            seen.repeats(self._prepared(chunk))

    def _prepared(self, rows: list[Row]) -> list[Prepared]:
        return [self._reader.read(row) for row in rows]

    def _write(self, open_work: Open, chunks: Chunks, rows: list[Row], position: int) -> int:
        prepared = self._prepared(rows)
        last = rows[-1].index
        with open_work() as work:
            result = chunks.write(work, prepared)
            progress.save(work, self._run_id, position, last, result, self.tally)
            # A dry run has one transaction for all chunks, and must not hold them all.
            work.flush()
        return last

    def _settle_later(self, open_work: Open, chunks: Chunks) -> None:
        """References to records further down in the file: now everything is there."""
        more = True
        while more:
            with open_work() as work:
                more = self._settle_some(work, chunks)

    def _settle_some(self, work: Work, chunks: Chunks) -> bool:
        waiting = progress.waiting(work.unguarded, self._run_id, CHUNK)
        if not waiting:
            return False
        rows = [Prepared(Row(w.row, w.line, ()), lookups={w.field: w.value}) for w in waiting]
        chunks.references.resolve(work, rows, last=True)
        good = [(w, row) for w, row in zip(waiting, rows, strict=True) if not row.problems]
        items = [(w.record_id, row.values, None) for w, row in good]
        results = update_all(work, self._type, items, [None] * len(items))
        failed = {w.id: one_line(row.problems) for w, row in zip(waiting, rows, strict=True) if row.problems}
        for (w, _row), result in zip(good, results, strict=True):
            if isinstance(result, TenonError):
                failed[w.id] = told(result)
        reasons: dict[UUID, str] = {
            id_: _("the record was made, but %(reason)s", reason=reason) for id_, reason in failed.items()
        }
        progress.settle(work.unguarded, [w.id for w in waiting if w.id not in failed], reasons)
        self._count_failed(work, waiting, reasons)
        return True

    def _count_failed(self, work: Work, waiting: Any, failed: dict[UUID, str]) -> None:
        for w in waiting:
            if w.id in failed:
                self.tally.failed += 1
                self.tally.refused(Prepared(Row(w.row, w.line, ())), failed[w.id])
        runs = progress.RUNS
        if failed:
            counted = sa.update(runs).where(runs.c.id == self._run_id)
            work.unguarded.execute(counted.values(failed=runs.c.failed + len(failed)))


def _chunked(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk
