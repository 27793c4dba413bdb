"""What the exchange's tests say in one word: a business transaction, a subscriber, a delivery."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.engine import Connection

from tenon.clock import Clock
from tenon.exchange import Event, Exchange
from tenon.exchange.fanout import fan_out
from tenon.exchange.models import TABLES, deliveries
from tenon.identity.actor import Actor, system
from tenon.plugin.contributions import Subscriber
from tenon.storage import Base, Storage
from tenon.storage.ids import new_id

RECORD = UUID(int=1)


def open_storage(url: str) -> Storage:
    storage = Storage(Flask(__name__), url)
    Base.metadata.create_all(storage.engine, tables=list(TABLES))
    return storage


@dataclass
class Work:
    """A business transaction, as far as the exchange looks at one."""

    connection: Connection
    now: datetime
    actor: Actor = field(default_factory=lambda: system("test"))
    via: str = "test"

    @property
    def unguarded(self) -> Connection:
        return self.connection


class Told:
    """A subscriber that keeps what it was told and fails when it is asked to."""

    def __init__(self, key: str = "told", events: tuple[str, ...] = ("*",)) -> None:
        self.events: list[Event] = []
        self.fails: Callable[[Event], bool] = lambda _event: False
        self.contribution = ("demo", Subscriber(key, events, self.run))

    def run(self, event: Event, _tenon: Any) -> None:
        self.events.append(event)
        if self.fails(event):
            raise RuntimeError("the subscriber broke")

    @property
    def names(self) -> list[str]:
        return [event.name for event in self.events]

    @property
    def numbers(self) -> list[int]:
        return [event.payload["n"] for event in self.events]


class World:
    def __init__(self, storage: Storage, clock: Clock, **contributed: Any) -> None:
        self.storage = storage
        self.clock: Any = clock
        self.exchange = Exchange(storage, clock, **contributed)
        self.exchange.bind(self)

    @contextmanager
    def working(self) -> Iterator[Work]:
        with self.storage.writing() as connection:
            yield Work(connection, self.clock.now())

    def happen(self, number: int = 0, record: UUID | None = RECORD, name: str = "demo.happened") -> UUID:
        """One event of a record, committed."""
        with self.working() as work:
            return self.exchange.emit(work, name, "account", record, {"changes": {}, "n": number})

    def happen_many(self, count: int, records: int) -> None:
        """Events numbered from 0, spread over records in turn, in one transaction."""
        chosen = [new_id() for _ in range(records)]
        with self.working() as work:
            for number in range(count):
                payload = {"n": number}
                self.exchange.emit(work, "demo.happened", "account", chosen[number % records], payload)

    def run(self, limit: int | None = None) -> int:
        return self.exchange.run_due(limit)

    def fan_out(self) -> None:
        """Make the deliveries, attempt none."""
        fan_out(self.storage, self.exchange.targets_in, self.clock.now())

    def states(self) -> list[str]:
        """The states of all deliveries, in the order in which they were made."""
        with self.storage.reading() as connection:
            return list(connection.scalars(sa.select(deliveries.c.state).order_by(deliveries.c.seq)))

    def only(self) -> Any:
        """The one delivery there is."""
        (found,) = self.exchange.operations.list()
        return found
