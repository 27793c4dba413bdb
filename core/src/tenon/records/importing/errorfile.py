"""The refused rows as a file like the one that was imported, to be mended and imported again.

It has the same format, encoding and columns, and two more in front: the line of
the row and what was wrong. An import ignores them. In front, because a row with
too many cells has the surplus at its end.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from .cells import plain_text
from .jsonlines import RAW_COLUMN
from .rows import ERROR_COLUMN, OWN_COLUMNS, ROW_COLUMN, Layout, Row

Refused = Iterable[tuple[Row, str]]

NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
"""What a sheet cannot hold."""


def write_errors(layout: Layout, refused: Refused, to: Path) -> int:
    """Write ``refused`` to ``to``; how many there were. The folder must exist."""
    writers = {"csv": _write_csv, "xlsx": _write_xlsx, "jsonl": _write_jsonl}
    counted = _Counted(refused)
    writers[layout.format](layout, counted, to)
    return counted.count


class _Counted:
    def __init__(self, refused: Refused) -> None:
        self._refused = refused
        self.count = 0

    def __iter__(self) -> Iterator[tuple[Row, str]]:
        for pair in self._refused:
            self.count += 1
            yield pair


def _columns(layout: Layout) -> tuple[list[str], list[int]]:
    """Titles without those an error file had already, and where each stands."""
    places = [place for place, name in enumerate(layout.titles) if name not in OWN_COLUMNS]
    return [*OWN_COLUMNS, *(layout.titles[place] for place in places)], places


def _cells(layout: Layout, row: Row, places: list[int]) -> list[Any]:
    known = [row.cells[place] if place < len(row.cells) else None for place in places]
    return known + list(row.cells[len(layout.titles) :])


def _write_csv(layout: Layout, refused: Refused, to: Path) -> None:
    wide = layout.encoding.startswith(("utf-16", "utf-32"))
    titles, places = _columns(layout)
    # Bytes that were no text are written back as they were.
    errors = "surrogatepass" if wide else "surrogateescape"
    with to.open("w", encoding=layout.encoding, errors=errors, newline="") as stream:
        # Without the mark, a few wrong bytes alone would be taken for Windows-1252 the next time.
        if layout.bom or layout.encoding == "utf-8":
            stream.write("\ufeff")
        writer = csv.writer(stream, delimiter=layout.delimiter)
        writer.writerow(titles)
        for row, reason in refused:
            told = reason.encode(layout.encoding, "replace").decode(layout.encoding)
            writer.writerow([row.line, told, *(plain_text(cell) for cell in _cells(layout, row, places))])


def _write_xlsx(layout: Layout, refused: Refused, to: Path) -> None:
    import openpyxl

    titles, places = _columns(layout)
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(layout.sheet or "Sheet1")
    sheet.append(titles)
    for row, reason in refused:
        sheet.append([row.line, *map(_sheet_cell, [reason, *_cells(layout, row, places)])])
    book.save(to)


def _sheet_cell(value: Any) -> Any:
    if isinstance(value, str):
        text = NOT_IN_XML.sub("\ufffd", value)
        return f"'{text}" if text.startswith("=") else text
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def _write_jsonl(layout: Layout, refused: Refused, to: Path) -> None:
    errors = "surrogatepass" if layout.encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"
    with to.open("w", encoding=layout.encoding, errors=errors) as stream:
        for row, reason in refused:
            found = {ROW_COLUMN: row.line, ERROR_COLUMN: reason, **dict(_members(layout, row))}
            stream.write(json.dumps(found, ensure_ascii=False, default=_json) + "\n")


def _members(layout: Layout, row: Row) -> Iterator[tuple[str, Any]]:
    if row.cells and isinstance(row.cells[0], dict) and RAW_COLUMN in row.cells[0]:
        yield from row.cells[0].items()
        return
    for name, cell in zip(layout.header, row.cells, strict=False):
        if cell is not None and name not in OWN_COLUMNS:
            yield name, cell


def _json(value: Any) -> Any:
    # A decimal as text keeps every digit, and is read as a number all the same.
    return value.isoformat() if isinstance(value, date) else str(value)
