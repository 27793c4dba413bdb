"""A file as a header and rows, whatever its format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

ROW_COLUMN = "_row"
ERROR_COLUMN = "_error"
OWN_COLUMNS = (ROW_COLUMN, ERROR_COLUMN)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of data.

    ``index`` counts rows of data from 1 and is how far an import got; ``line`` is
    where a person finds the row (a line of the text, a row of the sheet).
    ``cells`` stand in the order of the header. ``damage`` says why the row cannot
    be trusted; then ``cells`` hold what was there, for the error file.
    """

    index: int
    line: int
    cells: Sequence[Any]
    damage: str | None = None


@dataclass(frozen=True)
class Layout:
    """How a file is written, so that its error file can be written the same way."""

    format: str
    header: tuple[str, ...]
    encoding: str = "utf-8"
    delimiter: str = ","
    bom: bool = False
    sheet: str | None = None
    titles: tuple[str, ...] = ()


class Source(Protocol):
    """An opened file. ``rows`` reads it from the start, each time it is called."""

    layout: Layout

    def rows(self) -> Iterator[Row]:
        """Every row of data in order, read as it is asked for."""
        ...


@dataclass(frozen=True)
class FileOptions:
    """What a map says about the file; what it leaves out is found out by looking."""

    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    skip_lines: int = 0
