"""Who is told on behalf of the access log: the watch of a deployment, which minds the limits too,
and the listeners of what happens at the door and of the system's rights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from ..clock import Clock
from ..identity.actor import Actor
from ..identity.events import IdentityEvent
from .limits import DAY, Bounds, Exporting, Reads, too_many_reads, too_many_rows
from .log import AccessLog
from .watch import Watch

COUNTED = frozenset({"api", "web"})


def of_identity(log: AccessLog) -> Callable[[IdentityEvent], None]:
    """Listens to sign-ins, passwords, second steps, keys and sessions."""

    def heard(event: IdentityEvent) -> None:
        detail = dict(event.detail)
        what, reason, typed = (detail.pop(name, None) for name in ("what", "reason", "typed"))
        name = event.name or typed or ""
        log.record(
            event.kind,
            actor=Actor(event.user_id, name) if event.user_id else None,
            name=name,
            action=what,
            reason=reason,
            detail=detail,
            address=event.address,
        )

    return heard


def of_system(log: AccessLog) -> Callable[[Actor, str, str], None]:
    """Listens to work that goes beyond what its actor may see."""

    def heard(actor: Actor, reason: str, via: str) -> None:
        log.record("system", actor=actor, reason=reason, via=via)

    return heard


class LoggedWatch(Watch):
    """Records denials, hidden records, exports and excess in ``log``."""

    def __init__(self, log: AccessLog, clock: Clock, bounds: Bounds) -> None:
        self._log = log
        self._clock = clock
        self._bounds = bounds
        self._reads = Reads(bounds.reads_per_hour)
        self._exporting = Exporting()

    def denied(
        self,
        actor: Actor,
        action: str,
        entity: str | None,
        reason: str = "policy",
        record_id: UUID | None = None,
    ) -> None:
        self._log.record(
            "denied", actor=actor, action=action, entity=entity, reason=reason, record_id=record_id
        )

    def unseen(self, actor: Actor, action: str, entity: str, record_id: UUID, via: str) -> None:
        if not actor.is_system:
            self._log.record(
                "hidden", actor=actor, action=action, entity=entity, record_id=record_id, via=via
            )

    def read(self, actor: Actor, entity: str, count: int, via: str) -> None:
        most = self._bounds.reads_per_hour
        if not most or not count or actor.id is None or via not in COUNTED:
            return
        now = self._clock.now()
        over, first = self._reads.add(actor.id, count, now)
        if first:
            self._limited(actor, "read", entity, "reads", via, most)
        if over and self._bounds.refuse_reads:
            raise too_many_reads(most, now)

    @contextmanager
    def exporting(
        self, actor: Actor, entity: str, detail: Mapping[str, Any], rows: Callable[[], int]
    ) -> Iterator[Callable[[int], None]]:
        written = 0

        def note(count: int) -> None:
            nonlocal written
            written = count

        with self._within_limit(actor, entity, rows):
            complete = False
            try:
                yield note
                complete = True
            finally:
                told = detail if complete else {**detail, "complete": False}
                self._log.record(
                    "exported", actor=actor, action="export", entity=entity, detail=told, count=written
                )

    @contextmanager
    def _within_limit(self, actor: Actor, entity: str, rows: Callable[[], int]) -> Iterator[None]:
        most = self._bounds.export_rows_per_day
        if not most or actor.id is None:
            yield
            return
        wanted = rows()
        with self._exporting.holding(actor.id, wanted) as others:
            # what this process exported a moment ago counts as well
            self._log.flush()
            before = others + self._log.exported_since(actor.id, self._clock.now() - DAY)
            if before + wanted > most:
                self._limited(actor, "export", entity, "rows", None, most)
                raise too_many_rows(most, before)
            yield

    def _limited(
        self, actor: Actor, action: str, entity: str, reason: str, via: str | None, most: int
    ) -> None:
        self._log.record(
            "limited",
            actor=actor,
            action=action,
            entity=entity,
            reason=reason,
            via=via,
            detail={"limit": most},
        )
