"""Reading a map out of TOML, with every mistake in it named at once, by line."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import fields as dataclass_fields
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ...errors import Problem
from ...messages import _
from ...nearest import did_you_mean, listed
from ...settings.tomlfile import TomlError, TomlFile, parse_toml
from . import mapping as m
from .problems import MapError, at
from .rows import FileOptions
from .templates import TemplateError, template_columns

_RULE = ("field", "values", "only", "default", "trim", "case", "date", "decimal", "thousands", "scale",
         "timezone", "separator", "empty", "lookup", "missing", "create", "system")  # fmt: skip
_SHARED = ("trim", "date", "decimal", "thousands", "timezone", "empty")
_TOP = ("entity", "file", "key", "external_id", "on_match", "on_repeat", "on_empty", "no_key", "defaults",
        "mend", "columns", "templates", "constants", "skip_if", "history")  # fmt: skip
_CHOICES: dict[str, tuple[str, ...]] = {
    "on_match": get_args(m.OnMatch),
    "on_repeat": get_args(m.OnRepeat),
    "on_empty": get_args(m.OnEmpty),
    "no_key": get_args(m.NoKey),
    "missing": get_args(m.OnMissing),
    "case": get_args(m.Case),
    "format": ("csv", "xlsx", "jsonl"),
}
_TYPES: dict[str, type | tuple[type, ...]] = {
    "only": bool, "trim": bool, "decimal": str, "thousands": str, "scale": int, "separator": str,
    "values": dict, "create": dict, "skip_lines": int, "encoding": str, "delimiter": str, "sheet": str,
    "field": str, "at": str, "stage": str, "column": str, "entity": str,
}  # fmt: skip
_KINDS = {bool: "true or false", str: "text in quotes", int: "a whole number", dict: "a table"}


def load_map(path: Path, entity: str | None = None) -> m.Mapping:
    """The map in ``path``. ``entity`` is what the command named, if it did.

    Raises :class:`MapError` with every problem, each with the line it stands on.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MapError(_("The map %(path)s cannot be read: %(error)s", path=path, error=error)) from error
    return parse_map(text, path.name, entity)


def parse_map(text: str, name: str = "map.toml", entity: str | None = None) -> m.Mapping:
    """The map written as ``text``; raises :class:`MapError`."""
    try:
        toml = parse_toml(text, name)
    except TomlError as error:
        raise MapError(
            _("The map %(name)s is not TOML: %(error)s", name=name, error=error),
            hint=_("Texts stand in quotes, and a column whose name has spaces does too."),
        ) from error
    return _Reading(toml, entity).mapping(text)


class _Reading:
    """One reading of a map; collects problems until the end."""

    def __init__(self, toml: TomlFile, entity: str | None) -> None:
        self._toml = toml
        self._data = toml.data
        self._entity = entity
        self._problems: list[Problem] = []

    def mapping(self, text: str) -> m.Mapping:
        data = self._data
        self._known(data, _TOP)
        defaults = self._table(data.get("defaults", {}), _SHARED, "defaults")
        found = m.Mapping(
            entity=self._entity_name(),
            rules=tuple(self._rules(defaults)),
            file=FileOptions(**self._file()),
            key=self._texts(data.get("key", ()), "key"),
            external_id=self._external(),
            mend=self._mend(),
            skip_if=tuple(self._skips()),
            history=tuple(self._history(defaults)),
            name=self._toml.name,
            text=text,
            **{
                k: self._choice(data[k], k, k)
                for k in ("on_match", "on_repeat", "on_empty", "no_key")
                if k in data
            },
        )
        if found.key and found.external_id:
            self._wrong("key", _("give either key or external_id, not both"))
        if not found.rules:
            self._wrong("columns", _("the map gives no field a value: add a table [columns]"))
        if self._problems:
            raise MapError(
                _("The map %(name)s has mistakes", name=self._toml.name),
                problems=self._problems,
                hint=_("docs/reference/import-map.md lists every key."),
            )
        return found

    # Its parts

    def _entity_name(self) -> str:
        named = self._data.get("entity")
        if named is not None and self._entity is not None and named != self._entity:
            self._wrong(
                "entity", _("the map is for %(map)s, not for %(asked)s", map=named, asked=self._entity)
            )
        if not (named or self._entity):
            self._wrong("entity", _('say what the rows are: entity = "account"'))
        return str(named or self._entity or "")

    def _file(self) -> dict[str, Any]:
        known = [f.name for f in dataclass_fields(FileOptions)]
        found = self._table(self._data.get("file", {}), known, "file")
        delimiter = found.get("delimiter")
        if isinstance(delimiter, str) and len(delimiter) != 1:
            self._wrong("file.delimiter", _("one character is expected, such as ; or \\t"))
        return found

    def _rules(self, defaults: dict[str, Any]) -> Iterator[m.Rule]:
        for column, given in self._items("columns"):
            for item in given if isinstance(given, list) else [given]:
                yield from self._rule(f"columns.{column}", item, defaults, column=column)
        for path, given in self._items("templates"):
            item = given if isinstance(given, dict) else {"text": given}
            yield from self._template(path, dict(item), defaults)
        for path, given in self._items("constants"):
            if isinstance(given, dict):
                yield from self._rule(
                    f"constants.{path}", {**given, "field": path}, defaults, extra=("value",)
                )
            else:
                yield m.Rule(field=path, constant=given)

    def _template(self, path: str, item: dict[str, Any], defaults: dict[str, Any]) -> Iterator[m.Rule]:
        text = item.pop("text", None)
        where = f"templates.{path}"
        try:
            template_columns(text if isinstance(text, str) else "")
        except TemplateError as error:
            self._wrong(where, str(error))
        if not isinstance(text, str):
            self._wrong(where, _('a template is text: "{first} {last}"'))
        yield from self._rule(where, {**item, "field": path}, defaults, template=str(text))

    def _rule(
        self, where: str, item: Any, defaults: dict[str, Any], *, extra: tuple[str, ...] = (), **source: Any
    ) -> Iterator[m.Rule]:
        if isinstance(item, str):
            item = {"field": item}
        if not isinstance(item, dict):
            self._wrong(where, _("a field's name or a table is expected"))
            return
        found = self._table(item, (*_RULE, *extra), where)
        if "field" not in found:
            self._wrong(where, _("it does not say which field: add field = …"))
            return
        if "value" in found:
            source["constant"] = found.pop("value")
        lookup = self._lookup(found, where)
        yield m.Rule(**source, **{**defaults, **found}, lookup=lookup)

    def _lookup(self, found: dict[str, Any], where: str) -> m.Lookup | None:
        by, system = found.pop("lookup", None), found.pop("system", None)
        missing, create = found.pop("missing", None), found.pop("create", {})
        if by is None and system is None:
            if missing or create:
                self._wrong(where, _('missing and create need a lookup, such as lookup = "name"'))
            return None
        if not isinstance(by or "", str) or not isinstance(system or "", str):
            self._wrong(where, _("lookup is the name of a field; system the name of another system"))
            return None
        if create and missing != "create":
            self._wrong(where, _('values to create stand beside missing = "create" only'))
        return m.Lookup(by or "id", system, missing or "refuse", create)

    def _mend(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for column, texts in self._items("mend"):
            if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
                self._wrong(f"mend.{column}", _('texts are expected: GTXPro = "GTX Pro"'))
            else:
                found[column] = texts
        return found

    def _external(self) -> m.ExternalKey | None:
        given = self._data.get("external_id")
        if given is None:
            return None
        found = self._table(given, ("system", "column"), "external_id")
        if not all(isinstance(found.get(k), str) for k in ("system", "column")):
            self._wrong("external_id", _('it needs system = "…" and column = "…"'))
            return None
        return m.ExternalKey(found["system"], found["column"])

    def _skips(self) -> Iterator[m.Skip]:
        for place, item in enumerate(self._list("skip_if")):
            found = self._table(item, ("column", "equals", "empty"), f"skip_if.{place}")
            if "column" not in found or not {"equals", "empty"} & set(found):
                self._wrong("skip_if", _("each test needs column and one of equals, empty"))
                continue
            yield m.Skip(found["column"], self._texts(found.get("equals", ()), "skip_if"), found.get("empty"))

    def _history(self, defaults: dict[str, Any]) -> Iterator[m.HistoryRule]:
        for place, item in enumerate(self._list("history")):
            found = self._table(item, ("stage", "at", "date"), f"history.{place}")
            if "at" not in found:
                self._wrong("history", _('each step needs the column of its date: at = "closed on"'))
                continue
            dates = found.get("date") or defaults.get("date", ())
            yield m.HistoryRule(found["at"], found.get("stage"), dates)

    # Checking

    def _table(self, given: Any, known: Iterable[str], where: str) -> dict[str, Any]:
        if not isinstance(given, dict):
            self._wrong(where, _("a table is expected here"))
            return {}
        self._known(given, known, where)
        return {k: self._value(k, v, f"{where}.{k}") for k, v in given.items() if k in known}

    def _value(self, key: str, value: Any, where: str) -> Any:
        if where.startswith("skip_if") and key == "empty":
            return self._flag(value, where)
        if key in ("date", "empty"):
            return self._texts(value, where)
        if key == "timezone":
            return self._timezone(value, where)
        if key == "encoding" and isinstance(value, str):
            self._encoding(value, where)
        if key in _CHOICES and key != "field":
            return self._choice(value, key, where)
        expected = _TYPES.get(key)
        if isinstance(expected, type) and not isinstance(value, expected):
            self._wrong(where, _("%(kind)s is expected", kind=_KINDS[expected]))
        return value

    def _flag(self, value: Any, where: str) -> bool:
        if not isinstance(value, bool):
            self._wrong(where, _("true or false is expected"))
        return bool(value)

    def _choice(self, value: Any, key: str, where: str) -> Any:
        if value not in _CHOICES[key]:
            near = did_you_mean(str(value), _CHOICES[key])
            self._wrong(
                where, _("one of %(names)s is expected%(near)s", names=listed(_CHOICES[key]), near=near)
            )
        return value

    def _encoding(self, value: str, where: str) -> None:
        try:
            codecs.lookup(value)
        except LookupError:
            self._wrong(where, _("the encoding %(name)s is not known", name=repr(value)))

    def _timezone(self, value: Any, where: str) -> str:
        try:
            ZoneInfo(str(value))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self._wrong(where, _("a time zone such as Europe/Berlin is expected"))
        return str(value)

    def _texts(self, value: Any, where: str) -> tuple[str, ...]:
        found = (value,) if isinstance(value, str) else value
        if not isinstance(found, list | tuple) or not all(isinstance(text, str) for text in found):
            self._wrong(where, _("a text or a list of texts is expected"))
            return ()
        return tuple(found)

    def _items(self, table: str) -> list[tuple[str, Any]]:
        given = self._data.get(table, {})
        if isinstance(given, dict):
            return list(_flat(given) if table != "columns" else given.items())
        self._wrong(table, _("a table is expected here"))
        return []

    def _list(self, key: str) -> list[Any]:
        given = self._data.get(key, [])
        if isinstance(given, list):
            return given
        self._wrong(key, _("a list of tables is expected: [[%(key)s]]", key=key))
        return []

    def _known(self, given: dict[str, Any], known: Iterable[str], where: str = "") -> None:
        for key in given:
            if key not in known:
                place = f"{where}.{key}" if where else key
                self._wrong(
                    place, _("there is no key %(key)s%(near)s", key=repr(key), near=did_you_mean(key, known))
                )

    def _wrong(self, where: str, detail: str) -> None:
        place = self._toml.where(*where.split("."))
        self._problems.append(Problem(place, "map", at(where, detail)))


def _flat(given: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """``custom.size = 1`` is a nested table in TOML, and a field path here."""
    for key, value in given.items():
        if isinstance(value, dict) and key in ("custom", "ext"):
            yield from ((f"{key}.{path}", inner) for path, inner in _deep(value, key == "ext"))
        else:
            yield key, value


def _deep(given: dict[str, Any], another: bool) -> Iterator[tuple[str, Any]]:
    for key, value in given.items():
        if another and isinstance(value, dict):
            yield from ((f"{key}.{path}", inner) for path, inner in value.items())
        else:
            yield key, value
