"""Remembers who somebody is for less than a second, so that a request costs no query."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

from ..clock import Clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

KEPT = timedelta(seconds=1)


class BriefCache(Generic[K, V]):
    """Values that are forgotten within a second, ``size`` of them at most.

    What another process revokes is therefore gone here a second later.
    """

    def __init__(self, clock: Clock, size: int = 10_000) -> None:
        self._clock = clock
        self._size = size
        self._values: dict[K, tuple[datetime, V]] = {}
        self._lock = Lock()

    def get(self, key: K) -> V | None:
        found = self._values.get(key)
        if found is None:
            return None
        kept_at, value = found
        # A machine's clock may be set back: an age below zero is no reason to trust.
        return value if timedelta() <= self._clock.now() - kept_at < KEPT else None

    def put(self, key: K, value: V, read_at: datetime) -> None:
        """Keep ``value``, which was true at ``read_at``."""
        with self._lock:
            if len(self._values) >= self._size:
                self._values.clear()
            self._values[key] = (read_at, value)

    def clear(self) -> None:
        """Forget everything: something was revoked in this process."""
        with self._lock:
            self._values.clear()
