"""The one read path: filter, sort, search and page, within what the actor may see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from ..errors import NotFoundError
from ..messages import _
from . import asked, branches, counting, cursor, visible
from .asked import Order
from .query import Query, Where, all_of
from .record import Record
from .registry import EntityType

if TYPE_CHECKING:
    from .work import Work


@dataclass(frozen=True)
class Page:
    """One page of records; ``next`` is the cursor of the one after it, ``total`` the number
    of records of the whole list where it was asked for."""

    data: list[Record]
    next: str | None = None
    total: int | None = None
    capped: bool = False


def require(work: Work, action: str, entity: str) -> None:
    """``ForbiddenError`` unless the actor may do ``action`` to some record of that kind."""
    if not work.elevated:
        work.access.require(work.actor, action, entity)


def get(work: Work, entity: str, id_: UUID, *, action: str = "read") -> Record:
    """The record, archived or not; ``NotFoundError`` where it is absent or hidden."""
    type_ = work.type(entity)
    require(work, action, entity)
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
    return visible.hide(work, Record(type_, dict(zip(type_.columns, row, strict=True))))


def find(work: Work, entity: str, /, **values: Any) -> Record | None:
    """The one record with those values, ``None`` where there is none; archived ones do not count."""
    parts = all_of(*(Where(path, "eq", value) for path, value in values.items()))
    found = page(work, entity, Query(filter=parts, size=2, sort=("id",))).data
    return found[0] if found else None


def page(work: Work, entity: str, query: Query, *, action: str | None = None) -> Page:
    """One page of the records that ``query`` names and the actor may see, and do ``action`` to."""
    type_ = work.type(entity)
    require(work, "read", entity)
    order = asked.sort_order(work, type_, query)
    columns = asked.chosen_columns(work, type_, query, order)
    conditions = asked.conditions(work, type_, query)
    if action is not None and (allowed := work.scope(type_, action)) is not None:
        conditions.append(allowed)
    statement = _listing(work, type_, query, columns, order, conditions)
    rows = work.unguarded.execute(statement, {"most_": query.size + 1}).all()
    paths = tuple(columns)
    data = [Record(type_, dict(zip(paths, row, strict=True))) for row in rows[: query.size]]
    work.access.watch.read(work.actor, entity, len(data), work.via)
    more = len(rows) > query.size
    following = (
        cursor.encode(cursor.list_digest(type_, query, order), order, data[-1].values) if more else None
    )
    total, capped = _total(work, type_, query, conditions, data, more) if query.total else (None, False)
    return Page([visible.hide(work, record) for record in data], following, total, capped)


def _listing(
    work: Work,
    type_: EntityType,
    query: Query,
    columns: Mapping[str, sa.ColumnElement[Any]],
    order: Order,
    conditions: list[sa.ColumnElement[bool]],
) -> sa.Select[Any]:
    """``most_`` records with those columns in that order."""
    sides = asked.reaches_side(type_, query, order)
    beyond = conditions
    if query.after is not None:
        digest = cursor.list_digest(type_, query, order)
        beyond = [*conditions, cursor.beyond(type_, order, cursor.decode(query.after, digest, order))]
    plain = _plain_listing(work, type_, columns, order, sides)
    ways = work.branches(type_, "read")
    if not ways:
        allowed = work.scope(type_, "read")
        return plain.where(*beyond, *(() if allowed is None else (allowed,)))

    def build() -> sa.Select[Any]:
        source = type_.source if sides else type_.table
        ids = branches.first_ids(type_, source, ways, beyond, order, work.dialect)
        return plain.where(type_.table.c.id.in_(ids))

    if query.filter is not None or query.search or query.after is not None:
        return build()
    made: sa.Select[Any] = work.records.statement((plain, "branches", ways, *conditions), build)
    return made


def _plain_listing(
    work: Work, type_: EntityType, columns: Mapping[str, sa.ColumnElement[Any]], order: Order, sides: bool
) -> sa.Select[Any]:
    """What lists have in common whatever they filter, built once."""

    def build() -> sa.Select[Any]:
        found = select(type_, columns).select_from(type_.source) if sides else select(type_, columns)
        return found.order_by(*cursor.order_clauses(type_, order, work.dialect)).limit(branches.MOST)

    key = (type_, "listing", sides, tuple(columns), tuple((f.path, down) for f, down in order))
    made: sa.Select[Any] = work.records.statement(key, build)
    return made


def _total(
    work: Work,
    type_: EntityType,
    query: Query,
    conditions: list[sa.ColumnElement[bool]],
    data: list[Record],
    more: bool,
) -> tuple[int, bool]:
    if query.after is None and not more:
        return len(data), False
    found = counting.counted(work, type_, query, conditions, query.total_cap)
    if query.total_cap is None:
        return found, False
    return min(found, query.total_cap), found > query.total_cap


def titles(work: Work, entity: str, ids: Iterable[UUID]) -> dict[UUID, str]:
    """What people call those records, for as many as the actor may see, in one query."""
    type_ = work.type(entity)
    wanted = list(set(ids))
    if not wanted or not (work.elevated or work.access.allows(work.actor, "read", entity)):
        return {}
    seen = visible.fields(work, type_)
    columns = {p: type_.columns[p] for p in ("id", *(p for p in type_.title if p in seen))}
    statement = select(type_, columns).where(type_.table.c.id.in_(wanted))
    allowed = work.scope(type_, "read")
    if allowed is not None:
        statement = statement.where(allowed)
    rows = work.unguarded.execute(statement)
    return {row[0]: " ".join(str(v) for v in row[1:] if v) or str(row[0])[:8] for row in rows}


def reference_titles(work: Work, type_: EntityType, records: Iterable[Record]) -> dict[UUID, str]:
    """The titles of everything those records refer to, one query per kind of record."""
    wanted: dict[str, set[UUID]] = defaultdict(set)
    seen = visible.fields(work, type_)
    links = [f for f in type_.references if f.spec.to in work.registry and f.path in seen]
    for record in records:
        for f in links:
            value = record.get(f.path)
            if value is not None and f.spec.to is not None:
                wanted[f.spec.to].add(value)
    found: dict[UUID, str] = {}
    for entity, ids in wanted.items():
        found.update(titles(work, entity, ids))
    return found


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
        newest = ("-updated_at",) if "updated_at" in visible.fields(work, type_) else ()
        data = page(work, type_.name, Query(search=text, size=size, sort=newest)).data
        if data:
            found[type_.name] = data
    return found
