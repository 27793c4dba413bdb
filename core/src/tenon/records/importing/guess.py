"""A map guessed from column titles, to start from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from ..registry import EntityType, Field, Registry
from .binding import FACTS
from .mapping import Lookup, Mapping, Rule
from .rows import OWN_COLUMNS, FileOptions

LIKE = 0.82
"""How alike a title and a name must be, from 0 to 1, to be taken for the same."""

_ALIASES = {
    "company": "name",
    "organisation": "name",
    "organization": "name",
    "surname": "last_name",
    "family_name": "last_name",
    "given_name": "first_name",
    "e_mail": "email",
    "mail": "email",
    "telephone": "phone",
    "tel": "phone",
    "cell": "mobile",
    "zip": "postal_code",
    "zip_code": "postal_code",
    "postcode": "postal_code",
    "sector": "industry",
    "url": "website",
    "web": "website",
    "owner": "owner_id",
    "sales_agent": "owner_id",
    "value": "amount",
    "parent": "parent_id",
    "subsidiary_of": "parent_id",
}


def guess_map(header: Sequence[str], type_: EntityType, registry: Registry) -> Mapping:
    """The most likely field for each column; columns that resemble none are left out.

    An export of Tenon is recognised whole: its titles are field paths, its
    references are found by id.
    """
    free = {field.path: field for field in type_.writable}
    free.update({path: type_.fields[path] for path in ("id", *sorted(FACTS)) if path in type_.fields})
    rules: dict[str, Rule] = {}
    for certain in (True, False):
        for column in header:
            if column in OWN_COLUMNS or column in rules or column.endswith(".title"):
                continue
            field = _field(column, free, certain)
            if field is not None:
                del free[field.path]
                rules[column] = Rule(field.path, column, lookup=_lookup(column, field, registry))
    ordered = tuple(rules[column] for column in header if column in rules)
    return Mapping(entity=type_.name, rules=ordered, file=FileOptions(), name="guessed")


def _field(column: str, free: dict[str, Field], certain: bool) -> Field | None:
    if column in free:
        return free[column]
    plain = _plain(column)
    named = {_plain(path.removesuffix("_id")): field for path, field in free.items()}
    named |= {_plain(str(field.label)): field for field in free.values()}
    if plain in named:
        return named[plain]
    if certain:
        return None
    alias = _ALIASES.get(plain)
    if alias in free:
        return free[alias]
    likeness = {name: SequenceMatcher(None, plain, name).ratio() for name in sorted(named)}
    best = max(likeness, key=lambda name: likeness[name], default="")
    return named[best] if best and likeness[best] >= LIKE else None


def _plain(title: str) -> str:
    return re.sub(r"\W+", "_", title.casefold()).strip("_")


def _lookup(column: str, field: Field, registry: Registry) -> Lookup | None:
    """By the other record's title, unless the column is the field itself, which holds ids."""
    if field.kind != "reference" or column == field.path or field.spec.to not in registry:
        return None
    title = registry[str(field.spec.to)].title
    return Lookup(by=title[0])
