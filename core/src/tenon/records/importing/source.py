"""Open a file by what it is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from ...messages import _
from .delimited import DelimitedSource
from .jsonlines import JsonLinesSource
from .limits import LIMITS, Limits
from .problems import FileError
from .rows import FileOptions, Source

FORMATS = ("csv", "xlsx", "jsonl")
_SUFFIXES = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".txt": "csv",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".json": "jsonl",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}


def _workbook(path: Path, options: FileOptions, limits: Limits) -> Source:
    # Kept out of the start of a server: the library behind it is large and seldom needed.
    from .workbook import WorkbookSource

    return WorkbookSource(path, options, limits)


_READERS: dict[str, Callable[[Path, FileOptions, Limits], Source]] = {
    "csv": DelimitedSource,
    "xlsx": _workbook,
    "jsonl": JsonLinesSource,
}


def open_source(path: Path, options: FileOptions | None = None, limits: Limits = LIMITS) -> Source:
    """The rows of ``path``, in the format that ``options`` name, else that its name and start show.

    Raises :class:`FileError` for what is not there or cannot be read.
    """
    options = options or FileOptions()
    if not path.is_file():
        raise FileError(_("There is no file %(path)s", path=path))
    if path.stat().st_size == 0:
        raise FileError(_("The file is empty"), hint=_("Export it again: it holds not a single byte."))
    return _READERS[options.format or format_of(path)](path, options, limits)


def format_of(path: Path) -> str:
    """``csv``, ``xlsx`` or ``jsonl``."""
    with path.open("rb") as stream:
        start = stream.read(8)
    if start.startswith(b"PK\x03\x04"):
        return "xlsx"
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise FileError(
            _("This is an old .xls workbook, or one protected by a password"),
            hint=_("Save it as .xlsx, without a password."),
        )
    named = _SUFFIXES.get(path.suffix.lower())
    if named is None and start.lstrip().startswith(b"{"):
        return "jsonl"
    return named or "csv"


def fingerprint(path: Path) -> str:
    """The file's SHA-256, in hexadecimal: an import goes on only with the same bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
