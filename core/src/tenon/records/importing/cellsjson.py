"""The cells of a refused row, kept so that the error file can give them back unchanged."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any


def pack(cells: Sequence[Any]) -> bytes:
    """Cells as ASCII JSON: zero bytes and bytes that are no text survive in it."""
    return json.dumps(list(cells), default=_marked).encode("ascii")


def unpack(packed: bytes) -> list[Any]:
    """What :func:`pack` was given."""
    found: list[Any] = json.loads(packed, object_hook=_unmarked)
    return found


def _marked(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {"$decimal": str(value)}
    if isinstance(value, datetime):
        return {"$moment": value.isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    if isinstance(value, time | timedelta):
        return str(value)
    raise TypeError(f"a cell cannot hold {type(value).__name__}")


_MARKS: dict[str, Callable[[str], Any]] = {
    "$decimal": Decimal,
    "$moment": datetime.fromisoformat,
    "$date": date.fromisoformat,
}


def _unmarked(found: dict[str, Any]) -> Any:
    if len(found) == 1:
        mark, value = next(iter(found.items()))
        if mark in _MARKS and isinstance(value, str):
            return _MARKS[mark](value)
    return found
