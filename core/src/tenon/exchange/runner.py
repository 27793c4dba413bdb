"""Working off what is due, step by step, in one thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import leases
from .courier import Courier
from .fanout import fan_out
from .targets import Target

if TYPE_CHECKING:
    from .exchange import Exchange


OTHERS_EVERY = 8


class Runner:
    """``local`` takes subscribers and jobs, ``remote`` other systems, which may be slow."""

    def __init__(
        self, exchange: Exchange, courier: Courier, holder: str, *, local: bool, remote: bool
    ) -> None:
        self._exchange = exchange
        self._courier = courier
        self.holder = holder
        self._local = local
        self._remote = remote
        self._steps = 0
        self._near: dict[str, Target] = {}
        self._far: dict[str, Target] = {}

    def look(self) -> None:
        """See who is there, what a crashed worker left, and what the clock says."""
        targets = self._exchange.targets()
        self._near = {key: target for key, target in targets.items() if not target.remote}
        self._far = {key: target for key, target in targets.items() if target.remote}
        leases.expire(self._exchange.storage, self._exchange.clock.now())
        self._exchange.jobs.expire()
        self._exchange.jobs.tick()

    def step(self) -> int:
        """Do a little of each kind of work; 0 when there was none."""
        self._steps += 1
        near = self._local and self._courier.deliver_next(self._near)
        far = self._remote and self._courier.deliver_next(self._far)
        done = near + far
        # While deliveries abound, the rest is asked for now and then alone.
        if self._local and (not near or self._steps % OTHERS_EVERY == 0):
            done += self._fan_out()
            done += self._exchange.jobs.run_next(self.holder)
        return done

    def renew(self) -> None:
        """Keep what this runner has in hand, from another thread."""
        leases.renew(self._exchange.storage, self.holder, self._exchange.clock.now())
        self._exchange.jobs.renew(self.holder)

    def _fan_out(self) -> bool:
        exchange = self._exchange
        return fan_out(exchange.storage, exchange.targets_in, exchange.clock.now()) > 0
