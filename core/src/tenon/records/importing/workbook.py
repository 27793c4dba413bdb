"""XLSX, read cell by cell, from an archive that is checked before it is unpacked."""

from __future__ import annotations

import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
from defusedxml.common import DefusedXmlException
from openpyxl.utils.exceptions import InvalidFileException

from ...messages import Message, _
from ...nearest import did_you_mean, listed
from .header import column_names
from .limits import LIMITS, Limits
from .problems import FileError
from .rows import FileOptions, Layout, Row

SHEET_ROWS = 1_048_576
_CHUNK = 1 << 16

if not openpyxl.DEFUSEDXML:
    raise ImportError("openpyxl must parse with defusedxml: unset OPENPYXL_DEFUSEDXML")


class WorkbookSource:
    """One sheet of an XLSX workbook: the one the map names, else the first.

    Raises :class:`FileError` for what is not a workbook, is cut off, or would
    unpack to more than the limits allow.
    """

    def __init__(self, path: Path, options: FileOptions, limits: Limits = LIMITS) -> None:
        self._path = path
        self._limits = limits
        self._skipped = options.skip_lines
        check_archive(path, limits)
        with self._opened() as book:
            self._sheet = _sheet_name(book, options.sheet)
            titles = self._titles(book)
        self.layout = Layout(
            format="xlsx", header=column_names(titles, limits), sheet=self._sheet, titles=titles
        )

    def rows(self) -> Iterator[Row]:
        """Every row below the header that has a cell with something in it."""
        width = len(self.layout.header)
        index = 0
        with self._opened() as book:
            for line, cells in self._lines(book, self._skipped + 2):
                if not any(cell is not None for cell in cells):
                    continue
                index += 1
                plain = [_plain(cell) for cell in cells]
                plain += [None] * (width - len(plain))
                yield Row(index, line, plain, _error_cell(plain))

    def _titles(self, book: Any) -> tuple[str, ...]:
        for _line, cells in self._lines(book, self._skipped + 1):
            titles = ["" if cell is None else str(_plain(cell)) for cell in cells]
            while titles and not titles[-1]:
                titles.pop()
            return tuple(titles)
        raise FileError(
            _("The sheet %(name)s is empty", name=repr(self._sheet)),
            hint=_('Name another sheet in the map ([file] sheet = "…").'),
        )

    def _lines(self, book: Any, first: int) -> Iterator[tuple[int, tuple[Any, ...]]]:
        sheet = book[self._sheet]
        # Some programs write a range that is too small, and what is beyond it would be lost.
        sheet.reset_dimensions()
        rows = sheet.iter_rows(min_row=first, values_only=True)
        for line, cells in enumerate(rows, first):
            # A forged row number makes the reader count up to it.
            if line > SHEET_ROWS:
                raise FileError(_("The sheet has more rows than a spreadsheet can have"))
            yield line, cells

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        try:
            with warnings.catch_warnings():
                # Conditional formats and the like are not read, and need not be.
                warnings.simplefilter("ignore")
                book = openpyxl.load_workbook(self._path, read_only=True, data_only=True, keep_links=False)
            try:
                yield book
            finally:
                book.close()
        except FileError:
            raise
        except DefusedXmlException as error:
            raise FileError(_("The workbook holds XML entities, which no spreadsheet writes")) from error
        except (
            KeyError,
            ValueError,
            SyntaxError,
            OSError,
            InvalidFileException,
            zipfile.BadZipFile,
        ) as error:
            raise FileError(
                _("The workbook is damaged: %(error)s", error=error),
                hint=_("Open it in the spreadsheet program and save it again."),
            ) from error


def check_archive(path: Path, limits: Limits) -> None:
    """Refuse what is no workbook, a bomb, or damaged, unpacking piece by piece into nothing."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            _check_sizes(parts, path.stat().st_size, limits)
            for part in parts:
                _check_part(archive, part, limits)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ) as error:
        raise FileError(
            _("The file is not an XLSX workbook, or it is cut off: %(error)s", error=error),
            hint=_("Save it as XLSX again. Old .xls files must be saved as .xlsx first."),
        ) from error


def _check_sizes(parts: list[zipfile.ZipInfo], size: int, limits: Limits) -> None:
    unpacked = sum(part.file_size for part in parts)
    strings = sum(part.file_size for part in parts if part.filename.lower().endswith("sharedstrings.xml"))
    if len(parts) > limits.parts:
        raise _bomb(_("it has %(count)s parts", count=f"{len(parts):,}"))
    if unpacked > limits.unpacked:
        raise _bomb(_("it would unpack to %(count)s bytes", count=f"{unpacked:,}"))
    if strings > limits.strings:
        raise _bomb(_("its texts alone are %(count)s bytes", count=f"{strings:,}"))
    if unpacked > limits.row and unpacked > size * limits.ratio:
        raise _bomb(_("it would grow %(count)s times", count=f"{unpacked // max(size, 1):,}"))


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, limits: Limits) -> None:
    """Read a part to its end: the checksum is verified, and no text in it is endless.

    ``zipfile`` never gives more than the directory declares, so the sizes
    checked before hold here too.
    """
    since_tag = 0
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            if not part.filename.endswith(".xml"):
                continue
            first = chunk.find(b"<")
            since_tag += first if first >= 0 else len(chunk)
            if since_tag > limits.row:
                raise _bomb(_("a text in it is longer than %(limit)s bytes", limit=f"{limits.row:,}"))
            if first >= 0:
                since_tag = len(chunk) - chunk.rfind(b"<")


def _bomb(reason: Message) -> FileError:
    return FileError(
        _("The workbook is not opened: %(reason)s", reason=reason),
        hint=_("Export the rows as CSV, which has no such limit."),
    )


def _sheet_name(book: Any, wanted: str | None) -> str:
    names: list[str] = [sheet.title for sheet in book.worksheets]
    if not names:
        raise FileError(_("The workbook has no sheet with cells"))
    if wanted is None:
        return names[0]
    if wanted in names:
        return wanted
    raise FileError(
        _("The workbook has no sheet %(name)s%(near)s", name=repr(wanted), near=did_you_mean(wanted, names)),
        hint=_("Its sheets are: %(names)s.", names=listed(names)),
    )


def _plain(cell: Any) -> Any:
    """A cell's value as the other formats would give it: exact decimals, dates without a midnight."""
    if isinstance(cell, float):
        # 15 digits are what a spreadsheet keeps and shows.
        return int(cell) if cell.is_integer() and abs(cell) < 1e15 else Decimal(f"{cell:.15g}")
    if isinstance(cell, datetime) and cell.time() == time.min:
        return cell.date()
    return cell


def _error_cell(cells: list[Any]) -> Message | None:
    for cell in cells:
        if isinstance(cell, str) and cell[:1] == "#" and cell in _ERRORS:
            return _("a cell holds the spreadsheet error %(error)s", error=cell)
    return None


_ERRORS = frozenset({"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#SPILL!", "#CALC!"})
