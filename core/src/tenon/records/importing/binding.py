"""A map held against one file and one kind of record: every name in it must exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ...errors import NotFoundError, Problem
from ...messages import Message, _
from ...nearest import did_you_mean
from ..filters import OPERATORS
from ..registry import EntityType, Registry
from .mapping import Mapping, Rule
from .problems import MapError
from .rows import OWN_COLUMNS, Layout
from .templates import template_columns

FACTS = frozenset({"created_at", "updated_at", "created_by"})
"""Read-only fields that an import may give, since it knows them better than the system."""


def key_fields(mapping: Mapping, type_: EntityType) -> tuple[str, ...]:
    """The fields by which a record is found again; empty where nothing can be found again."""
    if mapping.external_id or mapping.key:
        return mapping.key
    mapped = {rule.field for rule in mapping.rules}
    if "id" in mapped:
        return ("id",)
    natural = type_.entity.natural_key
    return natural if natural and mapped.issuperset(natural) else ()


def check(mapping: Mapping, registry: Registry, layout: Layout) -> EntityType:
    """The kind of record that ``mapping`` is for. Raises :class:`MapError` with every wrong name."""
    try:
        type_ = registry[mapping.entity]
    except NotFoundError as error:
        raise MapError(error.message, hint=error.hint) from error
    problems = [
        *_columns(mapping, layout),
        *_fields(mapping, type_),
        *_twice(mapping),
        *_lookups(mapping, type_, registry),
        *_keys(mapping, type_),
        *_history(mapping, type_),
    ]
    if problems:
        raise MapError(_("The map %(name)s does not fit", name=mapping.name), problems=problems)
    return type_


def unused(mapping: Mapping, layout: Layout) -> tuple[str, ...]:
    """The columns of the file that the map leaves alone."""
    used = mapping.columns() | {
        c for rule in mapping.rules if rule.template for c in template_columns(rule.template)
    }
    return tuple(name for name in layout.header if name not in used and name not in OWN_COLUMNS)


def _columns(mapping: Mapping, layout: Layout) -> Iterator[Problem]:
    named = list(mapping.columns())
    named += [c for rule in mapping.rules if rule.template for c in template_columns(rule.template)]
    for column in sorted(set(named)):
        if column not in layout.header:
            yield _problem(
                "unknown-column", column, layout.header, _("the file has no column %(name)s", name=column)
            )


def _fields(mapping: Mapping, type_: EntityType) -> Iterator[Problem]:
    paths = [p for p in type_.fields if p != "custom"]
    for rule in mapping.rules:
        field = type_.fields.get(rule.field)
        if field is None or rule.field == "custom":
            text = _("%(entity)s has no field %(name)s", entity=type_.label, name=rule.field)
            yield _problem("unknown-field", rule.field, paths, text)
        elif field.spec.readonly and rule.field not in FACTS | {"id", "version"}:
            yield Problem("", "read-only", _("%(name)s is set by the system", name=rule.field))


def _twice(mapping: Mapping) -> Iterator[Problem]:
    seen: dict[str, Rule] = {}
    for rule in mapping.rules:
        if rule.field in seen:
            origins = f"{seen[rule.field].origin}, {rule.origin}"
            yield Problem(
                "", "twice", _("%(name)s is given twice: %(origins)s", name=rule.field, origins=origins)
            )
        seen[rule.field] = rule


def _lookups(mapping: Mapping, type_: EntityType, registry: Registry) -> Iterator[Problem]:
    for rule in mapping.rules:
        field = type_.fields.get(rule.field)
        if rule.lookup is None or field is None:
            continue
        if field.kind != "reference" or field.spec.to not in registry:
            yield Problem(
                "", "lookup", _("%(name)s refers to no other record: no lookup there", name=rule.field)
            )
            continue
        other = registry[str(field.spec.to)]
        for path in [rule.lookup.by, *rule.lookup.create]:
            if path not in other.fields or path == "custom":
                text = _("%(entity)s has no field %(name)s", entity=other.label, name=path)
                yield _problem("unknown-field", path, other.fields, text)
        if rule.lookup.system is None and rule.lookup.by in other.fields:
            yield from _findable(rule.lookup.by, other)


def _findable(path: str, type_: EntityType) -> Iterator[Problem]:
    field = type_.fields[path]
    if "in" not in OPERATORS[field.kind] or not field.spec.filterable:
        detail = _("%(entity)s cannot be found by %(name)s", entity=type_.label, name=path)
        yield Problem("", "lookup", detail)


def _keys(mapping: Mapping, type_: EntityType) -> Iterator[Problem]:
    mapped = {rule.field for rule in mapping.rules}
    for path in mapping.key:
        if path not in mapped:
            text = _("the key %(name)s gets its value from no column", name=path)
            yield _problem("key", path, mapped, text)
        elif path in type_.fields:
            yield from _findable(path, type_)


def _history(mapping: Mapping, type_: EntityType) -> Iterator[Problem]:
    if mapping.history and type_.stages is None:
        yield Problem(
            "", "history", _("%(entity)s has no stages, so it has no history of them", entity=type_.label)
        )


def _problem(code: str, name: str, known: Iterable[str], detail: Message) -> Problem:
    return Problem("", code, detail + did_you_mean(name, known))


def places(layout: Layout) -> dict[str, int]:
    """Where each column stands in a row."""
    return {name: place for place, name in enumerate(layout.header)}


def cell(row: Sequence[Any], place: int) -> Any:
    """The cell at ``place``; an object of JSON lines or a short row may have none."""
    return row[place] if place < len(row) else None
