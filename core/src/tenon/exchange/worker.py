"""Threads that work off the outbox, inside the web process or in one of their own."""

from __future__ import annotations

import signal
import time
from threading import Event, Thread
from types import FrameType
from typing import TYPE_CHECKING

import structlog

from .runner import Runner

if TYPE_CHECKING:
    from .exchange import Exchange

SHORTEST = 0.02
LONGEST = 1.0
AFTER_ERROR = 30.0
LOOK_EVERY = 1.0
RENEW_EVERY = 15.0

log = structlog.get_logger("tenon.exchange")


class Worker:
    """Delivers, runs jobs and watches the clock until it is stopped.

    With several threads the first does what is local and the second calls other
    systems, so that a slow one of those holds up nothing here; more threads do both.
    """

    def __init__(self, exchange: Exchange, threads: int = 2) -> None:
        self._exchange = exchange
        self._stopping = Event()
        self._runners = [_runner(exchange, number, threads) for number in range(threads)]
        self._threads: list[Thread] = []

    def start(self) -> Worker:
        """Start the threads and return at once."""
        self._threads = [
            *(
                Thread(target=self._loop, args=(runner,), name=f"tenon-worker-{number}", daemon=True)
                for number, runner in enumerate(self._runners)
            ),
            Thread(target=self._keep_leases, name="tenon-worker-leases", daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        return self

    def stop(self, timeout: float = 30.0) -> bool:
        """Let each thread finish what it has in hand; false when one took longer than ``timeout`` seconds.

        What is still in hand then is taken up again when its lease runs out.
        """
        self._stopping.set()
        self._exchange.wakeup.wake()
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def run_until_signalled(self) -> bool:
        """Work until SIGTERM or SIGINT, then stop; for a process of its own."""

        signalled: list[int] = []

        # A handler runs between two instructions of this very thread, so it takes no lock.
        def note(number: int, _frame: FrameType | None) -> None:
            signalled.append(number)

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, note)
        self.start()
        while not signalled:
            time.sleep(0.2)
        return self.stop()

    def _loop(self, runner: Runner) -> None:
        pause = SHORTEST
        wakeup = self._exchange.wakeup
        looked = float("-inf")
        while not self._stopping.is_set():
            heard = wakeup.rung
            try:
                if time.monotonic() - looked >= LOOK_EVERY:
                    runner.look()
                    looked = time.monotonic()
                if runner.step():
                    pause = SHORTEST
                    continue
            except Exception:
                # The database is away, full or being migrated: it will be back.
                log.exception("worker_pauses", seconds=pause)
                self._stopping.wait(pause)
                pause = min(max(pause, SHORTEST) * 2, AFTER_ERROR)
                continue
            woken = wakeup.wait(heard, pause)
            pause = SHORTEST if woken else min(pause * 2, LONGEST)

    def _keep_leases(self) -> None:
        while not self._stopping.is_set() or self._busy():
            if self._stopping.wait(RENEW_EVERY):
                time.sleep(0.2)
            for runner in self._runners:
                try:
                    runner.renew()
                except Exception:
                    log.exception("lease_not_renewed", holder=runner.holder)

    def _busy(self) -> bool:
        return any(thread.is_alive() for thread in self._threads[:-1])


def _runner(exchange: Exchange, number: int, threads: int) -> Runner:
    if threads == 1 or number > 1:
        return exchange.runner()
    return exchange.runner(local=number == 0, remote=number == 1)
