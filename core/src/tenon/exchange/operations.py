"""What an operator does with deliveries: look, replay, decide, forget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Row

from ..clock import Clock
from ..errors import ConflictError, NotFoundError
from ..messages import _
from ..storage import Storage
from .event import Event
from .models import deliveries, events, jobs

REPLAYABLE = ("done", "dead", "rejected", "skipped", "unknown")


@dataclass(frozen=True)
class Delivery:
    """A delivery as it stands."""

    id: UUID
    event: Event
    target: str
    lane: str
    state: str
    attempts: int
    due_at: datetime
    last_error: str | None
    last_status: int | None
    created_at: datetime
    updated_at: datetime


_joined = sa.select(deliveries, *(column.label(f"of_event_{column.name}") for column in events.c)).join(
    events, events.c.id == deliveries.c.event_id
)


class Operations:
    """``wake`` is called when something became due."""

    def __init__(self, storage: Storage, clock: Clock, wake: Callable[[], None]) -> None:
        self._storage = storage
        self._clock = clock
        self._wake = wake

    def list(
        self,
        *,
        state: str | None = None,
        target: str | None = None,
        record_id: UUID | None = None,
        limit: int = 50,
    ) -> list[Delivery]:
        """The latest deliveries first."""
        query = _joined.order_by(deliveries.c.seq.desc()).limit(limit)
        if state is not None:
            query = query.where(deliveries.c.state == state)
        if target is not None:
            query = query.where(deliveries.c.target == target)
        if record_id is not None:
            query = query.where(events.c.record_id == record_id)
        with self._storage.reading() as connection:
            return [_delivery(row) for row in connection.execute(query)]

    def show(self, delivery_id: UUID) -> Delivery:
        """One delivery with its event, or ``NotFoundError``."""
        with self._storage.reading() as connection:
            row = connection.execute(_joined.where(deliveries.c.id == delivery_id)).first()
        if row is None:
            raise NotFoundError(_("There is no delivery %(id)s", id=delivery_id))
        return _delivery(row)

    def replay(self, delivery_id: UUID) -> Delivery:
        """Deliver again what has ended, from the first attempt on.

        ``ConflictError`` while it is still being delivered.
        """
        self._end_as(delivery_id, "new", REPLAYABLE)
        self._wake()
        return self.show(delivery_id)

    def replay_dead(self, target: str | None = None) -> int:
        """Replay every dead delivery, or those of one target; return how many."""
        dead = sa.update(deliveries).where(deliveries.c.state == "dead")
        if target is not None:
            dead = dead.where(deliveries.c.target == target)
        now = self._clock.now()
        with self._storage.writing() as connection:
            again = dead.values(state="new", attempts=0, due_at=now, updated_at=now)
            count = connection.execute(again).rowcount
        self._wake()
        return count

    def resolve(self, delivery_id: UUID, outcome: Literal["done", "resend", "skipped"]) -> Delivery:
        """Say what became of a delivery that is ``unknown`` or ``dead``; its lane goes on."""
        self._end_as(delivery_id, "new" if outcome == "resend" else outcome, ("unknown", "dead"))
        self._wake()
        return self.show(delivery_id)

    def replay_job(self, job_id: UUID) -> None:
        """Queue a dead job again. ``ConflictError`` for one that is not dead."""
        now = self._clock.now()
        dead = sa.update(jobs).where(jobs.c.id == job_id, jobs.c.state == "dead")
        again = dead.values(state="new", attempts=0, due_at=now, updated_at=now)
        with self._storage.writing() as connection:
            if connection.execute(again).rowcount == 0:
                raise ConflictError(_("There is no dead job %(id)s", id=job_id))
        self._wake()

    def _end_as(self, delivery_id: UUID, state: str, allowed: tuple[str, ...]) -> None:
        now = self._clock.now()
        ended = sa.update(deliveries).where(
            deliveries.c.id == delivery_id, deliveries.c.state.in_(allowed), deliveries.c.leased_by.is_(None)
        )
        values: dict[str, Any] = {"state": state, "updated_at": now}
        if state == "new":
            values |= {"attempts": 0, "due_at": now}
        with self._storage.writing() as connection:
            changed = connection.execute(ended.values(**values)).rowcount
        if not changed:
            found = self.show(delivery_id)
            raise ConflictError(
                _("The delivery %(id)s is %(state)s", id=delivery_id, state=found.state),
                hint=_("This is possible for one that is %(states)s.", states=", ".join(allowed)),
            )


def prune(storage: Storage, before: datetime, batch: int = 5000) -> int:
    """Delete what ended before a moment: deliveries, jobs, events nobody waits for. Return how many."""
    ended = sa.select(deliveries.c.seq).where(
        deliveries.c.state.in_(("done", "skipped", "rejected")), deliveries.c.updated_at < before
    )
    waited_for = sa.exists().where(deliveries.c.event_id == events.c.id)
    told = sa.select(events.c.seq).where(events.c.state == "fanned", events.c.at < before, ~waited_for)
    finished = sa.select(jobs.c.seq).where(jobs.c.state == "done", jobs.c.updated_at < before)
    deleted = _delete(storage, deliveries, ended, batch)
    deleted += _delete(storage, events, told, batch)
    return deleted + _delete(storage, jobs, finished, batch)


def _delete(storage: Storage, table: sa.Table, chosen: sa.Select[Any], batch: int) -> int:
    """In small transactions, so that nobody waits for a large one."""
    total = 0
    while True:
        with storage.writing() as connection:
            count = connection.execute(sa.delete(table).where(table.c.seq.in_(chosen.limit(batch)))).rowcount
        total += count
        if count < batch:
            return total


def _delivery(row: Row[Any]) -> Delivery:
    values = row._mapping
    event = Event(
        **{
            name: values[f"of_event_{name}"]
            for name in ("id", "name", "entity", "record_id", "lane", "payload", "actor_id", "via", "at")
        }
    )
    names = [name for name in Delivery.__dataclass_fields__ if name != "event"]
    return Delivery(event=event, **{name: values[name] for name in names})
