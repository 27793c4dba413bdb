"""A worker in a process of its own whose subscriber appends to a file.

``forgetful`` writes down that a delivery is done before it makes the call; ``unleased`` takes
deliveries without a lease. Both are controls: tests show what they break.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from tenon.clock import SystemClock
from tenon.exchange import Event, leases
from tenon.exchange.courier import Courier
from tenon.exchange.leases import Lease
from tenon.exchange.targets import Target
from tenon.plugin.contributions import Subscriber
from tests.exchange.world import World, open_storage


class Forgetful(Courier):
    def _attempt(self, target: Target, held: Lease) -> None:
        self._end(held, state="done")
        target.send(held.event)


class Unleased(Courier):
    def deliver_next(self, targets: Mapping[str, Target]) -> bool:
        held = look_without_taking(self, targets)
        if held is None:
            return False
        targets[held.target].send(held.event)
        with self._storage.writing() as connection:
            done = leases.sa.update(leases.deliveries).where(leases.deliveries.c.id == held.id)
            connection.execute(done.values(state="done"))
        return True


def look_without_taking(courier: Courier, targets: Mapping[str, Target]) -> Lease | None:
    given = {"now": courier._clock.now(), "targets": list(targets)}
    with courier._storage.reading() as connection:
        found = connection.scalar(leases._heads, given)
        if found is None:
            return None
        row = connection.execute(
            leases.sa.select(leases.deliveries).where(leases.deliveries.c.id == found)
        ).one()
        event = connection.execute(
            leases.sa.select(leases.events).where(leases.events.c.id == row.event_id)
        ).one()
    return Lease(row.id, row.target, leases.as_event(event), row.attempts, "nobody")


COURIERS = {"forgetful": Forgetful, "unleased": Unleased}


def appending(file: Path) -> Subscriber:
    def run(event: Event, _tenon: Any) -> None:
        append(file, f"begin {event.record_id} {event.payload['n']} {event.id}")
        time.sleep(0.002)
        append(file, f"end {event.record_id} {event.payload['n']} {event.id}")

    return Subscriber("append", ("*",), run)


def append(file: Path, line: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, f"{line}\n".encode())
    os.close(descriptor)


def main(url: str, file: str, lease: float, courier: str = "") -> None:
    """Deliver until a signal comes. ``lease`` is in seconds."""
    leases.LEASE = timedelta(seconds=lease)
    if courier:
        import tenon.exchange.exchange as room

        room.Courier = COURIERS[courier]
    world = World(open_storage(url), SystemClock(), subscribers=[("demo", appending(Path(file)))])
    append(Path(file), "ready")
    raise SystemExit(0 if world.exchange.worker(threads=1).run_until_signalled() else 1)
