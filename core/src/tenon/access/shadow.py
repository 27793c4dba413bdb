"""Puts what somebody may see in the place of each table that a statement names.

A common table expression hides the table whose name it bears (SQL:1999, section 7.12). So one
named as the table, with the rows and fields within reach, filters the table at every place where
the statement names it: in joins, aliases, subqueries, other expressions and what SQLAlchemy adds
by itself. The table beneath is named with its schema.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import visitors


@dataclass(frozen=True, eq=False)
class Reach:
    """What somebody may see of a table. ``where`` is ``None`` for all rows; ``hidden`` are keys of
    columns that show no value."""

    where: sa.ColumnElement[bool] | None = None
    hidden: frozenset[str] = frozenset()

    @property
    def whole(self) -> bool:
        return self.where is None and not self.hidden


EVERYTHING = Reach()
NOTHING = Reach(sa.false())


class Beneath:
    """The tables of a database under their full names, made once each."""

    def __init__(self, schema: str) -> None:
        self.metadata = sa.MetaData(schema=schema)

    def table(self, table: sa.Table) -> sa.Table:
        """``table`` with its schema before its name."""
        found = self.metadata.tables.get(f"{self.metadata.schema}.{table.name}")
        if found is None:
            columns = (sa.Column(c.name, c.type, key=c.key) for c in table.columns)
            found = sa.Table(table.name, self.metadata, *columns)
        return found

    def named(self, predicate: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
        """``predicate`` with every table in it under its full name."""

        def replace(element: Any, **_options: Any) -> Any:
            if isinstance(element, sa.Table) and element.schema is None:
                return self.table(element)
            if isinstance(element, sa.Column) and isinstance(element.table, sa.Table):
                return element if element.table.schema else self.table(element.table).c[element.key]
            return None

        return visitors.replacement_traverse(predicate, {}, replace)


def shadow(table: sa.Table, reach: Reach, beneath: Beneath) -> sa.CTE:
    """``table`` as far as ``reach`` goes, under the table's own name.

    RECURSIVE lets expressions that stand before this one see it too. PostgreSQL would otherwise
    compute one that is used twice for itself, and give up the table's indexes.
    """
    whole = beneath.table(table)
    columns = [_unseen(c) if c.key in reach.hidden else c for c in whole.columns]
    found = sa.select(*columns)
    if reach.where is not None:
        found = found.where(beneath.named(reach.where))
    return found.cte(table.name, recursive=True).prefix_with("NOT MATERIALIZED")


def _unseen(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    return sa.cast(sa.null(), column.type).label(column.name)
