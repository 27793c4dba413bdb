"""What is shared by a filter: sharing rules and territories, kept as grants.

The grants of a rule are brought in line by the transaction that writes a record (for that
record) or the rule (for all). What a filter finds can also change without either: with the date, or
with another record that it looks at. For those rules a job looks again each hour.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from tenon.api import Change, Entity, EntityType, Id, UtcDateTime, Work, _, system

from .filters import refuse_filter, refuse_kind
from .grants import KEY, TABLE, kinds, revoke
from .models import RULE, TERRITORY, SharingRule
from .sources import Source, sources

FOLLOWING = "grants follow sharing rules and territories"
COLUMNS = (*KEY, "principal_kind", "level", "at")
MOST_BOUND = 10_000
MOST_IDS = 500
MOST_SOURCES = 30
IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
NOW = sa.bindparam("now", type_=UtcDateTime)


def refresh(work: Work, type_: EntityType, found: Sequence[Source], ids: Sequence[UUID] = ()) -> None:
    """Bring the grants of some sources of one kind in line, for those records or, without ``ids``, for all.

    ``work`` is the system's. Two statements, whatever the number of records: what is no longer due
    goes, what is missing comes.
    """
    if not ids:
        _hold_still(work, type_)
    for some, part in _chunks(type_, found, ids):
        given = {"ids": list(part), "now": work.now} if part else {"now": work.now}
        gone, come = _statements(work, type_, tuple(some), bool(part))
        work.connection.execute(gone, {"ids": given["ids"]} if part else {})
        if come is not None:
            work.connection.execute(come, given)


def _statements(work: Work, type_: EntityType, some: tuple[Source, ...], few: bool) -> tuple[Any, Any]:
    """The DELETE and the INSERT for some sources; built once for as long as these are what they are."""

    def build() -> tuple[Any, Any]:
        # Both, since the primary key begins with the kind.
        of_these = sa.and_(TABLE.c.entity.in_(kinds(type_)), TABLE.c.record_id.in_(IDS))
        these = of_these if few else sa.true()
        gone = sa.delete(TABLE).where(these, sa.or_(*(stale(type_, source) for source in some)))
        due = [row for source in some for row in _due(type_, source, few)]
        return gone, _insert(work.dialect, due) if due else None

    if not all(source.steady for source in some):
        return build()
    found: tuple[Any, Any] = work.records.statement((type_, "sharing", few, some), build)
    return found


def _chunks(
    type_: EntityType, found: Sequence[Source], ids: Sequence[UUID]
) -> Iterator[tuple[Sequence[Source], Sequence[UUID]]]:
    """Sources and ids, few enough for one statement: each id is bound once for every part of it."""
    if not ids:
        yield from (([source], ()) for source in found)
    for start in range(0, len(found), MOST_SOURCES):
        some = found[start : start + MOST_SOURCES]
        parts = sum(len(kinds(type_)) * len(source.principals) for source in some)
        size = min(MOST_IDS, MOST_BOUND // (parts + 1))
        for first in range(0, len(ids), size):
            yield some, ids[first : first + size]


def stale(type_: EntityType, source: Source) -> sa.ColumnElement[bool]:
    """Grants of a source that are no longer due."""
    found = (
        sa.select(sa.literal(1))
        .select_from(source.table)
        .where(type_.table.c.id == TABLE.c.record_id, source.where)
    )
    return sa.and_(
        TABLE.c.cause_id == source.id,
        TABLE.c.cause == source.cause,
        sa.or_(
            TABLE.c.entity.not_in(kinds(type_)),
            TABLE.c.principal_id.not_in([id_ for _kind, id_ in source.principals]),
            TABLE.c.level != source.level,
            ~sa.exists(found.correlate(TABLE)),
        ),
    )


def _due(type_: EntityType, source: Source, few: bool) -> Iterator[sa.Select[Any]]:
    """The grants that a source is due to make: for each kind and principal, a SELECT."""
    # SQLite takes ON CONFLICT for part of a SELECT that has no WHERE.
    these = type_.table.c.id.in_(IDS) if few else type_.table.c.id.is_not(None)
    for entity in kinds(type_):
        for kind, principal in source.principals:
            yield (
                sa.select(
                    sa.literal(entity, sa.String),
                    type_.table.c.id,
                    sa.literal(principal, Id),
                    sa.literal(source.cause, sa.String),
                    sa.literal(source.id, Id),
                    sa.literal(kind, sa.String),
                    sa.literal(source.level, sa.SmallInteger),
                    NOW,
                )
                .select_from(source.table)
                .where(source.where, these)
            )


def _insert(dialect: str, due: Sequence[sa.Select[Any]]) -> Any:
    insert = (sqlite if dialect == "sqlite" else postgresql).insert(TABLE)
    rows = due[0] if len(due) == 1 else sa.union_all(*due)
    return insert.from_select(COLUMNS, rows).on_conflict_do_nothing(index_elements=list(KEY))


def _hold_still(work: Work, type_: EntityType) -> None:
    """Let nobody write records of the kind until this transaction ends.

    Whoever writes one meanwhile could neither see the rule nor be seen by its statement. Every
    write locks the table against this already, so that it costs them nothing. SQLite lets one
    transaction write at a time anyway.
    """
    if work.dialect == "postgresql":
        name = work.connection.dialect.identifier_preparer.format_table(type_.table)
        work.connection.execute(sa.text(f"LOCK TABLE {name} IN SHARE MODE"))


# Following


def follow_records(keeper: Work, changes: Sequence[Change]) -> None:
    """Records were written: their grants by rules and territories follow, kind by kind."""
    by_kind: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        if change.action != "remove" and not change.entity.entity.administrative:
            by_kind[change.entity.name].append(change)
    found = sources(keeper, entities=by_kind) if by_kind else []
    for entity, some in by_kind.items():
        mine = [source for source in found if source.entity == entity]
        ids = [_id(change) for change in some if any(source.concerned(change) for source in mine)]
        if ids:
            refresh(keeper, keeper.type(entity), mine, list(dict.fromkeys(ids)))


def follow_sources(keeper: Work, changes: Sequence[Change]) -> None:
    """Rules or territories were written: what they share follows, for every record."""
    ids = [_id(change) for change in changes if change.action != "remove"]
    found = {source.id: source for source in sources(keeper, ids=ids)} if ids else {}
    for id_ in dict.fromkeys(ids):
        source = found.get(id_)
        if source is None or source.entity not in keeper.registry:
            revoke(keeper, TABLE.c.cause_id == id_, TABLE.c.cause.in_((RULE, TERRITORY)))
        else:
            refresh(keeper, keeper.type(source.entity), [source])


def look_again(_payload: Any, tenon: Any) -> None:
    """The job for filters whose answer changes by itself; it writes only where something did."""
    with tenon.records.reading(system(FOLLOWING), via="job") as work:
        late = [source.id for source in sources(work) if source.moving and _differs(work, source)]
    for id_ in late:
        with tenon.records.writing(system(FOLLOWING), via="job") as work:
            for source in sources(work, ids=[id_]):
                if source.entity in work.registry:
                    refresh(work, work.type(source.entity), [source])


def _differs(work: Work, source: Source) -> bool:
    """Whether some grant of the source is missing or no longer due.

    By EXCEPT, whose plan is good whatever the database knows of tables that just grew. With whom and
    how far it shares changes with the source alone, and was followed then.
    """
    due = sa.select(work.type(source.entity).table.c.id).select_from(source.table).where(source.where)
    for _kind, principal in source.principals:
        made = sa.select(TABLE.c.record_id).where(
            TABLE.c.entity == source.entity,
            TABLE.c.principal_id == principal,
            TABLE.c.cause == source.cause,
            TABLE.c.cause_id == source.id,
        )
        for one, other in ((due, made), (made, due)):
            if work.connection.execute(sa.except_(one, other).limit(1)).first():
                return True
    return False


def _id(change: Change) -> UUID:
    found: UUID = change.before.id if change.before is not None else change.values["id"]
    return found


# The kind of record


def validate_rule(work: Work, change: Change) -> None:
    """Refuse a rule that names no kind of record, no principal, or a filter that does not fit."""
    if change.changed("entity"):
        refuse_kind(work, change)
    if change.changed("filter") or change.changed("entity"):
        refuse_filter(work, change)
    named = ("user_id", "team_id", "territory_id")
    if all(change.value(path) is None for path in named) and change.action in ("create", "update"):
        change.refuse("/team_id", "required", _("Name a person, a team or a territory to share with"))


SHARING_RULE = Entity(
    name="sharing_rule",
    model=SharingRule,
    label=_("Sharing rule"),
    label_plural=_("Sharing rules"),
    plural="sharing-rules",
    natural_key=("name",),
    list_columns=("name", "entity", "user_id", "team_id", "territory_id", "level", "active"),
    search=("name",),
    default_sort="name",
    validate=validate_rule,
    icon="users-group",
    menu=False,
    administrative=True,
    description=_("Records of a kind that match a filter are shared with a person, a team, a territory."),
)
