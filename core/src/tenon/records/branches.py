"""Lists and counts over the branches of a scope, where it is more than one condition.

A database that is asked for "mine or shared with me" in one condition reads the whole table.
Asked for the first rows of each branch by itself it reads those, by an index, and the first of
them all are among them. To be counted, the branches are made disjoint.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from ..access.policy import Branch
from . import cursor
from .asked import Order
from .registry import EntityType

Conditions = Sequence[sa.ColumnElement[bool]]

MOST: sa.BindParameter[int] = sa.bindparam("most_", type_=sa.Integer)
"""How many rows a list takes."""


def first_ids(
    type_: EntityType,
    source: sa.FromClause,
    branches: Sequence[Branch],
    conditions: Conditions,
    order: Order,
    dialect: str,
) -> sa.CompoundSelect[Any]:
    """Ids among which are the first ``most_`` rows of all branches in that order."""
    tops = [_top(type_, source, branch, conditions, order, dialect) for branch in branches]
    return sa.union_all(*(sa.select(top.c.id) for top in tops))


def _top(
    type_: EntityType,
    source: sa.FromClause,
    branch: Branch,
    conditions: Conditions,
    order: Order,
    dialect: str,
) -> sa.Subquery:
    """The first rows of one branch: their ids."""
    owner = type_.table.c.get(type_.owner or "")
    if dialect == "postgresql" and branch.owners is not None and owner is not None:
        people = branch.owners.subquery()
        asked = [branch.where if branch.beside is None else branch.beside, *conditions]
        return _top_by_owner(type_, source, people, owner, asked, order, dialect)
    sorting = cursor.order_clauses(type_, order, dialect)
    found = sa.select(type_.table.c.id).select_from(source).where(branch.where, *conditions)
    return found.order_by(*sorting).limit(MOST).subquery()


def _top_by_owner(
    type_: EntityType,
    source: sa.FromClause,
    people: sa.Subquery,
    owner: sa.ColumnElement[Any],
    conditions: Conditions,
    order: Order,
    dialect: str,
) -> sa.Subquery:
    """The same, each owner's first rows in turn, by an index that begins with the owner."""
    keys = [f.expression(type_.table).label(f"key_{i}") for i, (f, _down) in enumerate(order)]
    theirs = sa.select(type_.table.c.id.label("id_"), *keys).select_from(source)
    theirs = theirs.where(owner == people.c[0], *conditions)
    each = theirs.order_by(*cursor.order_clauses(type_, order, dialect)).limit(MOST).lateral()
    sorting = cursor.ordered([each.c[f"key_{i}"] for i in range(len(order))], order, dialect)
    found = sa.select(each.c.id_.label("id")).select_from(people.join(each, sa.true()))
    return found.order_by(*sorting).limit(MOST).subquery()


def disjoint(branches: Sequence[Branch], dialect: str) -> Iterator[sa.ColumnElement[bool]]:
    """The branches' conditions, each without the rows of those before it."""
    before: list[sa.ColumnElement[bool]] = []
    for branch in branches:
        yield sa.and_(branch.where, *before)
        before.append(_not(branch.where, dialect))


def _not(condition: sa.ColumnElement[bool], dialect: str) -> sa.ColumnElement[bool]:
    """True where ``condition`` is false or unknown."""
    known = sa.func.coalesce(condition, sa.false())
    return sa.not_(known) if dialect == "sqlite" else known.is_(sa.false())
