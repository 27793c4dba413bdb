"""The exchange room: what others see of it."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy.engine import Connection

from ..access import Access, OpenPolicy
from ..clock import Clock
from ..identity.actor import Actor, system
from ..plugin.contributions import Integration, Job, Subscriber
from ..storage import Storage
from .courier import Courier
from .http import HttpClient
from .jobs import Jobs
from .operations import Operations, prune
from .outbox import Outbox
from .runner import Runner
from .targets import Target, by_key, of_integration, of_subscriber
from .wakeup import Wakeup
from .webhooks import Webhooks
from .worker import Worker

if TYPE_CHECKING:
    from ..records.signals import Signals
    from ..records.work import Work

KEPT = timedelta(days=30)


class Exchange:
    """Events out, jobs in: composed once, used by every thread.

    ``subscribers``, ``integrations`` and ``jobs`` are pairs of a plugin's name and what it
    contributed. ``actor_of`` finds the present actor of a user id, ``None`` for one
    that is disabled; ``visible`` says whether an actor may see a record. Without
    them a webhook's owner is treated as the system.
    """

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        *,
        subscribers: Iterable[tuple[str, Subscriber]] = (),
        integrations: Iterable[tuple[str, Integration]] = (),
        jobs: Iterable[tuple[str, Job]] = (),
        access: Access | None = None,
        actor_of: Callable[[UUID], Actor | None] | None = None,
        visible: Callable[[Actor, str, UUID], bool] | None = None,
        http: HttpClient | None = None,
        rng: Random | None = None,
    ) -> None:
        self.storage = storage
        self.clock = clock
        self.wakeup = Wakeup()
        self.outbox = Outbox(storage, self.wakeup.wake)
        self.http = http or HttpClient()
        self.operations = Operations(storage, clock, self.wakeup.wake)
        self.webhooks = Webhooks(
            storage,
            clock,
            self.http,
            access=access or Access(OpenPolicy()),
            actor_of=actor_of or (lambda _user: system("webhook")),
            visible=visible or (lambda _actor, _entity, _record: True),
        )
        self._rng = rng or Random()
        self._tenon: Any = None
        self._fixed = by_key(
            [
                *(of_subscriber(plugin, subscriber, self._bound) for plugin, subscriber in subscribers),
                *(of_integration(plugin, integration, self._bound) for plugin, integration in integrations),
            ]
        )
        known = {f"{plugin}.{job.key}": job for plugin, job in jobs} | {"tenon.prune": self._pruning()}
        self.jobs = Jobs(storage, clock, self._rng, known, self._bound)

    def bind(self, tenon: Any) -> None:
        """Say what is handed to subscribers, integrations and jobs: the composed kernel."""
        self._tenon = tenon

    def _bound(self) -> Any:
        return self._tenon

    def _pruning(self) -> Job:
        def run(_payload: Mapping[str, Any], _tenon: Any) -> None:
            prune(self.storage, self.clock.now() - KEPT)

        return Job("prune", run, every=timedelta(days=1))

    # In the business transaction

    def subscribe(self, signals: Signals) -> None:
        """Write an event for every change that ``records`` announces."""
        self.outbox.subscribe(signals)

    def emit(
        self,
        work: Work,
        name: str,
        entity: str | None,
        record_id: UUID | None,
        payload: Mapping[str, Any],
        lane: str | None = None,
    ) -> UUID:
        """Write one event in the transaction of ``work``; events of a ``lane`` stay in order."""
        return self.outbox.emit(work, name, entity, record_id, payload, lane)

    def enqueue(
        self,
        work: Work,
        job_key: str,
        payload: Mapping[str, Any],
        due_at: datetime | None = None,
        unique: str | None = None,
    ) -> UUID | None:
        """Queue a job in the transaction of ``work``; ``None`` when ``unique`` already waits."""
        queued = self.jobs.enqueue(
            work.unguarded, job_key, payload, now=self.clock.now(), due_at=due_at, unique=unique
        )
        self.outbox.mark(work.unguarded)
        return queued

    # In the worker

    def targets(self) -> dict[str, Target]:
        """Everybody who can be told now, by key."""
        with self.storage.reading() as connection:
            return by_key(self.targets_in(connection))

    def targets_in(self, connection: Connection) -> list[Target]:
        """Everybody who can be told, as the transaction of ``connection`` sees it."""
        return [*self._fixed.values(), *self.webhooks.targets(connection)]

    def runner(self, *, local: bool = True, remote: bool = True) -> Runner:
        """One that works off what is due in the calling thread; a thread each."""
        holder = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"
        courier = Courier(self.storage, self.clock, self._rng, holder)
        return Runner(self, courier, holder, local=local, remote=remote)

    def run_due(self, limit: int | None = None) -> int:
        """Do everything that is due, in this thread, until nothing is; return how many steps.

        A step is an attempt at a delivery, a job, or a batch of events fanned out.
        """
        runner = self.runner()
        done = 0
        while limit is None or done < limit:
            runner.look()
            before = done
            while (limit is None or done < limit) and (steps := runner.step()):
                done += steps
            if done == before:
                break
        return done

    def worker(self, threads: int = 2) -> Worker:
        """A worker over the outbox, not started yet."""
        return Worker(self, threads)
