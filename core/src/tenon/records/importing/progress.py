"""Keeping how far an import got, in the transaction of the rows that got it there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ...errors import ConflictError
from ...messages import _, dumped
from ...storage.ids import new_id
from ..work import Work
from .cellsjson import pack
from .chunk import Result
from .models import ImportRow, ImportRun
from .prepare import Prepared
from .problems import one_line
from .tally import Tally

RUNS: sa.Table = ImportRun.__table__  # type: ignore[assignment]
ROWS: sa.Table = ImportRow.__table__  # type: ignore[assignment]


def save(work: Work, run_id: UUID, before: int, position: int, result: Result, tally: Tally) -> None:
    """Count a chunk, keep its refused rows, and move the position on from ``before``.

    Raises :class:`ConflictError` when another process moved it meanwhile.
    """
    counted = {
        "made": len(result.made),
        "updated": len(result.updated),
        "unchanged": len(result.unchanged),
        "skipped": len(result.skipped),
        "failed": len(result.failed),
    }
    note(tally, result, counted)
    keep_rows(work.unguarded, run_id, result)
    changed = {name: RUNS.c[name] + count for name, count in counted.items()}
    moved = (
        sa.update(RUNS)
        .where(RUNS.c.id == run_id, RUNS.c.position == before, RUNS.c.state == "running")
        .values(position=position, moved_at=work.now, **changed)
    )
    if work.unguarded.execute(moved).rowcount != 1:
        raise ConflictError(
            _("This import is being carried on elsewhere"),
            hint=_("Look at it with tenon import --list before you resume it."),
        )


def note(tally: Tally, result: Result, counted: dict[str, int]) -> None:
    """Add a chunk to what is told at the end."""
    for name, count in counted.items():
        tally.count(name, count)
    tally.rows += sum(counted.values())
    tally.later += len(result.later)
    for _record, changes in result.updated.values():
        tally.fields.update(changes.keys())
    for record in result.made.values():
        if len(tally.first) < 5:
            tally.first.append({p: v for p, v in record.values.items() if v is not None and p != "custom"})
    for row in result.failed:
        tally.refused(row, one_line(row.problems))


def keep_rows(connection: Connection, run_id: UUID, result: Result) -> None:
    """The refused rows, and the references that wait for the end of the file."""
    rows = [_kept(run_id, row, "bad", reason=dumped(one_line(row.problems))) for row in result.failed]
    for row, record_id in result.later:
        rows += [
            _kept(run_id, row, "later", field=path, value=text, record_id=record_id)
            for path, text in row.later.items()
        ]
    if rows:
        connection.execute(sa.insert(ROWS), rows)


def _kept(run_id: UUID, row: Prepared, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "id": new_id(),
        "import_id": run_id,
        "kind": kind,
        "row": row.row.index,
        "line": row.row.line,
        "cells": pack(row.row.cells),
        "reason": "",
        "field": None,
        "value": None,
        "record_id": None,
        **more,
    }


def waiting(connection: Connection, run_id: UUID, size: int) -> Sequence[Any]:
    """The next references that waited for the end of the file."""
    found = sa.select(ROWS).where(ROWS.c.import_id == run_id, ROWS.c.kind == "later")
    return connection.execute(found.order_by(ROWS.c.row, ROWS.c.field).limit(size)).all()


def settle(connection: Connection, settled: Iterable[UUID], failed: dict[UUID, str]) -> None:
    """References found are forgotten; those that were not become refused rows."""
    ids = list(settled)
    if ids:
        connection.execute(sa.delete(ROWS).where(ROWS.c.id.in_(ids)))
    for id_, reason in failed.items():
        connection.execute(sa.update(ROWS).where(ROWS.c.id == id_).values(kind="bad", reason=dumped(reason)))
