"""Waking the worker of the same process, so that it need not poll quickly."""

from __future__ import annotations

from threading import Condition


class Wakeup:
    """A bell that many can wait for. A ring that nobody heard is heard by the next who waits."""

    def __init__(self) -> None:
        self._condition = Condition()
        self._rung = 0

    def wake(self) -> None:
        """Ring the bell."""
        with self._condition:
            self._rung += 1
            self._condition.notify_all()

    @property
    def rung(self) -> int:
        """How often it was rung so far."""
        return self._rung

    def wait(self, heard: int, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds for a ring after the ``heard``-th; say whether there was one."""
        with self._condition:
            return self._condition.wait_for(lambda: self._rung != heard, timeout)
