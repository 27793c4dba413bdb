"""Streaming a list: page after page of one snapshot, never more than a page in memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from ...errors import BadRequestError
from ...identity.actor import Actor
from ...messages import _
from ...nearest import did_you_mean, listed
from .. import read
from ..query import Query, told_of
from ..records import Records
from ..work import Work
from .columns import ExportColumn, export_columns
from .writers import Write, write_csv, write_jsonl, write_xlsx

PAGE = 1000
FORMATS: dict[str, Write] = {"csv": write_csv, "xlsx": write_xlsx, "jsonl": write_jsonl}

Report = Callable[[int], None]


def export(
    records: Records,
    actor: Actor,
    entity: str,
    query: Query,
    stream: IO[bytes],
    *,
    format: str = "csv",
    fields: Sequence[str] | None = None,
    report: Report | None = None,
) -> int:
    """Write every record that ``query`` names and ``actor`` may see and export; how many there were.

    ``stream`` is a binary file. All rows are of one moment. Raises
    :class:`~tenon.errors.ForbiddenError` without the permission to export, and
    :class:`~tenon.errors.LimitedError`, before anything is written, where it is more than the
    actor may export in a day.
    """
    write = FORMATS.get(format)
    if write is None:
        raise BadRequestError(
            _(
                "There is no format %(format)s%(near)s",
                format=repr(format),
                near=did_you_mean(format, FORMATS),
            ),
            hint=_("Use one of: %(names)s.", names=listed(FORMATS)),
        )
    with records.snapshot(actor, via="export") as work:
        work.access.require(actor, "export", entity)
        columns = export_columns(work, work.type(entity), fields)
        header = [column.title for column in columns]
        told = {"format": format, **told_of(query), "fields": header}
        with work.access.watch.exporting(actor, entity, told, lambda: work.count(entity, query)) as note:
            reports = [note, report] if report else [note]
            return write(stream, header, _rows(work, entity, query, columns, reports))


def export_file(
    records: Records,
    actor: Actor,
    entity: str,
    query: Query,
    to: Path,
    *,
    fields: Sequence[str] | None = None,
    report: Report | None = None,
) -> int:
    """Like :func:`export`, into a file whose ending names the format; it appears when it is complete."""
    part = to.with_name(f".{to.name}.part")
    try:
        with part.open("wb") as stream:
            format = to.suffix.lower().lstrip(".")
            count = export(records, actor, entity, query, stream, format=format, fields=fields, report=report)
        os.replace(part, to)
    finally:
        part.unlink(missing_ok=True)
    return count


def _rows(
    work: Work, entity: str, query: Query, columns: Sequence[ExportColumn], reports: Sequence[Report]
) -> Iterator[list[Any]]:
    paths = tuple(dict.fromkeys(column.field.path for column in columns))
    query = replace(query, size=PAGE, fields=paths, total=False)
    named = any(column.names for column in columns)
    count = 0
    while True:
        page = read.page(work, entity, query, action="export")
        titles = work.reference_titles(entity, page.data) if named else {}
        for record in page.data:
            yield [
                titles.get(record.get(c.field.path)) if c.names else record.get(c.field.path) for c in columns
            ]
        count += len(page.data)
        for report in reports:
            report(count)
        if page.next is None:
            return
        query = replace(query, after=page.next)
