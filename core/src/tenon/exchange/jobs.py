"""Jobs: work for later, and work by the clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from ..clock import Clock
from ..errors import NotFoundError
from ..messages import _
from ..nearest import did_you_mean
from ..plugin.contributions import Job
from ..storage import Storage
from ..storage.ids import new_id
from .backoff import LOCAL
from .brief import brief
from .insert import insert_or_ignore
from .leases import LEASE
from .models import in_state, jobs, timers
from .payload import json_safe

log = structlog.get_logger("tenon.exchange")

_due = (
    sa.select(jobs.c.id)
    .where(
        in_state(jobs.c.state, "new"),
        jobs.c.due_at <= sa.bindparam("now"),
        jobs.c.key.in_(sa.bindparam("keys", expanding=True)),
    )
    .order_by(jobs.c.due_at, jobs.c.seq)
    .limit(1)
)


@dataclass(frozen=True)
class Running:
    """A job in hand."""

    id: UUID
    key: str
    payload: dict[str, Any]
    attempts: int
    holder: str


class Jobs:
    """The queue and the timers. Keys are ``<plugin>.<key>``; ``tenon`` is handed to each job."""

    def __init__(
        self, storage: Storage, clock: Clock, rng: Random, known: Mapping[str, Job], tenon: Callable[[], Any]
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._rng = rng
        self._known = known
        self._tenon = tenon
        self._timers = {key: job.every for key, job in known.items() if job.every is not None}
        self._timers_kept = False

    def enqueue(
        self,
        connection: Connection,
        key: str,
        payload: Mapping[str, Any],
        *,
        now: datetime,
        due_at: datetime | None = None,
        unique: str | None = None,
    ) -> UUID | None:
        """Queue a job in the transaction of ``connection``.

        Returns its id, or ``None`` when a job with the same ``unique`` already waits.
        ``NotFoundError`` when no plugin contributes ``key``.
        """
        name = self.resolve(key)
        row = _row(name, payload, now, due_at or now)
        if unique is not None:
            row["unique_key"] = f"{name}:{unique}"
        added = insert_or_ignore(connection, jobs, row)
        return row["id"] if added else None

    def resolve(self, key: str) -> str:
        """The full key of a job: as given, or the only one that ends in ``.<key>``."""
        if key in self._known:
            return key
        found = [name for name in self._known if name.endswith(f".{key}")]
        if len(found) == 1:
            return found[0]
        message = _("Several plugins have a job %(key)s") if found else _("There is no job %(key)s")
        raise NotFoundError(
            _(message.msgid, key=key) + did_you_mean(key, self._known),
            hint=_("Write <plugin>.<key>; `tenon plugins show` lists the jobs of a plugin."),
        )

    def tick(self) -> int:
        """Enqueue what the clock says is due; return how many. Missed periods become one."""
        if not self._timers:
            return 0
        self._keep_timers()
        now = self._clock.now()
        late = sa.select(timers.c.key, timers.c.due_at).where(
            timers.c.due_at <= now, timers.c.key.in_(list(self._timers))
        )
        with self._storage.reading() as connection:
            due = connection.execute(late).all()
        return sum(self._tick_one(row.key, row.due_at, now) for row in due)

    def _tick_one(self, key: str, due_at: datetime, now: datetime) -> bool:
        every = self._timers[key]
        mine = sa.update(timers).where(timers.c.key == key, timers.c.due_at == due_at)
        running = sa.select(
            sa.exists().where(jobs.c.key == key, jobs.c.timer, jobs.c.state.in_(("new", "leased")))
        )
        with self._storage.writing() as connection:
            if connection.execute(mine.values(due_at=_next(due_at, every, now))).rowcount == 0:
                return False
            if connection.scalar(running):
                return False
            connection.execute(sa.insert(jobs), [_row(key, {}, now, now) | {"timer": True}])
            return True

    def _keep_timers(self) -> None:
        """Every timer has a row; one whose period was shortened is not late for it."""
        if self._timers_kept:
            return
        now = self._clock.now()
        with self._storage.writing() as connection:
            for key, every in self._timers.items():
                insert_or_ignore(connection, timers, {"key": key, "due_at": now})
                sooner = sa.update(timers).where(timers.c.key == key, timers.c.due_at > now + every)
                connection.execute(sooner.values(due_at=now + every))
        self._timers_kept = True

    def run_next(self, holder: str) -> bool:
        """Run one job that is due; false when none is."""
        held = self._lease(holder)
        if held is None:
            return False
        job = self._known[held.key]
        if held.attempts > job.max_attempts:
            self._end(held, state="dead", last_error=str(_("The worker died at every attempt")))
            return True
        try:
            job.run(held.payload, self._tenon())
        except (Exception, SystemExit) as error:
            log.warning("job_failed", job=held.key, job_id=str(held.id), error=brief(error))
            self._failed(job, held, brief(error))
        else:
            self._end(held, state="done", last_error=None)
        return True

    def _lease(self, holder: str) -> Running | None:
        now = self._clock.now()
        given = {"now": now, "keys": list(self._known)}
        with self._storage.reading() as connection:
            if connection.scalar(_due, given) is None:
                return None
        with self._storage.writing() as connection:
            found = connection.scalar(_due.with_for_update(skip_locked=True), given)
            return None if found is None else _take(connection, found, holder, now)

    def _failed(self, job: Job, held: Running, error: str) -> None:
        if held.attempts >= job.max_attempts:
            self._end(held, state="dead", last_error=error)
        else:
            due_at = self._clock.now() + LOCAL(held.attempts, self._rng)
            self._end(held, state="new", due_at=due_at, last_error=error)

    def _end(self, held: Running, **values: Any) -> None:
        mine = sa.update(jobs).where(jobs.c.id == held.id, jobs.c.leased_by == held.holder)
        free = {"leased_by": None, "lease_until": None, "updated_at": self._clock.now()}
        with self._storage.writing() as connection:
            connection.execute(mine.values(**free, **values))

    def expire(self) -> int:
        """Queue again what a crashed worker was running; return how many."""
        now = self._clock.now()
        lost = jobs.c.lease_until <= now
        with self._storage.reading() as connection:
            if not connection.scalar(sa.select(sa.exists().where(lost))):
                return 0
        values = {"state": "new", "leased_by": None, "lease_until": None, "due_at": now, "updated_at": now}
        with self._storage.writing() as connection:
            return connection.execute(sa.update(jobs).where(lost).values(**values)).rowcount

    def renew(self, holder: str) -> None:
        """Keep what ``holder`` is running."""
        held = jobs.c.leased_by == holder
        with self._storage.reading() as connection:
            if not connection.scalar(sa.select(sa.exists().where(held))):
                return
        with self._storage.writing() as connection:
            connection.execute(sa.update(jobs).where(held).values(lease_until=self._clock.now() + LEASE))


def _take(connection: Connection, job_id: UUID, holder: str, now: datetime) -> Running:
    row = connection.execute(
        sa.update(jobs)
        .where(jobs.c.id == job_id)
        .values(
            state="leased",
            attempts=jobs.c.attempts + 1,
            unique_key=None,
            leased_by=holder,
            lease_until=now + LEASE,
            updated_at=now,
        )
        .returning(jobs.c.key, jobs.c.payload, jobs.c.attempts)
    ).one()
    return Running(job_id, row.key, row.payload, row.attempts, holder)


def _row(key: str, payload: Mapping[str, Any], now: datetime, due_at: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "key": key,
        "payload": json_safe(payload),
        "unique_key": None,
        "timer": False,
        "state": "new",
        "attempts": 0,
        "due_at": due_at,
        "created_at": now,
        "updated_at": now,
    }


def _next(due_at: datetime, every: timedelta, now: datetime) -> datetime:
    """The first moment of the rhythm that is still to come."""
    return due_at + every * ((now - due_at) // every + 1)
