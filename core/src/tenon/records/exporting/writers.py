"""Rows into a stream of bytes, one at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any, Protocol
from uuid import UUID

from ...errors import BadRequestError
from ...messages import _
from ...storage import json
from ..importing.errorfile import NOT_IN_XML
from ..schema import plain_decimal
from .harmless import harmless

SHEET_ROWS = 1_048_575


class Write(Protocol):
    """Writes a header and rows of Python values; how many rows there were."""

    def __call__(self, stream: IO[bytes], header: Sequence[str], rows: Iterable[Sequence[Any]]) -> int: ...


def write_csv(stream: IO[bytes], header: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Comma-separated UTF-8 with a byte order mark, by which spreadsheets know it (RFC 4180)."""
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="", write_through=False)
    writer = csv.writer(text)
    writer.writerow(map(harmless, header))
    count = 0
    for row in rows:
        writer.writerow([_text(value) for value in row])
        count += 1
    text.flush()
    text.detach()
    return count


def write_jsonl(stream: IO[bytes], header: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """One JSON object a line, by field path; empty fields are ``null``."""
    count = 0
    for row in rows:
        found = {name: _json(value) for name, value in zip(header, row, strict=True)}
        stream.write(json.dumps(found) + b"\n")
        count += 1
    return count


def write_xlsx(stream: IO[bytes], header: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """A workbook of one sheet, its rows kept on disk while it grows."""
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Tenon")
    sheet.freeze_panes = "A2"
    sheet.append([_cell(name) for name in header])
    count = 0
    for row in rows:
        count += 1
        if count > SHEET_ROWS:
            book.close()
            raise BadRequestError(
                _("A sheet holds %(limit)s rows at most", limit=f"{SHEET_ROWS:,}"),
                hint=_("Export as CSV, or filter the list."),
            )
        sheet.append([_cell(value) for value in row])
    book.save(stream)
    return count


def _text(value: Any) -> str:
    """A value as CSV text. Numbers and dates are never formulas, whatever they begin with."""
    if value is None:
        return ""
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return harmless(",".join(map(str, value)))
    found = _json(value)
    return found if isinstance(found, str) else str(found)


def _json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain_decimal(value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, date | UUID) else value


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return harmless(NOT_IN_XML.sub("\ufffd", value))
    if isinstance(value, datetime):
        # A sheet knows no time zones; moments stand in it as UTC.
        return value.replace(tzinfo=None)
    if isinstance(value, list | UUID):
        return _text(value)
    return value
