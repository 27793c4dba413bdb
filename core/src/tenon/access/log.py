"""The access log: who was refused what, and what was done with rights that somebody may ask about.

Whatever records an entry goes on at once. A thread of this process writes what waits half a
second later, in a transaction of its own; so what a ``kill -9`` or a power cut can take away is
the last second, and what a rolled-back request was refused stays written.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import weakref
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from threading import Event, Lock, Thread, current_thread
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy import exc
from sqlalchemy.dialects import postgresql, sqlite

from ..clock import Clock
from ..identity.actor import Actor
from ..messages import _
from ..plugin.contributions import Job
from ..storage import json
from ..storage.engine import BUSY_SECONDS, Storage
from ..storage.ids import new_id
from .kinds import KINDS, Kind
from .models import AccessEntry
from .origin import origin
from .redacting import plain, without_secrets
from .waiting import Happening, Tally, Waiting

TABLE: sa.Table = AccessEntry.__table__  # type: ignore[assignment]
DELAY_SECONDS = 0.5
IDLE_SECONDS = 30.0
MOST_PAUSE_SECONDS = 30.0
CHUNK = 500
LARGEST = 2**31 - 1

TableOf = Callable[[str], "sa.FromClause | None"]

log = structlog.get_logger("tenon.access")


class AccessLog:
    """Keeps the entries of a deployment; ``tenon.access_log`` is the one.

    ``table_of`` gives the table of a kind of record, by which is found out, in this log's own
    thread, whether somebody who was told "not found" asked for a record that is there.
    ``keep`` is how long entries stay; ``None`` for good.
    """

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        *,
        table_of: TableOf = lambda _entity: None,
        keep: timedelta | None = None,
        waiting: Waiting | None = None,
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._keep = keep
        self.table_of = table_of
        self._waiting = waiting or Waiting()
        self._thread: Thread | None
        self._begin()
        # A child of a fork has neither this thread nor whoever held the locks.
        forked = weakref.WeakMethod(self._forked)
        os.register_at_fork(after_in_child=lambda: _call(forked))
        atexit.register(_call, weakref.WeakMethod(self.close))
        storage.closing.append(self.close)

    def record(
        self,
        kind: Kind,
        *,
        actor: Actor | None = None,
        name: str = "",
        entity: str | None = None,
        record_id: UUID | None = None,
        action: str | None = None,
        reason: str | None = None,
        detail: Mapping[str, Any] | None = None,
        via: str | None = None,
        address: str | None = None,
        count: int = 1,
    ) -> None:
        """Have an entry written soon. It never fails, asks no database and takes microseconds.

        For plugins: a denial of your own is ``record("denied", actor=…, action="discount",
        entity="order", reason="Above the limit of the role")``, anything else ``other`` with a
        word for it in ``action``. ``name`` stands for whoever is no Actor. ``detail`` is JSON data
        in which secrets are masked by name and by form; give none all the same. ``via`` and
        ``address`` are those of the present request unless given. A ``hidden`` entry is written
        only where the record is there.
        """
        try:
            found_via, found_address = origin()
            happening = Happening(
                kind if kind in KINDS else "other",
                actor.id if actor else None,
                plain(actor.name if actor else name),
                actor.key_id if actor else None,
                plain(via or found_via, 30),
                plain(entity, 60) if entity else None,
                record_id if isinstance(record_id, UUID) else None,
                plain(action, 60) if action else None,
                plain(reason) if reason else None,
                without_secrets(detail) if detail else None,
                plain(address or found_address, 45) if address or found_address else None,
            )
            self._add(happening, min(max(count, 0), LARGEST))
        except Exception:
            log.exception("an entry could not be taken into the access log", kind=str(kind))

    def flush(self) -> bool:
        """Write what waits now; whether all of it was written. Not inside a transaction that writes."""
        return self._write()

    def close(self) -> None:
        """Write what waits and let the thread end. Recording afterwards starts it again."""
        self._write()
        with self._lock:
            thread, self._thread = self._thread, None
            self._ended.set()
            self._hurry.set()
        if thread is not None and thread is not current_thread():
            thread.join(1.0)

    def forget(self) -> int:
        """Delete entries older than ``keep``; how many there were. In parts, so that others write too."""
        if self._keep is None:
            return 0
        found = sa.select(TABLE.c.id).where(TABLE.c.at < self._clock.now() - self._keep).limit(CHUNK)
        count = 0
        while True:
            with self._storage.writing() as connection:
                gone = connection.execute(sa.delete(TABLE).where(TABLE.c.id.in_(found))).rowcount
            count += gone
            if gone < CHUNK:
                return count

    def jobs(self) -> Sequence[Job]:
        """What the worker does for it by the clock."""

        def run(_payload: Mapping[str, Any], _tenon: Any) -> None:
            self.forget()

        return [Job("access.log", run, _("Delete old entries of the access log"), every=timedelta(hours=6))]

    # In the thread that records

    def _begin(self) -> None:
        self._lock, self._io = Lock(), Lock()
        self._hurry, self._ended = Event(), Event()
        self._thread = None
        self._failing = False

    def _forked(self) -> None:
        self._begin()
        self._waiting.take()

    def _add(self, happening: Happening, count: int) -> None:
        with self._lock:
            self._waiting.add(happening, self._clock.now(), count)
            if self._thread is None:
                self._start()
            elif self._waiting.hurried:
                self._hurry.set()

    def _start(self) -> None:
        self._hurry, self._ended = Event(), Event()
        thread = Thread(
            target=self._run, args=(self._hurry, self._ended), name="tenon-access-log", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:
            # The process is ending, or may have no more threads; what waits is written at its end.
            return
        self._thread = thread

    # In the thread that writes

    def _run(self, hurry: Event, ended: Event) -> None:
        idle, pause = 0.0, DELAY_SECONDS
        while not ended.is_set():
            # while the database is away, nothing that comes makes it be asked more often
            (hurry if pause == DELAY_SECONDS else ended).wait(pause)
            hurry.clear()
            busy = len(self._waiting) > 0
            written = self._write()
            pause = DELAY_SECONDS if written else min(pause * 2, MOST_PAUSE_SECONDS)
            idle = 0.0 if busy else idle + pause
            if idle < IDLE_SECONDS:
                continue
            with self._lock:
                if not len(self._waiting) and self._ended is ended:
                    self._thread = None
                    return

    def _write(self) -> bool:
        if not self._io.acquire(timeout=BUSY_SECONDS):
            return False
        try:
            with self._lock:
                taken, dropped = self._waiting.take()
            return not (taken or dropped) or self._written(taken, dropped)
        finally:
            self._io.release()

    def _written(self, taken: dict[Happening, Tally], dropped: int) -> bool:
        try:
            self._insert(self._rows(taken, dropped))
        except Exception as error:
            with self._lock:
                if _unfit(error):
                    self._waiting.dropped += dropped + sum(tally.count for tally in taken.values())
                else:
                    self._waiting.give_back(taken, dropped)
            self._tell(error)
            return False
        self._failing = False
        return True

    def _insert(self, rows: list[dict[str, Any]]) -> None:
        if not rows:
            return
        add = _adding(self._storage.dialect)
        with self._storage.writing() as connection:
            for start in range(0, len(rows), CHUNK):
                connection.execute(add, rows[start : start + CHUNK])

    def _rows(self, taken: dict[Happening, Tally], dropped: int) -> list[dict[str, Any]]:
        there = self._there({h for h in taken if h.kind == "hidden"})
        rows = [_row(h, t) for h, t in taken.items() if h.kind != "hidden" or h in there]
        if dropped:
            lost = Happening("lost", None, "", None, "python", None, None, None, None, None, None)
            rows.append(_row(lost, Tally(new_id(), self._clock.now(), dropped)))
        return rows

    def _there(self, asked: set[Happening]) -> set[Happening]:
        """Those that asked for a record that is there."""
        by_entity: dict[str, set[UUID]] = defaultdict(set)
        for h in asked:
            if h.entity is not None and h.record_id is not None:
                by_entity[h.entity].add(h.record_id)
        known = {entity: self._present(entity, list(ids)) for entity, ids in by_entity.items()}
        return {h for h in asked if h.record_id in known.get(h.entity or "", ())}

    def _present(self, entity: str, ids: list[UUID]) -> set[UUID]:
        table = self.table_of(entity)
        if table is None:
            return set()
        with self._storage.reading() as connection:
            parts = (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))
            return {
                row.id
                for part in parts
                for row in connection.execute(sa.select(table.c.id).where(table.c.id.in_(part)))
            }

    def _tell(self, error: Exception) -> None:
        """Say once that it fails, until it works again."""
        if not self._failing:
            log.warning("the access log cannot be written", reason=str(error).splitlines()[:1])
        self._failing = True

    # What is in it

    def exported_since(self, actor_id: UUID, moment: datetime) -> int:
        """How many rows a user exported since then, as far as it is written."""
        rows = sa.select(sa.func.coalesce(sa.func.sum(TABLE.c.count), 0)).where(
            TABLE.c.actor_id == actor_id, TABLE.c.kind == "exported", TABLE.c.at > moment
        )
        with self._storage.reading() as connection:
            return int(connection.execute(rows).scalar_one())


def _adding(dialect: str) -> sa.Insert:
    """Insert; what has the id of an entry that is there adds to its number."""
    insert = postgresql.insert(TABLE) if dialect == "postgresql" else sqlite.insert(TABLE)
    more = {"count": TABLE.c.count + insert.excluded.count, "at": insert.excluded.at}
    return insert.on_conflict_do_update(index_elements=["id"], set_=more)


def _row(happening: Happening, tally: Tally) -> dict[str, Any]:
    detail = json.loads(happening.detail) if happening.detail else None
    # Work with the system's rights is a part of everyday writes: one entry a day, with its last time.
    id_ = _id_of_day(happening, tally.at) if happening.kind == "system" else tally.id
    values = {"id": id_, "at": tally.at, "count": min(tally.count, LARGEST)}
    return {**happening._asdict(), **values, "detail": detail}


def _id_of_day(happening: Happening, at: datetime) -> UUID:
    """One id for everything on a day (of UTC) that says the same."""
    return UUID(bytes=hashlib.sha256(repr((at.date(), *happening)).encode()).digest()[:16])


def _unfit(error: Exception) -> bool:
    """Whether what was to be written is at fault, so that trying again does not help."""
    if isinstance(error, exc.StatementError) and not isinstance(error, exc.DBAPIError):
        return True
    return isinstance(error, exc.DataError | exc.IntegrityError | TypeError | ValueError)


def _call(method: weakref.WeakMethod[Callable[[], None]]) -> None:
    found = method()
    if found is not None:
        found()
