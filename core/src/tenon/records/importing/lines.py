"""Text lines out of bytes, with the place of every byte that is not text.

A line that does not decode is still given, its wrong bytes kept as lone
surrogates (PEP 383), so that an error file can hold exactly what was there.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import IO

from ...messages import Message, _
from .encoding import CHUNK, Encoding
from .limits import Limits
from .problems import FileError

_ENDS = re.compile("(?<=\n)|(?<=\r)(?!\n)")
_SURROGATE = re.compile("[\ud800-\udfff]")


class TextLines:
    """An iterator of lines with their ends, as the csv module wants them.

    ``number`` is the line given last, counted from 1. ``damage`` says what was
    wrong in the lines since somebody last cleared it. ``ended`` is true once a
    line was asked for after the last.
    """

    def __init__(self, stream: IO[bytes], encoding: Encoding, limits: Limits) -> None:
        self.number = 0
        self.damage: Message | None = None
        self.ended = False
        self._encoding = encoding
        self._limit = limits.row
        stream.seek(encoding.mark)
        whole_lines = encoding.by_bytes and _has_newline(stream, encoding.mark)
        self._lines = self._by_line(stream) if whole_lines else self._by_chunk(stream)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        try:
            line = next(self._lines)
        except StopIteration:
            self.ended = True
            raise
        self.number += 1
        if "\0" in line:
            self._note(_("a zero byte (NUL) stands in line %(line)s", line=self.number))
        elif not line.isascii() and _SURROGATE.search(line):
            self._note(
                _("line %(line)s is not %(encoding)s text", line=self.number, encoding=self._encoding.name)
            )
        return line

    def _note(self, damage: Message) -> None:
        self.damage = self.damage or damage

    def _by_line(self, stream: IO[bytes]) -> Iterator[str]:
        offset = self._encoding.mark
        while raw := stream.readline(self._limit + 2):
            if len(raw) > self._limit and not raw.endswith(b"\n"):
                raise _too_long(self.number + 1, self._limit)
            text = self._decoded(raw, offset)
            offset += len(raw)
            # A CR that ends no CR LF is a line's end of its own, outside of quotes and within.
            yield from (text,) if text.find("\r", 0, -2) < 0 else _split(text)

    def _decoded(self, raw: bytes, offset: int) -> str:
        try:
            return raw.decode(self._encoding.name)
        except UnicodeDecodeError as error:
            self._note(
                _(
                    "the byte %(byte)s at position %(offset)s of the file is not %(encoding)s text",
                    byte=f"0x{raw[error.start]:02X}",
                    offset=offset + error.start,
                    encoding=self._encoding.name,
                )
            )
            return raw.decode(self._encoding.name, "surrogateescape")

    def _by_chunk(self, stream: IO[bytes]) -> Iterator[str]:
        """For what has no byte 10 to end its lines: UTF-16, UTF-32, and CR alone."""
        rest = ""
        for text in self._texts(stream):
            lines = _split(rest + text)
            # The last line may go on, and its CR may be half of a CR LF.
            rest = lines.pop() if lines else ""
            yield from lines
            if len(rest) > self._limit:
                raise _too_long(self.number + 1, self._limit)
        yield from _split(rest)

    def _texts(self, stream: IO[bytes]) -> Iterator[str]:
        errors = "surrogateescape" if self._encoding.by_bytes else "surrogatepass"
        decoder = codecs.getincrementaldecoder(self._encoding.name)(errors)
        while chunk := stream.read(CHUNK):
            yield decoder.decode(chunk)
        left = decoder.getstate()[0]
        yield "".join(chr(0xDC00 + byte) for byte in left)


def _has_newline(stream: IO[bytes], mark: int) -> bool:
    found = b"\n" in stream.read(CHUNK)
    stream.seek(mark)
    return found


def _split(text: str) -> list[str]:
    return [line for line in _ENDS.split(text) if line]


def _too_long(line: int, limit: int) -> FileError:
    return FileError(
        _("Line %(line)s is longer than %(limit)s bytes", line=line, limit=f"{limit:,}"),
        hint=_("Check that the file is a table with one record a line."),
    )
