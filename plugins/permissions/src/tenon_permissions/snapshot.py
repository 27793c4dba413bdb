"""A policy in force: it never changes, and another takes its place by one assignment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

import sqlalchemy as sa

from tenon.api import ALL_FIELDS, Branch, FieldSet, NamedFieldSet

from .decision import Judge, Reaches, covers
from .document import PolicyDocument
from .line import ALL, ALLOW, EVERY, EVERYTHING, NONE, Line
from .names import Names

ADMIN = "admin"
EVERYONE = "everyone"
ALWAYS = frozenset({"id", "version"})
MOST_DECISIONS = 20_000
MOST_COMPILED = 20_000

Compiled = tuple[sa.ColumnElement[bool] | None, tuple[Branch, ...]]
"""A predicate with its branches."""


@dataclass(frozen=True, eq=False)
class Decision:
    """What the lines say of some roles, a kind of record and an action.

    ``allow`` and ``deny`` are scopes as lines name them, without repetition; ``takes`` are lines
    that take fields away. ``lines`` are all that concern it, in their order.
    """

    allowed: bool
    lines: tuple[Line, ...]
    allow: tuple[str, ...]
    deny: tuple[str, ...]
    judge: Judge
    roles: frozenset[str]
    modes: frozenset[str]

    def allows(self, entity: str, action: str, reaches: Reaches) -> bool:
        """Whether one record is allowed: Casbin, with ``reaches`` to say which scopes hold."""
        return self.judge.allows(self.roles, self.modes, entity, action, reaches)


class Snapshot:
    """The lines of one revision, found by kind of record and action."""

    def __init__(self, version: str, document: PolicyDocument, names: Names) -> None:
        self.version = version
        self.document = document
        self.names = names
        self.field_sets: Mapping[str, NamedFieldSet] = {**names.field_sets, **document.field_sets}
        self._known = frozenset(document.roles)
        self._lines = _indexed(document.lines)
        self.compiled: dict[tuple[Any, ...], Compiled] = {}
        self._decisions: dict[tuple[frozenset[str], str, str], Decision] = {}
        self._fields: dict[tuple[Decision, object], FieldSet] = {}
        self._lock = Lock()

    def roles(self, given: Iterable[str], *, admin: bool) -> frozenset[str]:
        """Which of somebody's roles this policy knows, with the one that all have.

        What it does not know is forgotten at once, so that nothing is kept for names made up.
        """
        implied = {EVERYONE, ADMIN} if admin else {EVERYONE}
        return (frozenset(given) - {ADMIN} | implied) & self._known

    def keep_compiled(self, key: tuple[Any, ...], found: Compiled) -> None:
        """Remember a predicate, whose every part is in the key."""
        with self._lock:
            if len(self.compiled) >= MOST_COMPILED:
                self.compiled.clear()
            self.compiled[key] = found

    def decide(self, roles: frozenset[str], entity: str, action: str) -> Decision:
        key = (roles, entity, action)
        found = self._decisions.get(key)
        if found is None:
            found = self._decision(roles, entity, action)
            with self._lock:
                if len(self._decisions) >= MOST_DECISIONS:
                    self._decisions.clear()
                    self._fields.clear()
                self._decisions[key] = found
        return found

    def _decision(self, roles: frozenset[str], entity: str, action: str) -> Decision:
        lines = tuple(self._concerning(roles, entity, action))
        judge = Judge(lines, self.names.administrative)
        return Decision(
            allowed=judge.allows(roles, self.names.modes, entity, action),
            lines=lines,
            allow=_distinct(line.scope for line in lines if line.eft == ALLOW and line.scope != NONE),
            deny=_distinct(
                line.scope
                for line in lines
                if line.eft != ALLOW and not line.takes_fields and line.scope != NONE
            ),
            judge=judge,
            roles=roles,
            modes=self.names.modes,
        )

    def _concerning(self, roles: frozenset[str], entity: str, action: str) -> Iterable[Line]:
        for obj in (entity, EVERY, EVERYTHING):
            if not covers(obj, entity, self.names.administrative):
                continue
            for act in (action, EVERY):
                for line in self._lines.get((obj, act), ()):
                    if line.sub in roles and (line.dom == EVERY or line.dom in self.names.modes):
                        yield line

    def fields(self, decision: Decision, entity: str, paths: Collection[str], key: object) -> FieldSet:
        """Which of ``paths`` the decision's lines give; ``key`` stands for the kind as it is now."""
        found = self._fields.get((decision, key))
        if found is None:
            found = self._fields[decision, key] = self._field_set(decision, entity, paths)
        return found

    def _field_set(self, decision: Decision, entity: str, paths: Collection[str]) -> FieldSet:
        if not decision.allowed:
            return FieldSet(frozenset())
        everything = frozenset(paths)
        by_scope: dict[str, frozenset[str]] = {}
        taken: frozenset[str] = frozenset()
        for line in decision.lines:
            given = self.given(line.fields, entity, everything)
            if line.takes_fields:
                taken |= given
            elif line.eft == ALLOW and line.scope != NONE:
                by_scope[line.scope] = by_scope.get(line.scope, frozenset()) | given
        # A field that only some of the reachable records show cannot be filtered by without
        # telling of the others; so it counts where every way to a record gives it.
        shared = frozenset.intersection(*by_scope.values()) if by_scope else frozenset()
        seen = (shared | by_scope.get(ALL, frozenset())) - taken
        return ALL_FIELDS if seen == everything else FieldSet(seen | ALWAYS)

    def given(self, name: str, entity: str, paths: frozenset[str]) -> frozenset[str]:
        """The fields of a kind that a field set gives."""
        found = self.field_sets.get(name)
        if name == ALL or found is None:
            return paths if name == ALL else frozenset()
        shown = found.show.get(entity, found.show.get(EVERY))
        hidden = found.hide.get(entity, found.hide.get(EVERY, ()))
        kept = paths if shown is None else _matching(paths, shown)
        return kept - _matching(paths, hidden)


def _matching(paths: frozenset[str], wanted: Iterable[str]) -> frozenset[str]:
    exact = frozenset(wanted)
    begins = tuple(name[:-1] for name in exact if name.endswith("*"))
    return frozenset(path for path in paths if path in exact or (begins and path.startswith(begins)))


def _indexed(lines: Iterable[Line]) -> dict[tuple[str, str], list[Line]]:
    found: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        found.setdefault((line.obj, line.act), []).append(line)
    return found


def _distinct(scopes: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(scopes))
