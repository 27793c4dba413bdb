"""JSON lines: an object a line, its nested objects read as ``custom.size``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from ...messages import Message, _
from .encoding import find_encoding
from .header import column_names
from .limits import LIMITS, Limits
from .lines import TextLines
from .problems import FileError
from .rows import FileOptions, Layout, Row

RAW_COLUMN = "_raw"
DEPTH = 8
_LINES = _('Write one object on each line: {"name": "Acme"}.')


class JsonLinesSource:
    """A text file with a JSON object on each line; the columns are all keys that occur.

    A line that is not an object is a damaged row whose one cell is ``{"_raw": line}``.
    """

    def __init__(self, path: Path, options: FileOptions, limits: Limits = LIMITS) -> None:
        self._path = path
        self._limits = limits
        # JSON between programs is UTF-8 (RFC 8259, section 8.1): nothing is guessed.
        self._encoding = find_encoding(path, options.encoding or "utf-8", limits)
        titles = self._titles()
        self.layout = Layout(
            format="jsonl",
            header=titles,
            encoding=self._encoding.name,
            bom=self._encoding.mark > 0,
            titles=titles,
        )

    def rows(self) -> Iterator[Row]:
        """Every line that is not blank."""
        header = self.layout.header
        for index, (line, found) in enumerate(self._objects(), 1):
            if isinstance(found, _Broken):
                yield Row(index, line, ({RAW_COLUMN: found.text},), found.reason)
            else:
                yield Row(index, line, [found.get(name) for name in header])

    def _titles(self) -> tuple[str, ...]:
        keys: dict[str, None] = {}
        broken = None
        for _line, found in self._objects():
            if isinstance(found, _Broken):
                if (
                    broken is None
                    and not keys
                    and found.text.lstrip().startswith("[")
                    and len(found.text) < 3
                ):
                    raise FileError(_("The file is one JSON array, not JSON lines"), hint=_LINES)
                broken = broken or found
                continue
            keys.update(dict.fromkeys(found))
            if len(keys) > self._limits.columns:
                column_names(list(keys), self._limits)
        if not keys:
            raise FileError(
                _("The file holds no JSON object: %(reason)s", reason=broken.reason)
                if broken
                else _("The file holds no rows"),
                hint=_LINES,
            )
        return tuple(keys)

    def _objects(self) -> Iterator[tuple[int, dict[str, Any] | _Broken]]:
        with self._path.open("rb") as stream:
            lines = TextLines(stream, self._encoding, self._limits)
            for line in lines:
                if line.strip():
                    yield lines.number, _parsed(line, lines.damage)
                lines.damage = None


class _Broken:
    def __init__(self, text: str, reason: Message) -> None:
        self.text = text.rstrip("\r\n")
        self.reason = reason


def _parsed(line: str, damage: Message | None) -> dict[str, Any] | _Broken:
    if damage:
        return _Broken(line, damage)
    try:
        found = json.loads(line, parse_float=Decimal)
    except ValueError as error:
        return _Broken(line, _("the line is not JSON: %(error)s", error=error))
    except RecursionError:
        return _Broken(line, _("the JSON is nested too deep"))
    if not isinstance(found, dict):
        return _Broken(line, _("the line holds JSON that is not an object"))
    try:
        return dict(_flat(found, "", DEPTH))
    except RecursionError:
        return _Broken(line, _("objects are nested more than %(depth)s deep", depth=DEPTH))


def _flat(found: Mapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    if not depth:
        raise RecursionError
    for key, value in found.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.", depth - 1)
        else:
            yield f"{prefix}{key}", value
