"""How the exchange is doing, as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from .models import deliveries, events, jobs


@dataclass(frozen=True)
class Stats:
    """Counts by state, and how late the oldest due thing is, in seconds.

    ``deliveries`` counts by target and state, leaving out what ended well.
    ``events_waiting`` are those not yet fanned out.
    """

    deliveries: Mapping[tuple[str, str], int]
    jobs: Mapping[str, int]
    events_waiting: int
    lag_seconds: float

    def by_state(self) -> dict[str, int]:
        """Deliveries of all targets by state."""
        total: dict[str, int] = {}
        for (_target, state), count in self.deliveries.items():
            total[state] = total.get(state, 0) + count
        return total


def stats(connection: Connection, now: datetime) -> Stats:
    """Look at what is unfinished. Finished rows are not read, so this stays quick."""
    open_ = deliveries.c.state.not_in(("done", "skipped"))
    grouped = (
        sa.select(deliveries.c.target, deliveries.c.state, sa.func.count())
        .where(open_)
        .group_by(deliveries.c.target, deliveries.c.state)
    )
    counted = sa.select(jobs.c.state, sa.func.count()).where(jobs.c.state != "done").group_by(jobs.c.state)
    waiting = sa.select(sa.func.count(), sa.func.min(events.c.at)).where(events.c.state == "new")
    events_waiting, oldest_event = connection.execute(waiting).one()
    oldest = [oldest_event]
    for table in (deliveries, jobs):
        due = sa.select(sa.func.min(table.c.due_at)).where(table.c.state == "new")
        oldest.append(connection.scalar(due))
    return Stats(
        deliveries={(target, state): count for target, state, count in connection.execute(grouped)},
        jobs=dict(map(tuple, connection.execute(counted))),
        events_waiting=events_waiting,
        lag_seconds=max((now - moment).total_seconds() for moment in [now, *filter(None, oldest)]),
    )
