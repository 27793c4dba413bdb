"""How much one person takes away: records read in an hour, rows exported in a day.

Against scraping by somebody who may see all of it (OWASP API6:2023). What is read is counted in
memory, in each process by itself and by the hour of the clock: a deployment of four processes
lets four times as much through, one that is started anew begins again, and somebody who waits for
the full hour may have twice as much in a few minutes. What is exported is counted from the access
log, in every process alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from uuid import UUID

from ..errors import LimitedError
from ..messages import _

HOUR = 3600
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Bounds:
    """0 is no bound. ``refuse_reads`` is whether more reads in that hour are refused."""

    reads_per_hour: int = 0
    refuse_reads: bool = False
    export_rows_per_day: int = 0


class Reads:
    """Records read by each user in the present hour; the memory of an hour before is let go."""

    def __init__(self, per_hour: int) -> None:
        self._per_hour = per_hour
        self._lock = Lock()
        self._hour = 0
        self._counts: dict[UUID, int] = {}

    def add(self, user: UUID, count: int, now: datetime) -> tuple[bool, bool]:
        """Whether that is more than the bound, and whether it is for the first time in this hour."""
        hour = int(now.timestamp()) // HOUR
        with self._lock:
            if hour != self._hour:
                self._hour, self._counts = hour, {}
            before = self._counts.get(user, 0)
            self._counts[user] = before + count
        over = before + count > self._per_hour
        return over, over and before <= self._per_hour


class Exporting:
    """Rows of the exports that run in this process right now, which stand in no log yet."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._rows: dict[UUID, int] = defaultdict(int)

    @contextmanager
    def holding(self, user: UUID, rows: int) -> Iterator[int]:
        """Count ``rows`` for the user while the block runs; gives what the others hold."""
        with self._lock:
            others = self._rows[user]
            self._rows[user] += rows
        try:
            yield others
        finally:
            with self._lock:
                self._rows[user] -= rows
                if not self._rows[user]:
                    del self._rows[user]


def too_many_reads(per_hour: int, now: datetime) -> LimitedError:
    wait = HOUR - int(now.timestamp()) % HOUR
    return LimitedError(
        _("You have read more than %(most)s records in this hour", most=f"{per_hour:,}"),
        hint=_("Go on in the next hour, or ask an administrator for a higher limit."),
        retry_after=wait,
    )


def too_many_rows(per_day: int, before: int) -> LimitedError:
    return LimitedError(
        _(
            "This export has more rows than you may take today: %(left)s are left of %(most)s",
            left=f"{max(per_day - before, 0):,}",
            most=f"{per_day:,}",
        ),
        hint=_("Filter the list, go on tomorrow, or ask an administrator for a higher limit."),
        retry_after=HOUR,
    )
