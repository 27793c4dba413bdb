"""A map written as TOML, so that what a wizard put together can be kept and read again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

from .mapping import Mapping, Rule
from .rows import FileOptions

_PLAIN = Rule(field="")
_SETTINGS = ("on_match", "on_repeat", "on_empty", "no_key")
_DEFAULTS = Mapping(entity="", rules=())


def write_map(mapping: Mapping) -> str:
    """TOML that :func:`~.mapfile.parse_map` reads as the same map."""
    lines = [f"entity = {_value(mapping.entity)}"]
    if mapping.key:
        lines.append(f"key = {_value(list(mapping.key))}")
    if mapping.external_id:
        lines.append(f"external_id = {_table(vars(mapping.external_id))}")
    for name in _SETTINGS:
        if getattr(mapping, name) != getattr(_DEFAULTS, name):
            lines.append(f"{name} = {_value(getattr(mapping, name))}")
    lines += _section("file", _file(mapping.file))
    for column, texts in mapping.mend.items():
        lines += _section(f"mend.{_key(column)}", {_key(k): _value(v) for k, v in texts.items()})
    lines += _section("columns", dict(_columns(mapping)))
    lines += _section("templates", {_key(r.field): _given(r, "text") for r in mapping.rules if r.template})
    lines += _section("constants", {_key(r.field): _given(r, "value") for r in mapping.rules if _constant(r)})
    for skip in mapping.skip_if:
        found = {"column": _value(skip.column), "equals": _value(list(skip.equals)) if skip.equals else ""}
        found["empty"] = "" if skip.empty is None else _value(skip.empty)
        lines += _section("[skip_if]", {k: v for k, v in found.items() if v})
    for step in mapping.history:
        found = {"stage": _value(step.stage) if step.stage else "", "at": _value(step.at)}
        found["date"] = _value(list(step.date)) if step.date else ""
        lines += _section("[history]", {k: v for k, v in found.items() if v})
    return "\n".join(lines) + "\n"


def with_text(mapping: Mapping) -> Mapping:
    """``mapping`` with its own text, as an import keeps it."""
    return replace(mapping, text=write_map(mapping))


def _columns(mapping: Mapping) -> Iterator[tuple[str, str]]:
    by_column: dict[str, list[str]] = {}
    for rule in mapping.rules:
        if rule.column is not None:
            by_column.setdefault(rule.column, []).append(_given(rule, None))
    for column, given in by_column.items():
        yield _key(column), given[0] if len(given) == 1 else f"[{', '.join(given)}]"


def _constant(rule: Rule) -> bool:
    return rule.column is None and rule.template is None


def _given(rule: Rule, source: str | None) -> str:
    found: dict[str, Any] = {}
    for setting in fields(Rule):
        value = getattr(rule, setting.name)
        if setting.name in ("field", "column", "template", "constant", "lookup"):
            continue
        if value != getattr(_PLAIN, setting.name):
            found[setting.name] = list(value) if isinstance(value, tuple) else value
    if rule.lookup:
        found |= {"system": rule.lookup.system} if rule.lookup.system else {"lookup": rule.lookup.by}
        if rule.lookup.missing != "refuse":
            found["missing"] = rule.lookup.missing
        if rule.lookup.create:
            found["create"] = dict(rule.lookup.create)
    if source is not None:
        given = rule.template if source == "text" else rule.constant
        return _table({source: given, **found}) if found or isinstance(given, dict) else _value(given)
    return _table({"field": rule.field, **found}) if found else _value(rule.field)


def _file(options: FileOptions) -> dict[str, str]:
    return {k: _value(v) for k, v in vars(options).items() if v not in (None, 0)}


def _section(name: str, lines: dict[str, str]) -> list[str]:
    return ["", f"[{name}]", *(f"{key} = {value}" for key, value in lines.items())] if lines else []


def _key(name: str) -> str:
    return name if name.replace("_", "a").replace("-", "a").isalnum() and name.isascii() else _value(name)


def _table(given: dict[str, Any]) -> str:
    return "{ " + ", ".join(f"{_key(key)} = {_value(value)}" for key, value in given.items()) + " }"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return _table(value) if value else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    # JSON's strings, numbers and booleans are TOML's too, once DEL is escaped.
    return (
        json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        if isinstance(value, str | bool)
        else str(value)
    )
