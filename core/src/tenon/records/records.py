"""The records room: the registry, and the way to get a unit of work."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ..access.net import Net
from ..access.policy import Access
from ..access.session import GuardedSession
from ..access.shadow import Beneath
from ..clock import Clock
from ..identity.actor import Actor
from ..plugin.contributions import PrivateTable
from ..storage.engine import Storage
from . import custom
from .dump import Dump, compile_dump
from .registry import EntityType, Registry, with_custom
from .sessionrules import SessionRules
from .signals import Signals
from .timeline import Timeline
from .work import Work

AssignOwner = Callable[[str, Mapping[str, Any], Actor], "UUID | None"]

LastActivity = Callable[["Work", str, Sequence[UUID]], Mapping[UUID, datetime]]

REFRESH_SECONDS = 1.0


def owner_is_actor(_entity: str, _values: Mapping[str, Any], actor: Actor) -> UUID | None:
    """Whoever creates a record owns it."""
    return actor.id


class Records:
    """Everything that can be done to records, for all faces.

    Customers' own fields are looked at again once a second, so that a field
    added in one process is known in every other soon after.
    """

    def __init__(
        self,
        storage: Storage,
        access: Access,
        registry: Registry,
        clock: Clock,
        *,
        signals: Signals | None = None,
        currency: str = "EUR",
        timezone: str = "UTC",
        assign_owner: AssignOwner = owner_is_actor,
        modes: frozenset[str] = frozenset(),
        private_tables: Iterable[PrivateTable] = (),
    ) -> None:
        self.storage = storage
        self.access = access
        self.clock = clock
        self.signals = signals or Signals()
        self.timeline = Timeline()
        self.activity_sources: list[LastActivity] = []
        self.currency = currency
        self.timezone = timezone
        self.assign_owner = assign_owner
        self.modes = modes
        self.after_commit: list[Callable[[], None]] = []
        self.private_tables: dict[sa.Table, PrivateTable] = {p.model.__table__: p for p in private_tables}
        self.system_used: Callable[[Actor, str, str], None] = lambda _actor, _reason, _via: None
        """Told when somebody's work goes on as the system beneath the guard: who, why, by which path."""
        self.net: Net | None = None
        self._beneath: Beneath | None = None
        self._base = registry
        self._registry = registry
        self._stamp: Any = None
        self._looked = 0.0
        self._statements: dict[Hashable, Any] = {}
        self._dumps: dict[Hashable, Dump] = {}

    @property
    def registry(self) -> Registry:
        """The kinds of record, with customers' fields as of a second ago at most."""
        if time.monotonic() - self._looked > REFRESH_SECONDS:
            self.refresh()
        return self._registry

    def refresh(self) -> None:
        """Read the customers' own fields anew if any changed."""
        self._looked = time.monotonic()
        with self.storage.reading() as connection:
            stamp = custom.stamp(connection)
            if stamp != self._stamp:
                self._registry = custom.apply(connection, self._base, self.storage.dialect, self.modes)
                self._stamp = stamp
                self._statements.clear()
                self._dumps.clear()

    @property
    def registry_without_customers(self) -> Registry:
        """The kinds of record as plugins declare them; needs no database."""
        return self._base

    def last_activity(self, work: Work, entity: str, ids: Sequence[UUID]) -> Mapping[UUID, datetime]:
        """When something was last done about each of those records, as the plugins that keep
        activities tell it."""
        found: dict[UUID, datetime] = {}
        for source in self.activity_sources:
            for id_, moment in source(work, entity, ids).items():
                found[id_] = max(moment, found.get(id_, moment))
        return found

    def forget_custom(self) -> None:
        """Look at the customers' own fields again before the next unit of work."""
        self._looked = 0.0

    def base_with(self, definition: custom.Definition) -> EntityType:
        """A kind of record with that one customer's field, in force or not."""
        base = self._base[definition.entity]
        return with_custom(base, {definition.key: custom.spec_of(definition)}, self.storage.dialect)

    @contextmanager
    def writing(self, actor: Actor, *, via: str = "python", batch: UUID | None = None) -> Iterator[Work]:
        """A unit of work in one transaction: all of it happens, or nothing."""
        registry = self.registry
        with self.storage.writing() as connection:
            work = Work(self, connection, actor, via=via, now=self.clock.now(), batch=batch)
            work.registry = registry
            with self._under(work):
                yield work
                work.flush()
        for callback in self.after_commit:
            callback()

    @contextmanager
    def reading(self, actor: Actor, *, via: str = "python") -> Iterator[Work]:
        """A unit of work that only reads."""
        registry = self.registry
        with self.storage.reading() as connection:
            work = Work(self, connection, actor, via=via, now=self.clock.now(), writable=False)
            work.registry = registry
            with self._under(work):
                yield work

    @contextmanager
    def snapshot(self, actor: Actor, *, via: str = "python") -> Iterator[Work]:
        """A unit of work that only reads and sees one moment throughout: for exports."""
        registry = self.registry
        with self.storage.snapshot() as connection:
            work = Work(self, connection, actor, via=via, now=self.clock.now(), writable=False)
            work.registry = registry
            with self._under(work):
                yield work

    @contextmanager
    def _under(self, work: Work) -> Iterator[None]:
        """With the database's own net below it, where there is one, and its sessions closed at the end."""
        net = None if work.actor.is_system else self.net
        if net is None:
            with closing(work):
                yield
            return
        net.enter(work.unguarded, work.actor, writable=work.writable)
        try:
            with closing(work):
                yield
        finally:
            net.leave(work.unguarded)

    def session(self, work: Work) -> GuardedSession:
        """A session that shows what the actor of ``work`` may see, in its transaction."""
        if self._beneath is None:
            # known since the engine first connected
            self._beneath = Beneath(str(self.storage.engine.dialect.default_schema_name))
        rules = SessionRules(work)
        found = GuardedSession(work.unguarded, work.actor, rules, self._beneath, writable=work.writable)
        found.net = self.net
        found.on_refusal = lambda: self.access.watch.denied(work.actor, "sql", None, "sql")
        return found

    def statement(self, key: Hashable, build: Callable[[], Any]) -> Any:
        """A SQL statement built once; keyed so that a new kind of record or predicate has its own."""
        found = self._statements.get(key)
        if found is None:
            if len(self._statements) > 1000:
                self._statements.clear()
            found = self._statements[key] = build()
        return found

    def dump(self, type_: EntityType, paths: tuple[str, ...] | None = None) -> Dump:
        """The function that turns records of that kind into JSON data."""
        key = (type_, paths)
        found = self._dumps.get(key)
        if found is None:
            if len(self._dumps) > 500:
                self._dumps.clear()
            found = self._dumps[key] = compile_dump(type_, paths)
        return found


__all__ = ["Records", "owner_is_actor"]
