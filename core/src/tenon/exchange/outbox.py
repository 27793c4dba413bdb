"""Writing events and jobs into the business transaction.

An event is committed with the change it tells of, or not at all. This is on
the path of every write, so it is one statement for all changes of a flush.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from ..storage.ids import new_id
from .models import events
from .payload import json_safe, of_change

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from ..records.signals import Change, Signals
    from ..records.work import Work
    from ..storage import Storage

EVENT_OF = {
    "create": "record.created",
    "update": "record.updated",
    "archive": "record.archived",
    "restore": "record.restored",
    "remove": "record.removed",
}

# Nobody asks what ``seq`` a row got, so the database need not tell.
_INSERT = sa.insert(events).inline()
_WRITTEN = "tenon_outbox_written"


class Outbox:
    """The writing side. ``wake`` is called after a commit that holds events or jobs."""

    def __init__(self, storage: Storage, wake: Callable[[], None]) -> None:
        self._wake = wake
        storage.committing.append(self._committing)

    def subscribe(self, signals: Signals) -> None:
        """Write an event for every change that ``records`` announces."""
        signals.written.append(self.written)
        signals.merged.append(self.merged)

    def merged(self, work: Work, entity: str, winner: UUID, loser: UUID) -> None:
        """Tell of a merge, beside the writes that it consists of."""
        self.emit(work, "record.merged", entity, winner, {"merged_from": loser, "merged_into": winner})

    def written(self, work: Work, changes: list[Change]) -> None:
        """One row per change, in one statement."""
        if changes:
            work.unguarded.execute(_INSERT, [_of_change(work, change) for change in changes])
            self.mark(work.unguarded)

    def emit(
        self,
        work: Work,
        name: str,
        entity: str | None,
        record_id: UUID | None,
        payload: Mapping[str, Any],
        lane: str | None = None,
    ) -> UUID:
        """Write one event of another kind in the same transaction and return its id."""
        row = _row(work, name, entity, record_id, json_safe(payload))
        if lane is not None:
            row["lane"] = lane
        work.unguarded.execute(_INSERT, [row])
        self.mark(work.unguarded)
        event_id: UUID = row["id"]
        return event_id

    def mark(self, connection: Connection) -> None:
        """Wake the worker when this connection commits."""
        connection.info[_WRITTEN] = True

    def _committing(self, connection: Connection) -> None:
        # This is just before the commit. The worker polls quickly for a moment after it
        # was woken, so it finds rows that appear a little later.
        if connection.info.pop(_WRITTEN, False):
            self._wake()


def _of_change(work: Work, change: Change) -> dict[str, Any]:
    record = change.after if change.after is not None else change.before
    record_id = record.id if record is not None else change.values["id"]
    return _row(work, EVENT_OF[change.action], change.entity.name, record_id, of_change(change))


def _row(work: Work, name: str, entity: str | None, record_id: UUID | None, payload: Any) -> dict[str, Any]:
    event_id = new_id()
    return {
        "id": event_id,
        "name": name,
        "entity": entity,
        "record_id": record_id,
        # An event about no record is ordered with nothing.
        "lane": f"{entity}:{record_id}" if record_id is not None else str(event_id),
        "payload": payload,
        "actor_id": work.actor.id,
        "via": work.via,
        "at": work.now,
        "state": "new",
    }
