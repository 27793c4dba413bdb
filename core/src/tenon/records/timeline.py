"""What happened around a record, from every source, as one list that pages by key.

The audit trail is one source; rooms above and plugins add others: activities
and tasks, moves between stages. A source gives its own newest items before a
moment, so a page costs each source one page of its own.
"""

from __future__ import annotations

import heapq
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from ..errors import BadRequestError
from ..messages import Message, _
from .audit import TABLE

if TYPE_CHECKING:
    from .work import Work

Key = tuple[datetime, UUID]


@dataclass(frozen=True)
class TimelineItem:
    """One thing that happened. ``kind`` names its source's sort of thing (``call``, ``task``,
    ``update``, ``stage``); ``entity`` and ``record_id`` name the record that tells more, if there
    is one; ``data`` holds JSON values for whoever shows it."""

    at: datetime
    id: UUID
    kind: str
    title: str
    text: str | None = None
    actor_id: UUID | None = None
    entity: str | None = None
    record_id: UUID | None = None
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        return (self.at, self.id)


@dataclass(frozen=True)
class TimelinePage:
    """Items from the newest on; ``next`` is the cursor of the page after."""

    data: list[TimelineItem]
    next: str | None = None


TITLES: Mapping[str, Message] = {
    "create": _("Created"),
    "update": _("Changed"),
    "archive": _("Archived"),
    "restore": _("Restored"),
    "merge": _("Merged"),
    "password": _("New password"),
}
# A move between stages is told by the pipelines' own source, with more than the audit trail knows.
UNTOLD = frozenset({"archived_at", "pipeline", "stage", "stage_status", "stage_since"})

Source = Callable[["Work", str, UUID, Key | None, int], Iterable[TimelineItem]]
"""``source(work, entity, id, before, size)`` gives at most ``size`` items whose ``key`` is below
``before`` (every one for ``None``), greatest key first, and none that the actor may not see."""


class Timeline:
    """The sources of a deployment, by name."""

    def __init__(self) -> None:
        self.sources: dict[str, Source] = {"audit": audited}

    def add(self, name: str, source: Source) -> None:
        """Let ``source`` tell of what it knows. A name is taken once."""
        if name in self.sources:
            raise ValueError(f"the timeline has a source {name!r} already")
        self.sources[name] = source

    def page(
        self, work: Work, entity: str, id_: UUID, *, after: str | None = None, size: int = 50
    ) -> TimelinePage:
        """A page of what happened around a record, newest first.

        ``NotFoundError`` where the actor may not see the record, ``BadRequestError``
        for a cursor that is not of a timeline.
        """
        work.get(entity, id_)
        before = decode(after) if after is not None else None
        found = [source(work, entity, id_, before, size + 1) for source in self.sources.values()]
        items = list(islice(heapq.merge(*found, key=lambda item: item.key, reverse=True), size + 1))
        more = len(items) > size
        return TimelinePage(items[:size], encode(items[size - 1].key) if more else None)


def encode(key: Key) -> str:
    return urlsafe_b64encode(f"{key[0].isoformat()}|{key[1]}".encode()).decode().rstrip("=")


def decode(cursor: str) -> Key:
    try:
        at, id_ = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split("|")
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError
        return moment, UUID(id_)
    except ValueError:
        raise BadRequestError(
            _("This cursor cannot be read"), hint=_("Use the value of next from the page before.")
        ) from None


def audited(work: Work, entity: str, id_: UUID, before: Key | None, size: int) -> Iterable[TimelineItem]:
    """What the audit trail tells: writes that changed a field the actor may see."""
    return islice(_told(work, entity, id_, before, size), size)


def _told(work: Work, entity: str, id_: UUID, before: Key | None, size: int) -> Iterator[TimelineItem]:
    type_ = work.type(entity)
    seen = work.fields(type_, "read")
    while True:
        rows = work.unguarded.execute(_trail(entity, id_, before).limit(size)).all()
        for row in rows:
            changes = {p: c for p, c in row.changes.items() if p in seen and p not in UNTOLD}
            if changes or row.action != "update":
                yield _audit_item(row, changes)
        if len(rows) < size:
            return
        before = (rows[-1].at, rows[-1].id)


def _trail(entity: str, id_: UUID, before: Key | None) -> sa.Select[Any]:
    found = sa.select(TABLE).where(TABLE.c.record_id == id_, TABLE.c.entity == entity)
    if before is not None:
        at, last = before
        found = found.where(sa.or_(TABLE.c.at < at, sa.and_(TABLE.c.at == at, TABLE.c.id < last)))
    return found.order_by(TABLE.c.at.desc(), TABLE.c.id.desc())


def _audit_item(row: Any, changes: dict[str, Any]) -> TimelineItem:
    data = {"changes": changes, "via": row.via, "actor_name": row.actor_name, "version": row.version}
    return TimelineItem(
        row.at, row.id, row.action, TITLES.get(row.action, row.action), actor_id=row.actor_id, data=data
    )
