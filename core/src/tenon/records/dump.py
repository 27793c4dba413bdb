"""From records to JSON data, by functions compiled from each kind's fields.

marshmallow's own dump costs more than the whole web server; what these
functions give is identical to it (``tests/records`` compares them) at a fifth of the cost.
What JSON has a form for in :mod:`tenon.storage.json` (ids, moments, days) is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .record import Record
from .registry import EntityType, Field
from .schema import MONEY_PLACES, plain_decimal

DECIMALS = frozenset({"money", "number"})

Dump = Callable[[Record], dict[str, Any]]


def compile_dump(type_: EntityType, paths: Iterable[str] | None = None) -> Dump:
    """A function from a record to its JSON object, with the fields ``paths`` or all."""
    wanted = None if paths is None else {"id", *paths}
    chosen = [f for p, f in type_.fields.items() if p != "custom" and (wanted is None or p in wanted)]
    own = [f for f in chosen if "." not in f.path]
    decimals = tuple((f.path, _places(f)) for f in own if f.kind in DECIMALS)
    plain = tuple(f.path for f in own if f.kind not in DECIMALS)
    custom = tuple((f.path[7:], f) for f in chosen if f.origin == "custom")
    sides = _sides(type_, chosen)
    whole = wanted is None
    with_custom = whole or bool(custom)
    nested = tuple(p for p in type_.fields if "." in p)

    def dump(record: Record) -> dict[str, Any]:
        values = record.values
        if whole:
            # Copied in one go, and mended after: most fields are as JSON wants them.
            found = values.copy()
            for path in nested:
                found.pop(path, None)
        else:
            found = {path: values[path] for path in plain if path in values}
        for path, places in decimals:
            if path in values:
                value = values[path]
                found[path] = None if value is None else plain_decimal(value, places)
        if with_custom and "custom" in values:
            found["custom"] = {
                key: _value(f, record.custom[key]) for key, f in custom if key in record.custom
            }
        for key, columns in sides:
            part = {name: _value(f, values[f.path]) for name, f in columns if f.path in values}
            if part:
                found.setdefault("ext", {})[key] = part
        return found

    return dump


def _sides(type_: EntityType, chosen: list[Field]) -> list[tuple[str, list[tuple[str, Field]]]]:
    paths = {f.path: f for f in chosen}
    found = []
    for extension in type_.extensions:
        columns = [(name, paths[p]) for name, p in extension.paths.items() if p in paths]
        if columns:
            found.append((extension.key, columns))
    return found


def _value(f: Field, value: Any) -> Any:
    if value is not None and f.kind in DECIMALS:
        return plain_decimal(value, _places(f))
    return value


def _places(f: Field) -> int:
    return MONEY_PLACES if f.kind == "money" else 0
