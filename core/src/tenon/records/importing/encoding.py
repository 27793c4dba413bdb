"""Which encoding a text file is written in.

A byte order mark decides, then what the map declares, then the bytes themselves:
UTF-16 shows by its zero bytes, UTF-8 by being valid. What is neither is read as
Windows-1252, the code page of western spreadsheets, unless the bytes look like
East Asian text: then nothing is guessed and the map has to say.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from ...messages import _
from .limits import Limits
from .problems import FileError

CHUNK = 1 << 18
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SUGGESTED = ("gb18030", "shift_jis", "euc_kr", "big5", "cp1251", "cp1250")
_BAD = re.compile("[\udc80-\udcff]")
_HIGH = re.compile(b"[\x80-\xff]")
_HIGH_RUN = re.compile(b"[\x80-\xff]{2,}")
_NOT_CP1252 = re.compile(b"[\x81\x8d\x8f\x90\x9d]")
_STATEFUL = ("utf-7", "hz", "iso2022")


@dataclass(frozen=True)
class Encoding:
    """``name`` is a Python codec; ``mark`` the length of the byte order mark before the text."""

    name: str
    mark: int = 0

    @property
    def by_bytes(self) -> bool:
        """Whether a line ends with the byte 10, as in every encoding that extends ASCII."""
        return not self.name.startswith(("utf-16", "utf-32"))


@dataclass
class _Evidence:
    """What a look at every byte found: characters of UTF-8, bytes that cannot be, runs of high bytes."""

    characters: int = 0
    bad: int = 0
    high: int = 0
    in_runs: int = 0
    not_cp1252: int = 0

    def add(self, chunk: bytes, text: str) -> None:
        bad = len(_BAD.findall(text))
        self.bad += bad
        self.characters += sum(character > "\x7f" for character in text) - bad
        self.high += len(_HIGH.findall(chunk))
        self.in_runs += sum(map(len, _HIGH_RUN.findall(chunk)))
        self.not_cp1252 += len(_NOT_CP1252.findall(chunk))


def find_encoding(path: Path, declared: str | None, limits: Limits) -> Encoding:
    """The encoding of ``path``, having seen all of it.

    Raises :class:`FileError` for an empty file, a line beyond the limit, an unknown
    name, and bytes that no safe guess explains.
    """
    with path.open("rb") as stream:
        start = stream.read(4096)
    if not start:
        raise FileError(_("The file is empty"), hint=_("Export it again: it holds not a single byte."))
    for mark, name in _MARKS:
        if start.startswith(mark):
            return _looked_at(path, Encoding(name, len(mark)), limits)
    if declared is not None:
        return _looked_at(path, Encoding(_codec(declared)), limits)
    if wide := _wide(start):
        return _looked_at(path, Encoding(wide), limits)
    return _guessed(path, _evidence(path, limits))


def _codec(declared: str) -> str:
    try:
        found = codecs.lookup(declared)
        if not getattr(found, "_is_text_encoding", True) or found.name.startswith(_STATEFUL):
            raise LookupError
    except LookupError:
        raise FileError(
            _("The encoding %(name)s is not known", name=repr(declared)),
            hint=_("Use a name such as utf-8, utf-16, cp1252, gb18030 or shift_jis."),
        ) from None
    name = found.name
    return f"{name}-le" if name in ("utf-16", "utf-32") else name


def _wide(start: bytes) -> str | None:
    pairs = len(start) // 2
    if pairs and start[1::2].count(0) > pairs * 0.4 and start[0::2].count(0) < pairs * 0.1:
        return "utf-16-le"
    if pairs and start[0::2].count(0) > pairs * 0.4 and start[1::2].count(0) < pairs * 0.1:
        return "utf-16-be"
    return None


def _looked_at(path: Path, encoding: Encoding, limits: Limits) -> Encoding:
    _evidence(path, limits)
    return encoding


def _evidence(path: Path, limits: Limits) -> _Evidence:
    found = _Evidence()
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    width = _Width(limits.row)
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            width.add(chunk)
            text = decoder.decode(chunk)
            if not chunk.isascii():
                found.add(chunk, text)
    found.bad += len(_BAD.findall(decoder.decode(b"", True)))
    return found


class _Width:
    """Refuses a line that is too long before anybody tries to hold it."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._line = 1
        self._length = 0
        self._seen = 0

    def add(self, chunk: bytes) -> None:
        # CHUNK is below every sensible limit, so only a line that began earlier can be too long.
        ends = [place for place in (chunk.find(b"\n"), chunk.find(b"\r")) if place >= 0]
        self._length += min(ends, default=len(chunk))
        if self._length > self._limit:
            raise self._refusal()
        self._seen += len(chunk)
        self._line += chunk.count(b"\n")
        if ends:
            self._length = len(chunk) - 1 - max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))

    def _refusal(self) -> FileError:
        return FileError(
            _(
                "Line %(line)s is longer than %(limit)s bytes (it goes on at byte %(offset)s)",
                line=self._line,
                limit=f"{self._limit:,}",
                offset=f"{self._seen:,}",
            ),
            hint=_("Check that the file is a table with one record a line. Nothing was imported."),
        )


def _guessed(path: Path, found: _Evidence) -> Encoding:
    if not found.bad or found.characters >= found.bad:
        return Encoding("utf-8")
    if not found.not_cp1252 and found.in_runs <= found.high * 0.5:
        return Encoding("cp1252")
    likely = ", ".join(_that_decode(path)) or "gb18030, shift_jis"
    raise FileError(
        _("The encoding of the file cannot be told: it is not UTF-8, and the bytes do not look western"),
        hint=_('Say which it is in the map ([file] encoding = "…"); it could be: %(likely)s.', likely=likely),
    )


def _that_decode(path: Path) -> list[str]:
    with path.open("rb") as stream:
        sample = stream.read(CHUNK).rpartition(b"\n")[0]
    return [name for name in _SUGGESTED if _decodes(sample, name)]


def _decodes(sample: bytes, name: str) -> bool:
    try:
        sample.decode(name)
    except UnicodeDecodeError:
        return False
    return True
