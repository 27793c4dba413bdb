"""How many records a query names, and what their numbers add up to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ..errors import BadRequestError
from ..messages import _
from . import asked, branches, read
from .branches import Conditions
from .query import Query
from .registry import EntityType, Field

if TYPE_CHECKING:
    from .work import Work

Columns = Sequence[sa.ColumnElement[Any]]


def count(work: Work, entity: str, query: Query) -> int:
    """How many records ``query`` names, exactly."""
    type_ = work.type(entity)
    read.require(work, "read", entity)
    return counted(work, type_, query, asked.conditions(work, type_, query))


def counted(
    work: Work, type_: EntityType, query: Query, conditions: Conditions, cap: int | None = None
) -> int:
    """How many records there are; no more than that there are more than ``cap``, where one is given."""
    source = type_.source if asked.reaches_side(type_, query) else type_.table
    parts = [_part(source, [*conditions, *allowed], cap) for allowed in _ways(work, type_)]
    whole = sa.select(sum((part.scalar_subquery() for part in parts[1:]), parts[0].scalar_subquery()))
    statement = parts[0] if len(parts) == 1 else whole
    return int(work.unguarded.execute(statement).scalar_one())


def _part(source: sa.FromClause, conditions: Conditions, cap: int | None) -> sa.Select[Any]:
    if cap is None:
        return sa.select(sa.func.count()).select_from(source).where(*conditions)
    some = sa.select(sa.literal(1)).select_from(source).where(*conditions).limit(cap + 1)
    return sa.select(sa.func.count()).select_from(some.subquery())


def _ways(work: Work, type_: EntityType) -> list[Conditions]:
    """The conditions under which records are within reach, so that each record is in one at most."""
    ways = work.branches(type_, "read")
    if ways:
        return [(condition,) for condition in branches.disjoint(ways, work.dialect)]
    allowed = work.scope(type_, "read")
    return [() if allowed is None else (allowed,)]


def sums(
    work: Work, entity: str, query: Query, *, by: Sequence[str], of: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """The number of records and the sums of the fields ``of``, grouped by the fields ``by``.

    Each row holds the values of ``by``, ``count`` and the sums. Amounts of money
    are only ever summed within one currency: it is added to ``by``.
    """
    type_ = work.type(entity)
    read.require(work, "read", entity)
    check = asked.compiler(work)
    summed = [check.field(type_, path) for path in of]
    if any(f.kind not in ("money", "number", "integer") for f in summed):
        raise BadRequestError(_("Only numbers and amounts of money can be summed"))
    currencies = [f.spec.currency for f in summed if f.kind == "money" and f.spec.currency]
    groups = {path: check.field(type_, path) for path in dict.fromkeys([*by, *currencies])}
    sides = any("ext." in p for p in (*by, *of)) or asked.reaches_side(type_, query)
    conditions = asked.conditions(work, type_, query)
    statement = _summing(work, type_, list(groups.values()), summed, sides, conditions)
    names = [*groups, "count", *of]
    whole = {f.path for f in summed if f.kind == "integer"}
    rows = (dict(zip(names, row, strict=True)) for row in work.unguarded.execute(statement))
    # PostgreSQL sums whole numbers as decimals
    return [{n: int(v) if n in whole and v is not None else v for n, v in row.items()} for row in rows]


def _summing(
    work: Work,
    type_: EntityType,
    groups: list[Field],
    summed: list[Field],
    sides: bool,
    conditions: Conditions,
) -> sa.Select[Any]:
    ways = _ways(work, type_)
    if len(ways) == 1:
        return _summing_all(work, type_, groups, summed, sides).where(*conditions, *ways[0])
    source = type_.source if sides else type_.table
    named = [f.expression(type_.table).label(f"value_{i}") for i, f in enumerate([*groups, *summed])]
    parts = [sa.select(*named, sa.literal(1).label("one")).select_from(source).where(*conditions, *allowed)
             for allowed in ways]  # fmt: skip
    rows = sa.union_all(*parts).subquery()
    columns = [rows.c[f"value_{i}"] for i in range(len(named))]
    return _grouped(columns[: len(groups)], columns[len(groups) :]).select_from(rows)


def _summing_all(
    work: Work, type_: EntityType, groups: list[Field], summed: list[Field], sides: bool
) -> sa.Select[Any]:
    """Counts and sums of everything, built once for those fields."""

    def build() -> sa.Select[Any]:
        keys = [f.expression(type_.table) for f in groups]
        values = [f.expression(type_.table) for f in summed]
        return _grouped(keys, values).select_from(type_.source if sides else type_.table)

    key = (type_, "summing", sides, tuple(f.path for f in groups), tuple(f.path for f in summed))
    made: sa.Select[Any] = work.records.statement(key, build)
    return made


def _grouped(
    keys: Sequence[sa.ColumnElement[Any]], values: Sequence[sa.ColumnElement[Any]]
) -> sa.Select[Any]:
    found = sa.select(*keys, sa.func.count(), *(sa.func.sum(value, type_=value.type) for value in values))
    return found.group_by(*keys)
