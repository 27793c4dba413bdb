"""Sharing rules and territories as what they have in common: a filter, and whom it shares with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog

from tenon.api import Change, Filter, TenonError, Work

from .filters import condition, parsed, tests
from .models import RANK, RULE, TERRITORY, SharingRule, Territory

log = structlog.get_logger(__name__)

RULES: Any = SharingRule.__table__
TERRITORIES: Any = Territory.__table__
NAMES = ("id", "name", "entity", "filter", "level")


@dataclass(frozen=True, eq=False)
class Source:
    """A rule or a territory: which records of a kind it shares, with whom, how far.

    ``where`` is the predicate on ``table``, ``paths`` the fields that it looks at, ``principals`` kind
    and id. ``moving`` ones can find other records without any of theirs being written; those that are
    not ``steady`` have the present moment in their predicate.
    """

    id: UUID
    cause: str
    entity: str
    principals: tuple[tuple[str, UUID], ...]
    level: int
    table: sa.FromClause
    where: sa.ColumnElement[bool]
    paths: frozenset[str] = frozenset()
    moving: bool = False
    steady: bool = True

    def concerned(self, change: Change) -> bool:
        """Whether a write can bring a record into the filter or out of it."""
        return change.before is None or any(map(change.changed, self.paths))


def _selected() -> sa.Subquery:
    """Active rules, and territories with a filter, none of them archived, in one query."""
    rules = sa.select(
        sa.literal(RULE, sa.String).label("cause"),
        *(RULES.c[name] for name in NAMES),
        RULES.c.user_id,
        RULES.c.team_id,
        RULES.c.territory_id,
    ).where(RULES.c.active, RULES.c.archived_at.is_(None))
    nobody = sa.null()
    territories = sa.select(
        sa.literal(TERRITORY, sa.String),
        *(TERRITORIES.c[name] for name in NAMES),
        sa.cast(nobody, RULES.c.user_id.type),
        sa.cast(nobody, RULES.c.team_id.type),
        TERRITORIES.c.id,
    ).where(TERRITORIES.c.filter.is_not(None), TERRITORIES.c.archived_at.is_(None))
    return sa.union_all(rules, territories).subquery()


SELECTED = _selected()


def sources(
    work: Work, *, entities: Iterable[str] | None = None, ids: Iterable[UUID] | None = None
) -> list[Source]:
    """Everything that shares by a filter, or that which does so for those kinds, or has those ids.

    ``work`` is the system's. Kinds that this deployment does not have are left out.
    """
    asked = sa.select(SELECTED)
    if entities is not None:
        asked = asked.where(SELECTED.c.entity.in_(list(entities)))
    if ids is not None:
        asked = asked.where(SELECTED.c.id.in_(list(ids)))
    rows = work.connection.execute(asked.order_by(SELECTED.c.id))
    return [_source(work, row) for row in rows if row.entity in work.registry]


def _source(work: Work, row: Any) -> Source:
    """The row as a source: the same object as long as nothing about it changes."""
    if "within" in (row.filter or ""):
        return replace(_made(work, row), steady=False)
    type_ = work.type(row.entity)
    found: Source = work.records.statement((type_, "sharing", *row), lambda: _made(work, row))
    return found


def _made(work: Work, row: Any) -> Source:
    type_ = work.type(row.entity)
    named = (("user", row.user_id), ("team", row.team_id), ("territory", row.territory_id))
    principals = tuple((kind, id_) for kind, id_ in named if id_ is not None)
    known = (row.id, row.cause, row.entity, principals, RANK[row.level])
    try:
        found = parsed(row.filter)
        where = condition(work, row.entity, found)
    except TenonError as error:
        # A field that it names may have been taken away since: it shares nothing rather than everything.
        log.warning("sharing_filter_broken", cause=row.cause, name=row.name, error=str(error))
        return Source(*known, type_.table, sa.false(), moving=True)
    return Source(*known, _table(type_, found), where, _paths(found), _moving(type_, found))


def _table(type_: Any, found: Filter | None) -> sa.FromClause:
    sides = any(test.field.startswith("ext.") for test in tests(found))
    table: sa.FromClause = type_.source if sides else type_.table
    return table


def _paths(found: Filter | None) -> frozenset[str]:
    """The fields of the record by which it is found, and the references that lead on from it."""
    parts = [test.field.split(".") for test in tests(found)]
    return frozenset(".".join(names[:count]) for names in parts for count in range(1, len(names) + 1))


def _moving(type_: Any, found: Filter | None) -> bool:
    return any(test.op == "within" or test.field not in type_.fields for test in tests(found))
