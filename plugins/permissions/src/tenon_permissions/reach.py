"""A policy's lines as SQL: which rows of a table are within somebody's reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from tenon.api import EntityType

from .line import ALL, NONE, ScopeName
from .models import CHANGE, FULL, READ, Grant
from .names import Names
from .snapshot import Decision

READING = frozenset({"read", "export"})
FULLY = frozenset({"archive", "assign", "override", "share"})
DEEPEST = 4
"""How many references a scope may follow, so that records that belong to each other come to an end, and
within what SQLite can parse (100 levels of nesting, of which each reference takes more than ten)."""

Decide = Callable[[str, str], Decision]


class NoOwnerError(LookupError):
    """A scope asks whose a record is of a kind that nobody owns; so it holds for none."""


def level_for(action: str) -> int:
    """How much has to be granted for an action."""
    if action in READING:
        return READ
    return FULL if action in FULLY else CHANGE


def action_there(action: str) -> str:
    """What one has to be allowed on the record that another belongs to."""
    return "read" if action in READING else "update"


def follows(type_: EntityType, scope: str) -> str | None:
    """The reference behind which the scope is asked, for kinds without an owner of their own."""
    if type_.entity.owner in type_.fields or scope in (ALL, NONE, "via"):
        return None
    return type_.entity.within


@lru_cache(maxsize=1000)
def again(table: sa.FromClause, depth: int) -> sa.FromClause:
    """The table a second time, inside a condition. One for each depth is enough, and copying the columns
    of a table for every condition is most of what compiling a policy would cost."""
    return table.alias()


def nothing(condition: sa.ColumnElement[bool] | None) -> bool:
    """Whether a condition holds for no row, so that whatever leads there can be left out."""
    return isinstance(condition, sa.False_)


@dataclass(frozen=True)
class Who:
    """Somebody as SQL values. ``in_principals(column)`` holds for ids of whatever grants are made to
    that reaches them; ``now`` is given where some of these grants end."""

    me: sa.ColumnElement[UUID]
    team: sa.ColumnElement[UUID | None]
    in_principals: Callable[[sa.ColumnElement[UUID]], sa.ColumnElement[bool]]
    now: datetime | sa.ColumnElement[datetime] | None = None


class Reach:
    """Compiles scopes for one person. ``org`` gives the org tree's sub-selects."""

    def __init__(self, names: Names, org: Any, dialect: str, who: Who, decide: Decide) -> None:
        self.names = names
        self.org = org
        self.dialect = dialect
        self.who = who
        self.decide = decide

    def rows(
        self, entity: str, action: str, table: sa.FromClause, depth: int = 0
    ) -> sa.ColumnElement[bool] | None:
        """The rows allowed; ``None`` for all of them."""
        decision = self.decide(entity, action)
        if not decision.allowed or depth > DEEPEST:
            return sa.false()
        denied = self.denied(decision, entity, action, table, depth)
        if ALL in decision.allow:
            return denied
        ways = [self.scope(name, entity, action, table, depth) for name in decision.allow]
        allowed = ways[0] if len(ways) == 1 else sa.or_(sa.false(), *ways)
        return allowed if denied is None else sa.and_(allowed, denied)

    def denied(
        self, decision: Decision, entity: str, action: str, table: sa.FromClause, depth: int = 0
    ) -> sa.ColumnElement[bool] | None:
        """That no denied scope holds; a scope that cannot tell (there is no owner) does not hold."""
        if not decision.deny:
            return None
        ways = [self.scope(name, entity, action, table, depth) for name in decision.deny]
        denied = sa.or_(sa.false(), *ways)
        if nothing(denied):
            return None
        found = sa.func.coalesce(denied, sa.false())
        return sa.not_(found) if self.dialect == "sqlite" else found.is_(sa.false())

    def scope(
        self, name: str, entity: str, action: str, table: sa.FromClause, depth: int = 0
    ) -> sa.ColumnElement[bool]:
        """The rows of one scope."""
        if depth > DEEPEST:
            return sa.false()
        key = ScopeName.of(name)
        type_ = self.names.entities[entity]
        path = follows(type_, key.key)
        if path is not None:
            there = self.names.entities[str(type_.fields[path].spec.to)]
            other = again(there.table, depth + 1)
            inner = self.scope(name, there.name, action, other, depth + 1)
            if nothing(inner):
                return sa.false()
            return table.c[path].in_(sa.select(other.c.id).where(inner).correlate(None))
        try:
            found: sa.ColumnElement[bool] = self.names.scopes[key.key].rows(
                Query(self, entity, action, table, key.argument, depth)
            )
        except NoOwnerError:
            return sa.false()
        return found


@dataclass(frozen=True)
class Query:
    """What a scope's SQL form is given: see :class:`tenon.api.ScopeQuery`."""

    reach: Reach
    entity: str
    action: str
    table: sa.FromClause
    argument: str | None
    depth: int = 0

    @property
    def dialect(self) -> str:
        return self.reach.dialect

    @property
    def me(self) -> sa.ColumnElement[UUID]:
        return self.reach.who.me

    @property
    def team(self) -> sa.ColumnElement[UUID | None]:
        return self.reach.who.team

    @property
    def owner(self) -> sa.ColumnElement[UUID | None]:
        column = self.reach.names.entities[self.entity].entity.owner
        if column not in self.table.c:
            raise NoOwnerError(self.entity)
        return self.table.c[column]

    def below(self) -> sa.Select[Any]:
        found: sa.Select[Any] = self.reach.org.below(self.me)
        return found

    def members(self) -> sa.Select[Any]:
        found: sa.Select[Any] = self.reach.org.members(self.team)
        return found

    def granted(self) -> sa.Select[Any]:
        who, grant = self.reach.who, again(Grant.__table__, 0)
        lasting = grant.c.until.is_(None)
        return sa.select(grant.c.record_id).where(
            grant.c.entity == self.entity,
            who.in_principals(grant.c.principal_id),
            grant.c.level >= level_for(self.action),
            lasting if who.now is None else sa.or_(lasting, grant.c.until > who.now),
        )

    def through(self, path: str) -> sa.ColumnElement[bool]:
        field = self.reach.names.entities[self.entity].fields.get(path)
        to = field.spec.to if field is not None else None
        if field is None or to is None or to not in self.reach.names.entities or path not in self.table.c:
            return sa.false()
        other = again(self.reach.names.entities[to].table, self.depth + 1)
        inner = self.reach.rows(to, action_there(self.action), other, self.depth + 1)
        if nothing(inner):
            return sa.false()
        ids = sa.select(other.c.id)
        return self.table.c[path].in_((ids if inner is None else ids.where(inner)).correlate(None))
