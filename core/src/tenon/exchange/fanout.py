"""From the outbox to deliveries: who has to be told of each new event."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from ..storage import Storage
from ..storage.ids import new_id
from .event import Event
from .models import deliveries, events, in_state
from .targets import Target

BATCH = 500

_NEW = sa.select(events).where(in_state(events.c.state, "new")).order_by(events.c.seq)
_ANY_NEW = sa.select(sa.exists().where(in_state(events.c.state, "new")))

Targets = Callable[[Connection], Iterable[Target]]


def fan_out(storage: Storage, targets: Targets, now: datetime, limit: int = BATCH) -> int:
    """Make the deliveries of up to ``limit`` new events, oldest first; return how many events.

    The rows are locked without skipping: a second worker waits here and then finds
    them fanned out, so a lane's deliveries appear in the order of its events.
    """
    with storage.reading() as connection:
        if not connection.scalar(_ANY_NEW):
            return 0
    with storage.writing() as connection:
        found = connection.execute(_NEW.limit(limit).with_for_update()).all()
        if not found:
            return 0
        wanted = list(_wanted(found, list(targets(connection)), now))
        if wanted:
            connection.execute(sa.insert(deliveries), wanted)
        seqs = [row.seq for row in found]
        connection.execute(sa.update(events).where(events.c.seq.in_(seqs)).values(state="fanned"))
        return len(found)


def as_event(row: Row[Any]) -> Event:
    """An outbox row as targets see it."""
    return Event(
        id=row.id,
        name=row.name,
        entity=row.entity,
        record_id=row.record_id,
        lane=row.lane,
        payload=row.payload,
        actor_id=row.actor_id,
        via=row.via,
        at=row.at,
    )


def _wanted(rows: Iterable[Row[Any]], targets: list[Target], now: datetime) -> Iterator[dict[str, Any]]:
    for row in rows:
        event = as_event(row)
        for target in targets:
            if target.wants(event):
                yield {
                    "id": new_id(),
                    "event_id": row.id,
                    "event_seq": row.seq,
                    "target": target.key,
                    "lane": row.lane,
                    "state": "new",
                    "attempts": 0,
                    "due_at": now,
                    "created_at": now,
                    "updated_at": now,
                }
