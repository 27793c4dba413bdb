"""What stands in the access log, read for the page and the command."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ..storage.engine import Storage
from .models import AccessEntry

TABLE: sa.Table = AccessEntry.__table__  # type: ignore[assignment]
PAGE = 1_000


@dataclass(frozen=True)
class Entry:
    """One line of the log; ``count`` is how often it happened, or rows of an export."""

    id: UUID
    at: datetime
    kind: str
    actor_id: UUID | None
    actor_name: str
    key_id: UUID | None
    via: str
    entity: str | None
    record_id: UUID | None
    action: str | None
    reason: str | None
    detail: dict[str, Any] | None
    address: str | None
    count: int


@dataclass(frozen=True)
class Wanted:
    """Which entries; what is ``None`` restricts nothing. ``until`` is the first moment after them.

    ``actor`` is a user, or ``system`` for everything that no user did.
    """

    kind: str | None = None
    actor: UUID | str | None = None
    entity: str | None = None
    record: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: tuple[datetime, UUID] | None = None


def entries(storage: Storage, wanted: Wanted, size: int) -> list[Entry]:
    """The newest ``size`` of them; ``after`` is the time and id of the last one of the page before."""
    with storage.reading() as connection:
        return _page(connection, wanted, size)


def all_entries(storage: Storage, wanted: Wanted) -> Iterator[Entry]:
    """All of them as they are at one moment, the newest first, with one page in memory at a time."""
    with storage.snapshot() as connection:
        while True:
            found = _page(connection, wanted, PAGE)
            yield from found
            if len(found) < PAGE:
                return
            wanted = replace(wanted, after=(found[-1].at, found[-1].id))


def _page(connection: Connection, wanted: Wanted, size: int) -> list[Entry]:
    newest = sa.select(TABLE).where(*_conditions(wanted)).order_by(TABLE.c.at.desc(), TABLE.c.id.desc())
    return [Entry(**row._mapping) for row in connection.execute(newest.limit(size))]


def _conditions(wanted: Wanted) -> Iterator[sa.ColumnElement[bool]]:
    for column, value in (
        (TABLE.c.kind, wanted.kind),
        (TABLE.c.entity, wanted.entity),
        (TABLE.c.record_id, wanted.record),
    ):
        if value is not None:
            yield column == value
    if isinstance(wanted.actor, UUID):
        yield TABLE.c.actor_id == wanted.actor
    elif wanted.actor is not None:
        yield TABLE.c.actor_id.is_(None)
    if wanted.since is not None:
        yield TABLE.c.at >= wanted.since
    if wanted.until is not None:
        yield TABLE.c.at < wanted.until
    if wanted.after is not None:
        at, id_ = wanted.after
        yield sa.or_(TABLE.c.at < at, sa.and_(TABLE.c.at == at, TABLE.c.id < id_))
