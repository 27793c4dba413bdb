"""Keeps grants in step with the records, people and rules that they are about, in their transaction."""

from __future__ import annotations

from collections.abc import Iterable
from threading import local
from typing import Any
from uuid import UUID

from tenon.api import Change, EntityType, Work

from . import grants, rules, territories

PLACES = frozenset({"user", "team", "territory", "territory_member"})
"""Kinds of record that say where people stand."""


class Following:
    """Subscribes to what happens to records."""

    def __init__(self, tenon: Any) -> None:
        self._standings = tenon.access.policy.standings
        self._here = local()
        signals = tenon.records.signals
        signals.written.append(self.written)
        signals.about_to_remove.append(self.about_to_remove)
        signals.merged.append(self.merged)
        tenon.records.after_commit.append(self.committed)

    def written(self, work: Work, changes: list[Change]) -> None:
        """Records were written; what is told here is whatever one flush wrote, of all kinds."""
        keeper = work.as_system(rules.FOLLOWING)
        shared = [c for c in changes if grants.shareable(c.entity)]
        for type_, some in _by_kind(shared):
            gone = {_id(c): c.before.get(str(type_.owner)) for c in some if c.before and _given_away(c)}
            if gone:
                grants.owner_changed(keeper, type_, gone)
            back = [_id(c) for c in some if c.action == "restore"]
            if back:
                grants.unmerged(keeper, type_, back)
        if shared:
            rules.follow_records(keeper, shared)
        sources = [c for c in changes if c.entity.name in ("sharing_rule", "territory")]
        if sources:
            rules.follow_sources(keeper, sources)
            territories.follow_levels(keeper, sources)
        if any(c.entity.name in PLACES for c in changes):
            self._here.moved = True

    def about_to_remove(self, work: Work, changes: list[Change]) -> None:
        for type_, some in _by_kind(changes):
            if type_.entity.administrative or grants.shareable(type_):
                grants.removed(work.as_system(rules.FOLLOWING), type_, [_id(c) for c in some])

    def merged(self, work: Work, entity: str, winner: UUID, loser: UUID) -> None:
        type_ = work.type(entity)
        if grants.shareable(type_):
            grants.merged(work.as_system(rules.FOLLOWING), type_, winner, loser)

    def committed(self) -> None:
        """People stand elsewhere from now on, in this process at once."""
        if getattr(self._here, "moved", False):
            self._here.moved = False
            self._standings.forget()


def _by_kind(changes: Iterable[Change]) -> Iterable[tuple[EntityType, list[Change]]]:
    found: dict[str, tuple[EntityType, list[Change]]] = {}
    for change in changes:
        found.setdefault(change.entity.name, (change.entity, []))[1].append(change)
    return found.values()


def _given_away(change: Change) -> bool:
    """Whether the record has another owner now; being taken out of the pool counts too."""
    owner = change.entity.owner
    return owner is not None and change.action == "update" and change.changed(owner)


def _id(change: Change) -> UUID:
    found: UUID = change.before.id if change.before is not None else change.values["id"]
    return found
