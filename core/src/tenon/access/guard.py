"""What a statement of a plugin's names, at whatever depth.

Rows are filtered by :mod:`.shadow`, which replaces each table by its name. So what must not get
through is SQL that nobody can look into (:mod:`.opaque`), and tables that are not known as such.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Mapper, configure_mappers
from sqlalchemy.sql import elements, quoted_name, selectable

from ..messages import _
from ..storage.base import Base
from .opaque import NUMBER_OR_STAR, WORD, refuse, refused

MOST_SHAPES = 2000


@dataclass(frozen=True)
class Named:
    """What a statement names: tables, and columns of tables by ``(table, key)``."""

    tables: frozenset[sa.Table]
    columns: frozenset[tuple[sa.Table, str]]
    loaded: tuple[sa.Table, ...]
    """The tables, with those that SQLAlchemy may bring in by itself, in order."""
    nested: bool = False
    """Whether there is a SELECT in it, beside the statement itself."""


def named(statement: Any, beneath: sa.MetaData | None = None) -> Named:
    """The tables and columns of ``statement``, at whatever depth; ``ForbiddenError`` for raw SQL.

    ``beneath`` has the tables that :mod:`.shadow` names, in a statement that is part of another.
    """
    shape = statement._generate_cache_key()
    if shape is None:
        return _look(statement, beneath)[0]
    found = _LOOKED.get(shape.key)
    if found is None:
        found, repeated = _look(statement, beneath)
        if len(_LOOKED) > MOST_SHAPES:
            _LOOKED.clear()
        if repeated:
            _LOOKED[shape.key] = found
    return found


# By what SQLAlchemy compiles statements once for: everything about them but the values bound in.
_LOOKED: dict[Any, Named] = {}


def _look(statement: Any, beneath: sa.MetaData | None) -> tuple[Named, bool]:
    walk = _Walk(beneath)
    walk.down(statement)
    options = getattr(statement, "_with_options", ())
    for part in _parts_of_options(options):
        walk.down(part)
    tables = _with_loaded(walk.tables, bool(options))
    found = Named(frozenset(walk.tables), frozenset(walk.columns), tables, walk.nested)
    return found, walk.repeated


def _parts_of_options(options: Iterable[Any]) -> Iterator[Any]:
    """SQL that loader options carry: ``with_expression``, ``and_()`` of an eager load."""
    for option in options:
        for part in getattr(option, "context", ()):
            yield from getattr(part, "_extra_criteria", ())
            yield from (v for v in part.local_opts.values() if isinstance(v, sa.ClauseElement))
        criteria = getattr(option, "where_criteria", None)
        if isinstance(criteria, sa.ClauseElement):
            yield criteria


class _Walk:
    def __init__(self, beneath: sa.MetaData | None) -> None:
        self._beneath = beneath
        self.tables: set[sa.Table] = set()
        self.columns: set[tuple[sa.Table, str]] = set()
        self.nested = False
        self.repeated = True
        """Whether all statements of this shape are as good as this one."""
        self._seen: set[int] = set()
        self._held: list[Any] = []

    def down(self, root: Any) -> None:
        stack = [root]
        while stack:
            element = stack.pop()
            if id(element) in self._seen:
                continue
            self._seen.add(id(element))
            self._look_at_name(getattr(element, "name", None))
            # An id is that of one object for as long as the object lives.
            self._held.append(element)
            if isinstance(element, sa.BindParameter):
                continue
            if isinstance(element, elements.ColumnClause):
                self._column(element, stack)
            elif isinstance(element, selectable.TableClause):
                self._table(element)
            else:
                refuse(element, root)
                self.nested = self.nested or (
                    element is not root and isinstance(element, selectable.SelectBase)
                )
                stack.extend(element.get_children())

    def _look_at_name(self, name: Any) -> None:
        """Refuse a name that stands in the SQL as it is, since it says it needs no quotes."""
        if type(name) in (str, quoted_name) and not WORD.fullmatch(name):
            # To SQLAlchemy a name with quotes and one without are the same shape.
            self.repeated = False
            if getattr(name, "quote", None) is False:
                raise refused(_("the name %(text)s without quotes", text=repr(str(name))))

    def _column(self, column: Any, stack: list[Any]) -> None:
        table = column.table
        if table is None:
            if column.is_literal and not NUMBER_OR_STAR.fullmatch(str(column.name)):
                raise refused(_("the text %(text)s", text=repr(str(column.name))))
        elif isinstance(table, selectable.TableClause):
            self._table(table)
            self.columns.add((table, column.key))  # type: ignore[arg-type]
        else:
            stack.append(table)
            self.columns |= {(root.table, root.key) for root in column.base_columns if _of_table(root)}

    def _table(self, table: Any) -> None:
        shadowed = self._beneath is not None and getattr(table, "metadata", None) is self._beneath
        if not shadowed and table not in self.tables:
            known = Base.metadata.tables.get(getattr(table, "key", ""))
            if known is None or not known == table:
                raise refused(_("the table %(name)s is not one of a mapped class", name=repr(table.name)))
            self.tables.add(known)


def _of_table(column: Any) -> bool:
    return isinstance(column, sa.Column) and isinstance(column.table, sa.Table)


def table_of(statement: Any) -> sa.Table:
    """The table that an ``update()`` or ``delete()`` writes."""
    found = Base.metadata.tables.get(getattr(statement.table, "key", ""))
    if found is None or not found == statement.table:
        raise refused(_("a write of something other than a mapped class"))
    return found


def _with_loaded(tables: Iterable[sa.Table], opened: bool) -> tuple[sa.Table, ...]:
    """``tables``, with the other tables of their classes, of expressions that are attributes of
    these, and of what is loaded eagerly. ``opened``: options may ask for any relationship."""
    found: set[sa.Table] = set()
    waiting = list(tables)
    while waiting:
        table = waiting.pop()
        if table not in found:
            found.add(table)
            waiting += _beside(table, opened)
    return tuple(sorted(found, key=lambda t: t.name))


def _beside(table: sa.Table, opened: bool) -> Iterator[sa.Table]:
    configure_mappers()
    for mapper in Base.registry.mappers:
        if table in mapper.tables:
            yield from _of_mapper(mapper, opened)


@event.listens_for(Mapper, "after_configured")
def _forget() -> None:
    """Another class may have come with a relationship to one that is known."""
    _LOOKED.clear()


def _of_mapper(mapper: Mapper[Any], opened: bool) -> Iterator[sa.Table]:
    for member in mapper.self_and_descendants:
        yield from (t for t in member.tables if isinstance(t, sa.Table))
    for attribute in mapper.column_attrs:
        if not isinstance(attribute.expression, sa.Column):
            yield from named(attribute.expression).tables
    for relation in mapper.relationships:
        if opened or relation.lazy in ("joined", False):
            yield from (t for t in relation.mapper.tables if isinstance(t, sa.Table))
            if isinstance(relation.secondary, sa.Table):
                yield relation.secondary
