"""One attempt at one delivery, and what is written down about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from random import Random
from typing import Any

import structlog

from ..clock import Clock
from ..messages import _
from ..storage import Storage
from . import leases
from .brief import brief
from .errors import DeliveryError, Rejected, UnknownOutcome, from_status
from .leases import Lease
from .targets import Target, resend

HOLD = timedelta(minutes=5)

log = structlog.get_logger("tenon.exchange")


class Skipped(Exception):
    """The target need not be told after all; the message says why."""


class Courier:
    """Delivers what is due to the given targets, one at a time."""

    def __init__(self, storage: Storage, clock: Clock, rng: Random, holder: str) -> None:
        self._storage = storage
        self._clock = clock
        self._rng = rng
        self._holder = holder

    def deliver_next(self, targets: Mapping[str, Target]) -> bool:
        """Make one attempt at the first delivery that is due; false when none is."""
        held = leases.lease(self._storage, targets.keys(), self._holder, self._clock.now())
        if held is None:
            return self._settle_next(targets)
        target = targets[held.target]
        if held.attempts > target.max_attempts:
            # Every attempt was counted before it began and none was ended: they took the process along.
            self._end(held, state="dead", last_error=str(_("The worker died at every attempt")))
        elif not target.remote or leases.mark_sent(self._storage, held, self._clock.now()):
            self._attempt(target, held)
        return True

    def _attempt(self, target: Target, held: Lease) -> None:
        outcome = _outcome(lambda: target.send(held.event), remote=target.remote)
        if outcome is None:
            self._end(held, state="done", last_error=None)
        elif isinstance(outcome, Skipped):
            self._end(held, state="skipped", last_error=str(outcome))
        else:
            event_id = str(held.event.id)
            log.warning("delivery_failed", target=target.key, event_id=event_id, error=_said(outcome))
            self._end(held, **self._after(target, held, outcome))

    def _after(self, target: Target, held: Lease, error: BaseException) -> dict[str, Any]:
        said = {"last_error": _said(error), "last_status": getattr(error, "http_status", None)}
        now = self._clock.now()
        if isinstance(error, Rejected):
            return {"state": "rejected", **said}
        if isinstance(error, UnknownOutcome) and target.settle is not resend:
            return {"state": "unknown", "due_at": now + HOLD, **said}
        if held.attempts >= target.max_attempts:
            return {"state": "dead", **said}
        return {"state": "new", "due_at": now + self._wait(target, held, error), **said}

    def _wait(self, target: Target, held: Lease, error: BaseException) -> timedelta:
        wait = target.backoff(held.attempts, self._rng)
        after = getattr(error, "after", None)
        return wait if after is None else max(wait, timedelta(seconds=after))

    def _settle_next(self, targets: Mapping[str, Target]) -> bool:
        able = {key: target.settle for key, target in targets.items() if target.settle is not None}
        held = leases.lease_unknown(self._storage, able.keys(), self._holder, self._clock.now())
        if held is None:
            return False
        now = self._clock.now()
        try:
            answer = able[held.target](held.event)
        except Exception as error:
            self._end(held, state="unknown", due_at=now + HOLD, last_error=_said(error))
            return True
        if answer == "done":
            self._end(held, state="done")
        elif answer == "resend":
            self._end(held, state="new", due_at=now)
        else:
            self._end(held, state="unknown", due_at=now + HOLD)
        return True

    def _end(self, held: Lease, **values: Any) -> None:
        if not leases.put_down(self._storage, held, self._clock.now(), **values):
            log.warning("lease_lost", delivery_id=str(held.id), target=held.target, holder=held.holder)


def _outcome(send: Callable[[], None], *, remote: bool) -> BaseException | None:
    try:
        send()
    except (DeliveryError, Skipped) as outcome:
        return outcome
    except (Exception, SystemExit) as error:
        # A function in this process that raised has failed. Of a call to another
        # system that ended in an error nobody foresaw, nobody knows how far it came.
        return _foreseen(error) if remote else error
    return None


def _foreseen(error: BaseException) -> BaseException:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(status, int):
        return from_status(status) or UnknownOutcome(_said(error))
    return UnknownOutcome(_said(error))


def _said(error: BaseException) -> str:
    return str(error)[:2000] if isinstance(error, DeliveryError) else brief(error)
