"""What the kernel tells while it decides: what it refuses, and how much somebody takes away.

The rooms above call ``access.watch``; composing a deployment puts one in its place that keeps a log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from ..identity.actor import Actor


class Watch:
    """Listens to everything and does nothing about it. No call may ask a database, save ``exporting``."""

    def denied(
        self,
        actor: Actor,
        action: str,
        entity: str | None,
        reason: str = "policy",
        record_id: UUID | None = None,
    ) -> None:
        """Somebody may not do that, to one record or at all. ``reason`` is a word of ``kinds.REASONS``."""

    def unseen(self, actor: Actor, action: str, entity: str, record_id: UUID, via: str) -> None:
        """Somebody was told that there is no such record, which may be true."""

    def read(self, actor: Actor, entity: str, count: int, via: str) -> None:
        """Somebody is given so many records; ``LimitedError`` where that is too much."""

    @contextmanager
    def exporting(
        self, actor: Actor, entity: str, detail: Mapping[str, Any], rows: Callable[[], int]
    ) -> Iterator[Callable[[int], None]]:
        """Around an export of ``rows()`` rows; ``LimitedError`` before the first where that is too much.

        What it gives is called with the number of rows written so far.
        """
        yield lambda _written: None
