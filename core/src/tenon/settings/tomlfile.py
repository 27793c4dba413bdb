"""TOML files that know on which line each key stands.

``tomllib`` gives values without positions. A message about a settings file is
only useful with the line, so the text is read a second time, by a scanner that
knows table headers, keys and multi-line values, and nothing more.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Keys = tuple[str, ...]

_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_DOTTED = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"^\s*\[{{1,2}}\s*({_DOTTED})\s*\]{{1,2}}\s*(?:#.*)?$")
_ASSIGNMENT = re.compile(rf"^\s*({_DOTTED})\s*=\s*(.*)$")
_INLINE_KEY = re.compile(rf"[{{,]\s*({_DOTTED})\s*=")
_FENCES = ('"""', "'''")


class TomlError(ValueError):
    """The text is not TOML. ``line`` says where, as far as the parser knows."""

    def __init__(self, message: str, line: int | None) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class TomlFile:
    """Parsed TOML: ``data`` as tomllib gives it, ``lines`` from key path to line."""

    name: str
    data: dict[str, Any]
    lines: dict[Keys, int] = field(default_factory=dict, repr=False)

    def line(self, *keys: str) -> int | None:
        """The line of a key or table; of the nearest table around it when it has none."""
        for end in range(len(keys), 0, -1):
            if keys[:end] in self.lines:
                return self.lines[keys[:end]]
        return None

    def where(self, *keys: str) -> str:
        """``tenon.toml:4``, or the bare name when the line is not known."""
        line = self.line(*keys)
        return f"{self.name}:{line}" if line else self.name


def read_toml(path: Path, name: str | None = None) -> TomlFile:
    """Read ``path``. ``name`` is what messages call it.

    Raises :class:`TomlError` for text that is not UTF-8 or not TOML, and
    ``OSError`` when it cannot be read.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TomlError(f"it is not UTF-8 text ({error.reason})", None) from error
    return parse_toml(text, name or path.name)


def parse_toml(text: str, name: str) -> TomlFile:
    """Parse ``text``; raises :class:`TomlError`."""
    text = text.replace("\r\n", "\n")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TomlError(str(error), _error_line(str(error), text)) from error
    return TomlFile(name, data, dict(_positions(text)))


def _error_line(message: str, text: str) -> int | None:
    found = re.search(r"at line (\d+)", message)
    if found:
        return int(found.group(1))
    return text.count("\n") + 1 if "end of document" in message else None


def _positions(text: str) -> Iterator[tuple[Keys, int]]:
    table: Keys = ()
    fence = ""
    for number, line in enumerate(text.split("\n"), 1):
        if fence:
            fence = "" if line.count(fence) % 2 else fence
            continue
        if header := _HEADER.match(line):
            table = _parts(header.group(1))
            yield table, number
        elif assignment := _ASSIGNMENT.match(line):
            keys = table + _parts(assignment.group(1))
            yield keys, number
            yield from _inline(keys, assignment.group(2), number)
            fence = _opened(assignment.group(2))


def _inline(keys: Keys, value: str, number: int) -> Iterator[tuple[Keys, int]]:
    # One level of inline tables is what manifests use; deeper keys fall back to this line.
    if value.startswith("{"):
        for found in _INLINE_KEY.finditer(value):
            yield keys + _parts(found.group(1)), number


def _opened(value: str) -> str:
    return next((fence for fence in _FENCES if value.count(fence) % 2), "")


def _parts(dotted: str) -> Keys:
    return tuple(part.strip().strip("\"'") for part in re.findall(_PART, dotted))
