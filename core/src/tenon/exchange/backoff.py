"""How long to wait before the next attempt."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random

Backoff = Callable[[int, Random], timedelta]
"""Given the number of attempts that failed so far, how long to wait."""


def full_jitter(base: float = 1.0, cap: float = 600.0) -> Backoff:
    """A random wait up to ``min(cap, base * 2**n)`` seconds.

    Spread over the whole range, many that failed together do not come back
    together (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015).
    """

    def wait(attempts: int, rng: Random) -> timedelta:
        return timedelta(seconds=rng.uniform(0, min(cap, base * 2 ** min(attempts - 1, 30))))

    return wait


def schedule(*seconds: float) -> Backoff:
    """Fixed waits, each made up to a fifth longer at random; the last one repeats."""

    def wait(attempts: int, rng: Random) -> timedelta:
        return timedelta(seconds=seconds[min(attempts, len(seconds)) - 1] * rng.uniform(1.0, 1.2))

    return wait


LOCAL = full_jitter()
REMOTE = schedule(5, 300, 1800, 7200, 18000, 36000, 36000)
"""5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h, after the schedule Standard Webhooks recommends."""
