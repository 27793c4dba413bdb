"""A map for an import as the columns' form shows it, and the form as a map again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import cast, get_args

from ..records.importing import Mapping, Rule, guess_map, write_map
from ..records.importing.binding import FACTS
from ..records.importing.mapping import Lookup, OnMatch, OnMissing
from ..records.registry import EntityType, Field, Registry


@dataclass(frozen=True)
class ColumnChoice:
    """What becomes of one column: the field it fills (none: it is left out), how a reference
    finds its record, what to do where there is none, and how dates are written."""

    column: str
    field: str = ""
    lookup: str = ""
    missing: str = "refuse"
    date: str = ""


def importable(type_: EntityType) -> list[Field]:
    """The fields that a column can fill."""
    kinds = ("json", "id")
    return [
        f
        for f in type_.fields.values()
        if f.path == "id"
        or ((not f.spec.readonly or f.path in FACTS) and f.path != "custom" and f.kind not in kinds)
    ]


def guess(header: Sequence[str], type_: EntityType, registry: Registry) -> list[ColumnChoice]:
    """The likely field of each column; none where nothing resembles it."""
    rules = {rule.column: rule for rule in guess_map(header, type_, registry).rules}
    return [_choice(column, rules.get(column)) for column in header]


def _choice(column: str, rule: Rule | None) -> ColumnChoice:
    if rule is None:
        return ColumnChoice(column)
    found = ColumnChoice(column, rule.field, date=rule.date[0] if rule.date else "")
    return replace(found, lookup=rule.lookup.by, missing=rule.lookup.missing) if rule.lookup else found


def map_text(type_: EntityType, choices: Iterable[ColumnChoice], on_match: str) -> str:
    """The map as TOML."""
    match = cast(OnMatch, on_match) if on_match in get_args(OnMatch) else "update"
    rules = tuple(_rule(type_, choice) for choice in choices if choice.field)
    return write_map(Mapping(entity=type_.name, rules=rules, on_match=match))


def _rule(type_: EntityType, choice: ColumnChoice) -> Rule:
    """What a choice says, without what its field has no use for."""
    field = type_.fields.get(choice.field)
    kind = field.kind if field else ""
    rule = Rule(choice.field, choice.column)
    if kind == "reference" and choice.lookup:
        missing = cast(OnMissing, choice.missing) if choice.missing in get_args(OnMissing) else "refuse"
        return replace(rule, lookup=Lookup(by=choice.lookup, missing=missing))
    if kind in ("date", "datetime") and choice.date:
        return replace(rule, date=(choice.date,))
    return rule
