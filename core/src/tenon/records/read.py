"""The one read path: filter, sort, search and page, within what the actor may see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from ..errors import BadRequestError, NotFoundError, Problem
from ..messages import _
from . import cursor
from .filters import FilterCompiler, like
from .query import Query, Where, all_of
from .record import Record
from .registry import EntityType, Field, nearest

if TYPE_CHECKING:
    from .work import Work

MOST_SORTS = 5
MOST_TERMS = 8


@dataclass(frozen=True)
class Page:
    """One page of records; ``next`` is the cursor of the one after it, ``total`` the number
    of records of the whole list where it was asked for."""

    data: list[Record]
    next: str | None = None
    total: int | None = None
    capped: bool = False


def get(work: Work, entity: str, id_: UUID, *, action: str = "read") -> Record:
    """The record, archived or not; ``NotFoundError`` where it is absent or hidden."""
    type_ = work.type(entity)
    work.access.require(work.actor, action, entity)
    row = work.unguarded.execute(by_id(work, type_, action), {"id_": id_}).first()
    if row is None:
        work.access.watch.unseen(work.actor, action, entity, id_, work.via)
        raise NotFoundError(_("There is no %(entity)s %(id)s", entity=type_.label, id=id_))
    work.access.watch.read(work.actor, entity, 1, work.via)
    return as_record(work, type_, row)


def by_id(work: Work, type_: EntityType, *actions: str, lock: bool = False) -> sa.Select[Any]:
    """The whole record by id, if the actor may do all of ``actions`` to it.

    A statement that is built once for as long as the policy answers with the same predicates.
    """
    scopes = [work.scope(type_, action) for action in actions]
    allowed = tuple(dict.fromkeys(scope for scope in scopes if scope is not None))

    def build() -> sa.Select[Any]:
        found = select(type_, type_.columns).where(type_.table.c.id == sa.bindparam("id_"), *allowed)
        return found.with_for_update(key_share=True, of=type_.table) if lock else found

    made: sa.Select[Any] = work.records.statement((type_, "by_id", lock, *allowed), build)
    return made


def select(type_: EntityType, columns: Mapping[str, sa.ColumnElement[Any]]) -> sa.Select[Any]:
    whole = len(columns) == len(type_.columns)
    needed = whole or any(path.startswith("ext.") for path in columns)
    found = sa.select(*(c.label(None) if "." in p else c for p, c in columns.items()))
    return found.select_from(type_.source if needed else type_.table)


def as_record(work: Work, type_: EntityType, row: Sequence[Any]) -> Record:
    return hide(work, Record(type_, dict(zip(type_.columns, row, strict=True))))


def hide(work: Work, record: Record) -> Record:
    """``record`` without the fields that the actor may not see."""
    seen = work.fields(record.entity, "read")
    if seen.paths is not None:
        record.values = {
            p: v for p, v in record.values.items() if p in seen or p in ("id", "version", "custom")
        }
        record.hide_custom(seen.paths)
    return record


def find(work: Work, entity: str, /, **values: Any) -> Record | None:
    """The one record with those values, ``None`` where there is none; archived ones do not count."""
    parts = all_of(*(Where(path, "eq", value) for path, value in values.items()))
    found = page(work, entity, Query(filter=parts, size=2, sort=("id",))).data
    return found[0] if found else None


def page(work: Work, entity: str, query: Query) -> Page:
    """One page of the records that ``query`` names and the actor may see."""
    type_ = work.type(entity)
    work.access.require(work.actor, "read", entity)
    order = sort_order(work, type_, query)
    columns = chosen_columns(work, type_, query, order)
    conditions = where(work, type_, query)
    statement = _listing(work, type_, columns, order, _reaches_side(type_, query, order)).where(*conditions)
    if query.after is not None:
        digest = cursor.list_digest(type_, query, order)
        statement = statement.where(cursor.beyond(type_, order, cursor.decode(query.after, digest, order)))
    rows = work.unguarded.execute(statement, {"most_": query.size + 1}).all()
    paths = tuple(columns)
    data = [Record(type_, dict(zip(paths, row, strict=True))) for row in rows[: query.size]]
    work.access.watch.read(work.actor, entity, len(data), work.via)
    more = len(rows) > query.size
    following = (
        cursor.encode(cursor.list_digest(type_, query, order), order, data[-1].values) if more else None
    )
    total, capped = _total(work, type_, query, conditions, data, more) if query.total else (None, False)
    return Page([hide(work, record) for record in data], following, total, capped)


def _listing(
    work: Work,
    type_: EntityType,
    columns: Mapping[str, sa.ColumnElement[Any]],
    order: list[tuple[Field, bool]],
    sides: bool,
) -> sa.Select[Any]:
    """``most_`` records with those columns in that order: what lists have in common whatever they
    filter, built once."""

    def build() -> sa.Select[Any]:
        found = select(type_, columns).select_from(type_.source) if sides else select(type_, columns)
        ordered = found.order_by(*cursor.order_clauses(type_, order, work.dialect))
        return ordered.limit(sa.bindparam("most_", type_=sa.Integer))

    key = (type_, "listing", sides, tuple(columns), tuple((f.path, down) for f, down in order))
    made: sa.Select[Any] = work.records.statement(key, build)
    return made


def _total(
    work: Work, type_: EntityType, query: Query, conditions: list[Any], data: list[Record], more: bool
) -> tuple[int, bool]:
    if query.after is None and not more:
        return len(data), False
    source = _source(type_, query)
    if query.total_cap is None:
        return _counted(work, type_, source, conditions), False
    inner = sa.select(sa.literal(1)).select_from(source).where(*conditions).limit(query.total_cap + 1)
    found = int(work.unguarded.execute(sa.select(sa.func.count()).select_from(inner.subquery())).scalar_one())
    return min(found, query.total_cap), found > query.total_cap


def _counted(work: Work, type_: EntityType, source: sa.FromClause, conditions: list[Any]) -> int:
    counting: sa.Select[Any] = work.records.statement(
        (type_, "counting", source), lambda: sa.select(sa.func.count()).select_from(source)
    )
    return int(work.unguarded.execute(counting.where(*conditions)).scalar_one())


def _source(type_: EntityType, query: Query) -> sa.FromClause:
    return type_.source if _reaches_side(type_, query, []) else type_.table


def _reaches_side(type_: EntityType, query: Query, order: Iterable[tuple[Field, bool]]) -> bool:
    """Whether a filter, search or sort needs the side tables of extensions."""
    if not type_.extensions:
        return False
    return "ext." in repr(query.filter) or any("ext." in f.path for f, _down in order) or bool(query.search)


def where(work: Work, type_: EntityType, query: Query) -> list[sa.ColumnElement[bool]]:
    """Every condition of a list: filter, search, archive and what the actor may see."""
    found: list[sa.ColumnElement[bool]] = []
    if query.archived == "no":
        found.append(work.records.statement((type_, "kept"), lambda: type_.table.c.archived_at.is_(None)))
    elif query.archived == "only":
        found.append(type_.table.c.archived_at.is_not(None))
    if query.filter is not None:
        found.append(compiler(work).compile(type_, query.filter))
    if query.search:
        found.append(search_condition(work, type_, query.search))
    allowed = work.scope(type_, "read")
    return found if allowed is None else [*found, allowed]


def compiler(work: Work) -> FilterCompiler:
    return FilterCompiler(
        work.registry,
        work.dialect,
        lambda type_: work.scope(type_, "read"),
        lambda type_, path: path in work.fields(type_, "read"),
        now=work.now,
        me=work.actor.id,
        zone=work.actor.timezone or work.records.timezone,
    )


def search_condition(work: Work, type_: EntityType, text: str) -> sa.ColumnElement[bool]:
    """Every word of ``text`` stands in some search field."""
    terms = text.replace("\x00", " ").split()[:MOST_TERMS]
    visible = [p for p in type_.searched if p in work.fields(type_, "read") and p in type_.fields]
    columns = [type_.fields[p].expression(type_.table) for p in visible]
    return sa.and_(sa.true(), *(sa.or_(sa.false(), *(_holds(work, c, t) for c in columns)) for t in terms))


def _holds(work: Work, column: sa.ColumnElement[Any], term: str) -> sa.ColumnElement[bool]:
    text = term.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return like(column, f"%{text}%", work.dialect)


def sort_order(work: Work, type_: EntityType, query: Query) -> list[tuple[Field, bool]]:
    """The fields to order by, each with whether it descends; the id comes last."""
    asked = query.sort or tuple(p for p in type_.entity.default_sort.split(",") if p)
    if len(asked) > MOST_SORTS:
        raise BadRequestError(_("Sort by %(most)s fields at most", most=MOST_SORTS))
    order: list[tuple[Field, bool]] = []
    for name in asked:
        path, down = name.lstrip("-"), name.startswith("-")
        found = type_.fields.get(path)
        if (
            found is None
            or not found.spec.sortable
            or path == "custom"
            or path not in work.fields(type_, "read")
        ):
            seen = work.fields(type_, "read")
            sortable = [p for p, f in type_.fields.items() if f.spec.sortable and p != "custom" and p in seen]
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


def chosen_columns(
    work: Work, type_: EntityType, query: Query, order: list[tuple[Field, bool]]
) -> Mapping[str, sa.ColumnElement[Any]]:
    """The columns that the asked-for fields, the order and every record need."""
    if query.fields is None and not any(f.origin == "custom" for f, _down in order):
        return type_.columns
    wanted = set(type_.columns) if query.fields is None else {"id", "version", *type_.title}
    for path in query.fields or ():
        if path not in type_.fields or path not in work.fields(type_, "read"):
            raise BadRequestError(
                _("%(entity)s has no field %(path)s", entity=type_.label, path=path),
                hint=nearest(path, [p for p in type_.fields if p in work.fields(type_, "read")]),
                problems=[Problem("", "unknown-field", _("There is no field %(path)s", path=path))],
            )
        wanted.add("custom" if path.startswith("custom.") else path)
    found = {p: c for p, c in type_.columns.items() if p in wanted}
    for f, _down in order:
        found.setdefault(f.path, f.expression(type_.table))
    return found


def titles(work: Work, entity: str, ids: Iterable[UUID]) -> dict[UUID, str]:
    """What people call those records, for as many as the actor may see, in one query."""
    type_ = work.type(entity)
    wanted = list(set(ids))
    if not wanted or not work.access.allows(work.actor, "read", entity):
        return {}
    columns = {p: type_.columns[p] for p in ("id", *type_.title)}
    statement = select(type_, columns).where(type_.table.c.id.in_(wanted))
    allowed = work.scope(type_, "read")
    if allowed is not None:
        statement = statement.where(allowed)
    rows = work.unguarded.execute(statement)
    return {row[0]: " ".join(str(v) for v in row[1:] if v) or str(row[0])[:8] for row in rows}


def reference_titles(work: Work, type_: EntityType, records: Iterable[Record]) -> dict[UUID, str]:
    """The titles of everything those records refer to, one query per kind of record."""
    wanted: dict[str, set[UUID]] = defaultdict(set)
    links = [f for f in type_.references if f.spec.to in work.registry]
    for record in records:
        for f in links:
            value = record.get(f.path)
            if value is not None and f.spec.to is not None:
                wanted[f.spec.to].add(value)
    found: dict[UUID, str] = {}
    for entity, ids in wanted.items():
        found.update(titles(work, entity, ids))
    return found


def count(work: Work, entity: str, query: Query) -> int:
    """How many records ``query`` names, exactly."""
    type_ = work.type(entity)
    work.access.require(work.actor, "read", entity)
    return _counted(work, type_, _source(type_, query), where(work, type_, query))


def sums(
    work: Work, entity: str, query: Query, *, by: Sequence[str], of: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """The number of records and the sums of the fields ``of``, grouped by the fields ``by``.

    Each row holds the values of ``by``, ``count`` and the sums. Amounts of money
    are only ever summed within one currency: it is added to ``by``.
    """
    type_ = work.type(entity)
    work.access.require(work.actor, "read", entity)
    check = compiler(work)
    summed = [check.field(type_, path) for path in of]
    if any(f.kind not in ("money", "number", "integer") for f in summed):
        raise BadRequestError(_("Only numbers and amounts of money can be summed"))
    currencies = [f.spec.currency for f in summed if f.kind == "money" and f.spec.currency]
    groups = {path: check.field(type_, path) for path in dict.fromkeys([*by, *currencies])}
    sides = any("ext." in p for p in (*by, *of)) or _reaches_side(type_, query, [])
    statement = _summing(work, type_, list(groups.values()), summed, sides).where(*where(work, type_, query))
    names = [*groups, "count", *of]
    whole = {f.path for f in summed if f.kind == "integer"}
    rows = (dict(zip(names, row, strict=True)) for row in work.unguarded.execute(statement))
    # PostgreSQL sums whole numbers as decimals
    return [{n: int(v) if n in whole and v is not None else v for n, v in row.items()} for row in rows]


def _summing(
    work: Work, type_: EntityType, groups: list[Field], summed: list[Field], sides: bool
) -> sa.Select[Any]:
    """Counts and sums of everything, built once for those fields."""

    def build() -> sa.Select[Any]:
        keys = [f.expression(type_.table) for f in groups]
        values = [f.expression(type_.table) for f in summed]
        found = sa.select(*keys, sa.func.count(), *(sa.func.sum(value, type_=value.type) for value in values))
        return found.select_from(type_.source if sides else type_.table).group_by(*keys)

    key = (type_, "summing", sides, tuple(f.path for f in groups), tuple(f.path for f in summed))
    made: sa.Select[Any] = work.records.statement(key, build)
    return made


def search(
    work: Work, text: str, *, size: int = 5, entities: Iterable[str] | None = None
) -> dict[str, list[Record]]:
    """Records of every kind in whose search fields ``text`` stands, ``size`` of each at most."""
    found: dict[str, list[Record]] = {}
    for type_ in work.registry:
        if not type_.entity.menu or (entities is not None and type_.name not in entities):
            continue
        if not text.strip() or not work.access.allows(work.actor, "read", type_.name):
            continue
        data = page(work, type_.name, Query(search=text, size=size, sort=("-updated_at",))).data
        if data:
            found[type_.name] = data
    return found
