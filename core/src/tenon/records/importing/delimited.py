"""CSV and its relatives: comma, semicolon, tab or bar, quoted or not."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from ...messages import Message, _
from .encoding import find_encoding
from .header import column_names
from .limits import LIMITS, Limits
from .lines import TextLines
from .problems import FileError
from .rows import FileOptions, Layout, Row

DELIMITERS = ",;\t|"
_SNIFFED = 50

# The csv module's own bound is global; every reader of this process gets ours.
csv.field_size_limit(LIMITS.cell)


class DelimitedSource:
    """A text file of rows. Opening it reads it once, to find what cannot be read at all.

    Raises :class:`FileError` before anything is imported; a row that is merely
    damaged or ragged is given with ``Row.damage``.
    """

    def __init__(self, path: Path, options: FileOptions, limits: Limits = LIMITS) -> None:
        self._path = path
        self._limits = limits
        self._encoding = find_encoding(path, options.encoding, limits)
        self._skipped, self._delimiter = self._preamble(options)
        self.layout = self._layout()

    def rows(self) -> Iterator[Row]:
        """Every row that is not blank, from the first after the header."""
        width = len(self.layout.titles)
        with self._path.open("rb") as stream:
            records = self._records(TextLines(stream, self._encoding, self._limits))
            next(records, None)
            for index, (line, cells, damage) in enumerate(records, 1):
                if index > self._limits.rows:
                    raise FileError(
                        _("The file has more than %(limit)s rows", limit=f"{self._limits.rows:,}")
                    )
                yield Row(index, line, cells, damage or _ragged(cells, width))

    def _preamble(self, options: FileOptions) -> tuple[int, str]:
        """How many lines stand before the header, and the delimiter."""
        with self._path.open("rb") as stream:
            lines = list(
                islice(TextLines(stream, self._encoding, self._limits), options.skip_lines + _SNIFFED)
            )
        skipped = options.skip_lines
        start = [line.rstrip("\r\n") for line in lines[skipped:]]
        # Spreadsheets read and write a first line that names the delimiter.
        if start and len(start[0]) == 5 and start[0].startswith("sep="):
            return skipped + 1, start[0][4]
        return skipped, options.delimiter or _sniffed(start)

    def _layout(self) -> Layout:
        with self._path.open("rb") as stream:
            records = self._records(TextLines(stream, self._encoding, self._limits))
            first = next(records, None)
        if first is None:
            raise FileError(_("The file holds only blank lines"), hint=_("Export it again with its rows."))
        if first[2]:
            raise FileError(_("The column titles cannot be read: %(reason)s", reason=first[2]))
        return Layout(
            format="csv",
            header=column_names(first[1], self._limits),
            encoding=self._encoding.name,
            delimiter=self._delimiter,
            bom=self._encoding.mark > 0,
            titles=tuple(first[1]),
        )

    def _records(self, lines: TextLines) -> Iterator[tuple[int, list[str], Message | None]]:
        for _skipped in islice(lines, self._skipped):
            pass
        guarded = _Bounded(lines, self._limits.row)
        reader = csv.reader(guarded, delimiter=self._delimiter)
        lines.damage = None
        while True:
            guarded.begin()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise FileError(
                    _("The row in line %(line)s cannot be read: %(error)s", line=guarded.first, error=error),
                    hint=_("A cell may hold %(limit)s characters at most.", limit=f"{self._limits.cell:,}"),
                ) from error
            if any(cells):
                yield guarded.first, cells, _unclosed(guarded) or lines.damage
            lines.damage = None


class _Bounded:
    """Lines for the csv reader, which would hold any number of them behind an open quote."""

    def __init__(self, lines: TextLines, limit: int) -> None:
        self._lines = lines
        self._limit = limit
        self.first = 0
        self._size = 0

    def begin(self) -> None:
        self.first = self._lines.number + 1
        self._size = 0

    @property
    def open_quote(self) -> bool:
        return self._lines.ended and self._size > 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._size += len(line)
        if self._size > self._limit:
            raise FileError(
                _(
                    "The row that starts in line %(line)s is longer than %(limit)s characters",
                    line=self.first,
                    limit=f"{self._limit:,}",
                ),
                hint=_("A quotation mark that opens there is probably never closed."),
            )
        return line


def _unclosed(lines: _Bounded) -> Message | None:
    # The csv reader asks for a line after the last only while a quote is open.
    if not lines.open_quote:
        return None
    return _("a quotation mark that opens in this row is never closed: the file may be cut off")


def _ragged(cells: list[str], width: int) -> Message | None:
    if len(cells) == width or (len(cells) > width and not any(cells[width:])):
        return None
    return _(
        "the row has %(found)s cells where the header has %(expected)s", found=len(cells), expected=width
    )


def _sniffed(lines: list[str]) -> str:
    """The delimiter that splits most lines into the same number of cells, more than one."""
    text = [line for line in lines if line.strip()]
    if not text:
        return ","

    def score(delimiter: str) -> tuple[int, int]:
        try:
            widths = [len(row) for row in csv.reader(text, delimiter=delimiter)]
        except csv.Error:
            return 0, 0
        return sum(width == widths[0] for width in widths) if widths[0] > 1 else 0, widths[0]

    return max(DELIMITERS, key=score)
