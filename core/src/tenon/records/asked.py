"""What a query asks for, held against what the actor may see: the order, the columns, the conditions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ..errors import BadRequestError, Problem
from ..messages import _
from . import visible
from .filters import FilterCompiler, like
from .query import Query
from .registry import EntityType, Field, nearest

if TYPE_CHECKING:
    from .work import Work

MOST_SORTS = 5
MOST_TERMS = 8

Order = list[tuple[Field, bool]]
"""The fields to order by, each with whether it descends."""


def sort_order(work: Work, type_: EntityType, query: Query) -> Order:
    """The fields to order by; the id comes last."""
    seen = visible.fields(work, type_)
    asked = query.sort or tuple(p for p in default_sort(type_) if p.lstrip("-") in seen)
    if len(asked) > MOST_SORTS:
        raise BadRequestError(_("Sort by %(most)s fields at most", most=MOST_SORTS))
    order: Order = []
    for name in asked:
        path, down = name.lstrip("-"), name.startswith("-")
        found = seen.get(path)
        if found is None or not found.spec.sortable or path == "custom":
            sortable = [p for p, f in seen.items() if f.spec.sortable and p != "custom"]
            raise BadRequestError(
                _("%(entity)s cannot be sorted by %(path)s", entity=type_.label, path=path),
                hint=nearest(path, sortable),
                problems=[Problem("", "unknown-field", _("There is no field %(path)s", path=path))],
            )
        if all(f.path != path for f, _d in order):
            order.append((found, down))
    if all(f.path != "id" for f, _down in order):
        order.append((type_.fields["id"], order[-1][1] if order else False))
    return order


def default_sort(type_: EntityType) -> tuple[str, ...]:
    return tuple(path for path in type_.entity.default_sort.split(",") if path)


def chosen_columns(
    work: Work, type_: EntityType, query: Query, order: Order
) -> Mapping[str, sa.ColumnElement[Any]]:
    """The columns that the asked-for fields, the order and every record need."""
    if query.fields is None and not any(f.origin == "custom" for f, _down in order):
        return type_.columns
    wanted = set(type_.columns) if query.fields is None else {"id", "version", *type_.title}
    seen = visible.fields(work, type_)
    for path in query.fields or ():
        if path not in seen:
            raise BadRequestError(
                _("%(entity)s has no field %(path)s", entity=type_.label, path=path),
                hint=nearest(path, seen),
                problems=[Problem("", "unknown-field", _("There is no field %(path)s", path=path))],
            )
        wanted.add("custom" if path.startswith("custom.") else path)
    found = {p: c for p, c in type_.columns.items() if p in wanted}
    for f, _down in order:
        found.setdefault(f.path, f.expression(type_.table))
    return found


def conditions(work: Work, type_: EntityType, query: Query) -> list[sa.ColumnElement[bool]]:
    """What a list asks of its records: filter, search, archive. What the actor may see comes on top."""
    found: list[sa.ColumnElement[bool]] = []
    if query.archived == "no":
        found.append(work.records.statement((type_, "kept"), lambda: type_.table.c.archived_at.is_(None)))
    elif query.archived == "only":
        found.append(type_.table.c.archived_at.is_not(None))
    if query.filter is not None:
        found.append(compiler(work).compile(type_, query.filter))
    if query.search:
        found.append(search_condition(work, type_, query.search))
    return found


def compiler(work: Work) -> FilterCompiler:
    return FilterCompiler(
        work.registry,
        work.dialect,
        lambda type_: work.scope(type_, "read"),
        lambda type_: visible.fields(work, type_),
        now=work.now,
        me=work.actor.id,
        zone=work.actor.timezone or work.records.timezone,
    )


def search_condition(work: Work, type_: EntityType, text: str) -> sa.ColumnElement[bool]:
    """Every word of ``text`` stands in some search field."""
    terms = text.replace("\x00", " ").split()[:MOST_TERMS]
    seen = visible.fields(work, type_)
    columns = [seen[p].expression(type_.table) for p in type_.searched if p in seen]
    return sa.and_(sa.true(), *(sa.or_(sa.false(), *(_holds(work, c, t) for c in columns)) for t in terms))


def _holds(work: Work, column: sa.ColumnElement[Any], term: str) -> sa.ColumnElement[bool]:
    text = term.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return like(column, f"%{text}%", work.dialect)


def reaches_side(type_: EntityType, query: Query, order: Iterable[tuple[Field, bool]] = ()) -> bool:
    """Whether a filter, search or sort needs the side tables of extensions."""
    if not type_.extensions:
        return False
    return "ext." in repr(query.filter) or any("ext." in f.path for f, _down in order) or bool(query.search)
