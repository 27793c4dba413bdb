"""Taking one delivery, and putting it down again.

Every step is one short transaction, and every step after the lease asks that the
row still be leased by the same holder: whoever lost a lease changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ..storage import Storage
from .event import Event
from .fanout import as_event
from .models import OPEN, deliveries, events, in_state

LEASE = timedelta(seconds=60)

_earlier = deliveries.alias("earlier")
# A subquery for one value is looked up per row through the lane's index. The same said
# as NOT EXISTS, PostgreSQL may turn it into a join over the whole backlog.
_first_of_lane = (
    sa.select(sa.func.min(_earlier.c.event_seq))
    .where(
        _earlier.c.target == deliveries.c.target,
        _earlier.c.lane == deliveries.c.lane,
        in_state(_earlier.c.state, *OPEN),
    )
    .scalar_subquery()
)
_heads = (
    sa.select(deliveries.c.id)
    .where(
        in_state(deliveries.c.state, "new"),
        deliveries.c.due_at <= sa.bindparam("now"),
        deliveries.c.target.in_(sa.bindparam("targets", expanding=True)),
        deliveries.c.event_seq <= _first_of_lane,
    )
    .order_by(deliveries.c.due_at, deliveries.c.seq)
    .limit(1)
)
_unknown = (
    sa.select(deliveries.c.id)
    .where(
        in_state(deliveries.c.state, "unknown"),
        deliveries.c.leased_by.is_(None),
        deliveries.c.due_at <= sa.bindparam("now"),
        deliveries.c.target.in_(sa.bindparam("targets", expanding=True)),
    )
    .order_by(deliveries.c.due_at, deliveries.c.seq)
    .limit(1)
)


@dataclass(frozen=True)
class Lease:
    """A delivery in hand. ``attempts`` counts this one."""

    id: UUID
    target: str
    event: Event
    attempts: int
    holder: str


def lease(storage: Storage, targets: Collection[str], holder: str, now: datetime) -> Lease | None:
    """Take the first delivery that is due and not held back by an earlier one of its lane."""
    count = deliveries.c.attempts + 1
    return _lease(storage, _heads, targets, holder, now, state="leased", attempts=count)


def lease_unknown(storage: Storage, targets: Collection[str], holder: str, now: datetime) -> Lease | None:
    """Take a delivery of unknown outcome whose target can say what became of it."""
    return _lease(storage, _unknown, targets, holder, now)


def _lease(
    storage: Storage,
    candidates: sa.Select[Any],
    targets: Collection[str],
    holder: str,
    now: datetime,
    **values: Any,
) -> Lease | None:
    if not targets:
        return None
    given = {"now": now, "targets": list(targets)}
    # Looking first spares SQLite's one writer where nothing is due.
    if storage.dialect == "sqlite":
        with storage.reading() as connection:
            if connection.scalar(candidates, given) is None:
                return None
    # SQLite knows no row locks and needs none: its one writer holds the whole file.
    chosen = candidates.with_for_update(skip_locked=True, of=deliveries).scalar_subquery()
    taken = (
        sa.update(deliveries)
        .where(deliveries.c.id == chosen)
        .values(leased_by=holder, lease_until=now + LEASE, updated_at=now, **values)
        .returning(deliveries.c.id, deliveries.c.target, deliveries.c.event_id, deliveries.c.attempts)
    )
    with storage.writing() as connection:
        row = connection.execute(taken, given).first()
        return None if row is None else _in_hand(connection, row, holder)


def _in_hand(connection: Connection, row: sa.Row[Any], holder: str) -> Lease:
    event = connection.execute(sa.select(events).where(events.c.id == row.event_id)).one()
    return Lease(row.id, row.target, as_event(event), row.attempts, holder)


def mark_sent(storage: Storage, held: Lease, now: datetime) -> bool:
    """Commit that the call is about to be made; false when the lease was lost."""
    return _step(storage, held, ("leased",), state="sent", lease_until=now + LEASE, updated_at=now)


def put_down(storage: Storage, held: Lease, now: datetime, **values: Any) -> bool:
    """End the attempt with ``values``; false when the lease was lost meanwhile."""
    freed = {"leased_by": None, "lease_until": None, "updated_at": now}
    return _step(storage, held, ("leased", "sent", "unknown"), **freed, **values)


def _step(storage: Storage, held: Lease, states: tuple[str, ...], **values: Any) -> bool:
    mine = (deliveries.c.id == held.id, deliveries.c.leased_by == held.holder, deliveries.c.state.in_(states))
    with storage.writing() as connection:
        return connection.execute(sa.update(deliveries).where(*mine).values(**values)).rowcount == 1


def renew(storage: Storage, holder: str, now: datetime) -> None:
    """Keep what ``holder`` has in hand."""
    held = deliveries.c.leased_by == holder
    with storage.reading() as connection:
        if connection.scalar(sa.select(sa.exists().where(held))) is False:
            return
    with storage.writing() as connection:
        connection.execute(sa.update(deliveries).where(held).values(lease_until=now + LEASE))


def expire(storage: Storage, now: datetime) -> int:
    """Take back what a crashed worker held; return how many.

    What was only leased was not sent and is new again. What was sent may have
    arrived: it is ``unknown``.
    """
    lost = deliveries.c.lease_until <= now
    with storage.reading() as connection:
        if not connection.scalar(sa.select(sa.exists().where(lost))):
            return 0
    state = sa.case((deliveries.c.state == "leased", "new"), else_="unknown")
    values = {"state": state, "leased_by": None, "lease_until": None, "updated_at": now, "due_at": now}
    with storage.writing() as connection:
        return connection.execute(sa.update(deliveries).where(lost).values(**values)).rowcount
