"""What some roles together may do, as a table: kinds of record by actions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tenon.api import EntityType

from .snapshot import Snapshot
from .words import Text, scope_meaning, scope_word


@dataclass(frozen=True)
class Right:
    """What may be done to which records: words for the scopes, and for those that are taken away."""

    scopes: tuple[Text, ...]
    without: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Row:
    """A kind of record. ``rights`` is by action; ``shown`` of its ``fields`` may be seen."""

    entity: str
    label: Text
    administrative: bool
    rights: Mapping[str, Right]
    shown: int
    fields: int


@dataclass(frozen=True)
class Rights:
    """The whole table. ``actions`` are those that any row has; ``legend`` says what words mean."""

    rows: tuple[Row, ...]
    actions: Mapping[str, Text]
    legend: Mapping[Text, Text]


def rights_of(snapshot: Snapshot, roles: Collection[str], types: Any) -> Rights:
    """What ``roles`` may do under a snapshot; ``types`` are the kinds with customers' own fields."""
    names, given = snapshot.names, frozenset(roles)
    rows = tuple(sorted(_rows(snapshot, given, types), key=lambda row: row.administrative))
    used = {action for row in rows for action in row.rights}
    actions = {key: label for key, label in names.actions.items() if key in used}
    decided = (snapshot.decide(given, row.entity, action) for row in rows for action in row.rights)
    scopes = dict.fromkeys(scope for d in decided for scope in (*d.allow, *d.deny))
    legend = {scope_word(names, s): scope_meaning(names, s) for s in scopes if ":" not in s}
    return Rights(rows, actions, legend)


def _rows(snapshot: Snapshot, roles: frozenset[str], types: Any) -> Iterator[Row]:
    names = snapshot.names
    for entity, type_ in names.entities.items():
        rights = {}
        for action in names.actions:
            decision = snapshot.decide(roles, entity, action)
            if decision.allowed:
                rights[action] = Right(
                    tuple(scope_word(names, s, entity) for s in decision.allow),
                    tuple(scope_word(names, s, entity) for s in decision.deny),
                )
        known = types[entity]
        shown = _shown(snapshot, roles, entity, known)
        label = type_.label_plural
        administrative = type_.entity.administrative
        yield Row(entity, label, administrative, rights, shown, len(known.fields))


def _shown(snapshot: Snapshot, roles: frozenset[str], entity: str, type_: EntityType) -> int:
    decision = snapshot.decide(roles, entity, "read")
    found = snapshot.fields(decision, entity, type_.fields, type_)
    return len(type_.fields) if found.paths is None else len(found.paths & set(type_.fields))
