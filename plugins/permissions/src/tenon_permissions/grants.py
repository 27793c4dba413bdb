"""Grants: rows that say which record is shared with whom, how far, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from tenon.api import EntityType, Work, system

from .models import BY_HAND, HAND, RULE, Grant

TABLE: Any = Grant.__table__
KEY = ("entity", "record_id", "principal_id", "cause", "cause_id")


@dataclass(frozen=True)
class Share:
    """One record to be shared with a person, a team or a territory."""

    entity: str
    record_id: UUID
    principal_kind: str
    principal_id: UUID
    level: int
    cause: str = HAND
    cause_id: UUID = BY_HAND
    label: str | None = None
    until: datetime | None = None


def shareable(type_: EntityType) -> bool:
    """Whether grants of that kind of record count for anything.

    Not for what says who works here, not for the directory of parties, which follows the records it
    stands for, and not for what belongs to another record: that one is shared.
    """
    entity = type_.entity
    follows = entity.within is not None and entity.owner not in type_.fields
    return not (entity.administrative or type_.name == "party" or follows)


def kinds(type_: EntityType) -> tuple[str, ...]:
    """The kinds under which a record has grants: a party's row in the directory is shared with it."""
    return (type_.name, "party") if type_.entity.party else (type_.name,)


def grant(work: Work, shares: Iterable[Share], by: UUID | None) -> None:
    """Write grants; one that is there for the same cause takes the new level, label and end.

    ``work`` is the system's, ``by`` whoever shares.
    """
    rows = [_row(work, share, entity, by) for share in shares for entity in kinds(work.type(share.entity))]
    if rows:
        work.connection.execute(_upsert(work.dialect), rows)


def revoke(work: Work, *conditions: sa.ColumnElement[bool]) -> int:
    """Take grants away; how many rows went."""
    return int(work.connection.execute(sa.delete(TABLE).where(*conditions)).rowcount)


def of_records(type_: EntityType, ids: Iterable[UUID]) -> sa.ColumnElement[bool]:
    """That a grant is one of those records."""
    return sa.and_(TABLE.c.entity.in_(kinds(type_)), TABLE.c.record_id.in_(list(ids)))


def grants_of(work: Work, entity: str, record_id: UUID) -> list[Any]:
    """A record's grants that count, the oldest first. ``work`` is the system's."""
    lasting = sa.or_(TABLE.c.until.is_(None), TABLE.c.until > work.now)
    asked = sa.select(TABLE).where(
        TABLE.c.entity == entity, TABLE.c.record_id == record_id, TABLE.c.level > 0, lasting
    )
    return list(work.connection.execute(asked.order_by(TABLE.c.at, TABLE.c.principal_id)))


def forget_ended(_payload: Any, tenon: Any) -> None:
    """The job that deletes what has ended; it counted for nothing before."""
    with tenon.records.writing(system("end what was shared until now"), via="job") as work:
        revoke(work, TABLE.c.until <= work.now)


# What happens to records


def owner_changed(work: Work, type_: EntityType, given: dict[UUID, UUID | None]) -> None:
    """What was shared by hand goes with the owner: they, and not the next one, wanted it so.

    ``given`` are records by id with their old owners. An owner who put themselves into
    the record's team does not stay there either.
    """
    revoke(work, of_records(type_, given), TABLE.c.cause == HAND)
    themselves = [
        sa.and_(TABLE.c.record_id == id_, TABLE.c.principal_id == owner)
        for id_, owner in given.items()
        if owner is not None
    ]
    for start in range(0, len(themselves), 200):
        revoke(
            work,
            TABLE.c.entity.in_(kinds(type_)),
            TABLE.c.cause != RULE,
            TABLE.c.granted_by == TABLE.c.principal_id,
            sa.or_(*themselves[start : start + 200]),
        )


def removed(work: Work, type_: EntityType, ids: list[UUID]) -> None:
    """Records that are gone for good take with them what shared them and what they shared."""
    revoke(work, of_records(type_, ids))
    if type_.entity.administrative:
        revoke(work, TABLE.c.cause_id.in_(ids))
        revoke(work, TABLE.c.principal_id.in_(ids))


def merged(work: Work, type_: EntityType, winner: UUID, loser: UUID) -> None:
    """What people did to share the loser holds for the winner; rules and filters see to themselves."""
    mine = sa.and_(of_records(type_, [loser]), _by_people(), TABLE.c.level > 0)
    moved: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in work.connection.execute(sa.select(TABLE).where(mine)):
        copy = {**row._mapping, "record_id": winner, "cause_id": loser}
        key = tuple(copy[name] for name in KEY)
        moved[key] = _stronger(copy, moved[key]) if key in moved else copy
    if moved:
        work.connection.execute(_upsert(work.dialect), list(moved.values()))
        work.connection.execute(sa.update(TABLE).where(mine).values(level=-TABLE.c.level))


def unmerged(work: Work, type_: EntityType, ids: list[UUID]) -> None:
    """Records that come back from the archive get back what a merge took to another one."""
    parked = sa.and_(of_records(type_, ids), TABLE.c.level < 0)
    back = set(work.connection.execute(sa.select(TABLE.c.record_id).where(parked)).scalars())
    if back:
        revoke(work, TABLE.c.cause_id.in_(back), TABLE.c.entity.in_(kinds(type_)), TABLE.c.cause != RULE)
        work.connection.execute(sa.update(TABLE).where(parked).values(level=-TABLE.c.level))


def _by_people() -> sa.ColumnElement[bool]:
    """Grants that somebody made by hand, whether to share, to name a team or to place in a territory;
    and those that came so from another record."""
    return sa.and_(TABLE.c.cause != RULE, TABLE.c.cause_id != TABLE.c.principal_id)


def _stronger(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Of two grants to the same principal the one that gives more, and of equals the one that lasts."""

    def strength(row: dict[str, Any]) -> tuple[Any, ...]:
        return row["level"], row["until"] is None, row["until"]

    return one if strength(one) > strength(other) else other


def _row(work: Work, share: Share, entity: str, by: UUID | None) -> dict[str, Any]:
    return {**vars(share), "entity": entity, "at": work.now, "granted_by": by}


def _upsert(dialect: str) -> Any:
    insert = (sqlite if dialect == "sqlite" else postgresql).insert(TABLE)
    taken = {name: insert.excluded[name] for name in ("level", "until", "label", "granted_by", "at")}
    return insert.on_conflict_do_update(index_elements=list(KEY), set_=taken)
