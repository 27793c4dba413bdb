"""A unit of work: one actor, one moment, one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ..access.policy import ALL_FIELDS, Access, Branch, FieldSet
from ..access.session import GuardedSession
from ..errors import ForbiddenError, TenonError
from ..identity.actor import Actor, system
from ..messages import _
from . import counting, read, write
from .query import Query
from .read import Page
from .record import Record
from .registry import EntityType, Registry
from .signals import Change

if TYPE_CHECKING:
    from .records import Records


class Work:
    """Reads and writes on behalf of ``actor``; got from ``records.writing`` or ``records.reading``.

    Everything inside happens at one moment (``now``) and in one transaction.
    ``via`` names the path (api, web, import, job …) and ``batch`` joins the
    writes of one import, merge or bulk edit in the audit trail.
    """

    def __init__(
        self,
        records: Records,
        connection: Connection,
        actor: Actor,
        *,
        via: str,
        now: datetime,
        batch: UUID | None = None,
        writable: bool = True,
    ) -> None:
        self.records = records
        self.unguarded = connection
        """The database beneath the guard: for the kernel's one read path and one write path alone."""
        self.actor = actor
        self.via = via
        self.now = now
        self.batch = batch
        self.writable = writable
        self.registry: Registry = records.registry
        self.access: Access = records.access.held()
        self.dialect: str = records.storage.dialect
        self.elevated = False
        self.pending: list[Change] = []
        self._scopes: dict[tuple[str, str], sa.ColumnElement[bool] | None] = {}
        self._branches: dict[tuple[str, str], tuple[Branch, ...]] = {}
        self._fields: dict[tuple[str, str], FieldSet] = {}
        self._sessions: list[GuardedSession] = []
        self._session: GuardedSession | None = None
        self._origin: Actor | None = None
        self._told = False

    @property
    def connection(self) -> Connection:
        """The bare connection, for SQL that no rule looks at: the system's alone.

        ``ForbiddenError`` for anybody else, whose way is :attr:`session`; what has to look
        beyond them does so by ``work.as_system("why").connection``.
        """
        if not self.actor.is_system:
            self.access.watch.denied(self.actor, "sql", None, "sql")
            raise ForbiddenError(
                _("Bare SQL is for the system alone"),
                hint=_('Ask through work.session, or say why: work.as_system("the reason").connection.'),
            )
        self._tell_system_use()
        return self.unguarded

    @property
    def session(self) -> GuardedSession:
        """SQLAlchemy's session, for queries that :meth:`page` and :meth:`sums` do not answer.

        It shows what the actor may see, of rows and fields, and refuses SQL that nobody can look
        into. It ends with this unit of work. What was written meanwhile is read anew.
        """
        if self._session is None:
            self._tell_system_use()
            self._session = self.records.session(self)
            self._sessions.append(self._session)
        elif self.pending:
            self._session.expire_all()
        return self._session

    def _tell_system_use(self) -> None:
        """Say once that somebody's work went beyond what they may see, and why."""
        if self._origin is not None and not self._told:
            self._told = True
            if self.records.net is not None:
                self.records.net.leave(self.unguarded)
            self.records.system_used(self._origin, str(self.actor.reason), self.via)

    def close(self) -> None:
        """Let go of everything that sessions loaded."""
        for session in self._sessions:
            session.close()

    # What is known

    def type(self, entity: str) -> EntityType:
        return self.registry[entity]

    def scope(self, type_: EntityType, action: str) -> sa.ColumnElement[bool] | None:
        """The rows of that kind the actor may do ``action`` to; ``None`` for all."""
        if self.elevated:
            return None
        key = (type_.name, action)
        if key not in self._scopes:
            self._scopes[key] = self.access.scope(self.actor, action, type_.name, type_.table)
        return self._scopes[key]

    def branches(self, type_: EntityType, action: str) -> tuple[Branch, ...]:
        """The ways in which those rows come within reach, where there are several."""
        if self.elevated:
            return ()
        key = (type_.name, action)
        if key not in self._branches:
            self._branches[key] = self.access.branches(self.actor, action, type_.name, type_.table)
        return self._branches[key]

    def fields(self, type_: EntityType, action: str) -> FieldSet:
        """The fields of that kind the actor may use for ``action``."""
        if self.elevated:
            return ALL_FIELDS
        key = (type_.name, action)
        if key not in self._fields:
            self._fields[key] = self.access.fields(self.actor, action, type_.name)
        return self._fields[key]

    @contextmanager
    def in_batch(self, batch: UUID) -> Iterator[None]:
        """Write as one batch, which can be taken back as one."""
        self.flush()
        before, self.batch = self.batch, batch
        try:
            yield
            self.flush()
        finally:
            self.batch = before

    @contextmanager
    def elevated_batch(self, batch: UUID) -> Iterator[None]:
        """Write as one batch and beyond what the actor may see, as a merge must: every
        relation of a duplicate moves, visible to the actor or not."""
        with self.in_batch(batch):
            before, self.elevated = self.elevated, True
            try:
                yield
                self.flush()
            finally:
                self.elevated = before

    # Reading

    def get(self, entity: str, id_: UUID) -> Record:
        """The record; ``NotFoundError`` where it is absent or hidden."""
        return read.get(self, entity, id_)

    def find(self, entity: str, /, **values: Any) -> Record | None:
        """The one unarchived record with those values, or ``None``."""
        return read.find(self, entity, **values)

    def page(self, entity: str, query: Query | None = None) -> Page:
        """One page of a list."""
        return read.page(self, entity, query or Query())

    def count(self, entity: str, query: Query | None = None) -> int:
        return counting.count(self, entity, query or Query())

    def sums(
        self, entity: str, query: Query | None = None, *, by: Sequence[str], of: Sequence[str] = ()
    ) -> list[dict[str, Any]]:
        """Counts and sums, grouped; money only within one currency."""
        return counting.sums(self, entity, query or Query(), by=by, of=of)

    def titles(self, entity: str, ids: Iterable[UUID]) -> dict[UUID, str]:
        return read.titles(self, entity, ids)

    def reference_titles(self, entity: str, records: Iterable[Record]) -> dict[UUID, str]:
        """The titles of everything those records refer to."""
        return read.reference_titles(self, self.type(entity), records)

    def search(self, text: str, *, size: int = 5) -> dict[str, list[Record]]:
        return read.search(self, text, size=size)

    # Writing

    def create(
        self,
        entity: str,
        values: Mapping[str, Any],
        *,
        note: Mapping[str, Any] | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> Record:
        """A new record. ``facts`` are values of read-only fields that the caller knows
        better than the system, such as an import's ``created_at``."""
        return write.create(self, entity, values, note=note, facts=facts)

    def update(
        self,
        entity: str,
        id_: UUID,
        values: Mapping[str, Any],
        *,
        expect: int | None = None,
        note: Mapping[str, Any] | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> Record:
        """Change some values. ``expect`` is the version the caller saw; ``StaleError`` if it is another.
        ``facts`` are values of read-only fields that code of the owning plugin derives."""
        return write.update(self, entity, id_, values, expect=expect, note=note, facts=facts)

    def archive(self, entity: str, id_: UUID, *, expect: int | None = None) -> Record:
        return write.set_archived(self, entity, id_, True, expect=expect)

    def restore(self, entity: str, id_: UUID, *, expect: int | None = None) -> Record:
        return write.set_archived(self, entity, id_, False, expect=expect)

    def bulk_create(
        self,
        entity: str,
        items: Sequence[Mapping[str, Any]],
        *,
        notes: Sequence[Mapping[str, Any] | None] | None = None,
        facts: Sequence[Mapping[str, Any] | None] | None = None,
    ) -> list[Record | TenonError]:
        """Many new records; what is wrong with one does not stop the others."""
        return write.bulk_create(self, entity, items, notes=notes, facts=facts)

    def bulk_update(
        self,
        entity: str,
        items: Sequence[tuple[UUID, Mapping[str, Any], int | None]],
        *,
        notes: Sequence[Mapping[str, Any] | None] | None = None,
    ) -> list[Record | TenonError]:
        """Change many records, each ``(id, values, expected version or None)``."""
        return write.bulk_update(self, entity, items, notes=notes)

    def bulk_archive(
        self, entity: str, ids: Sequence[UUID], *, archived: bool = True
    ) -> list[Record | TenonError]:
        return write.bulk_archive(self, entity, ids, archived)

    def as_system(self, reason: str) -> Work:
        """The system at work in the same transaction, for what follows from the actor's writes.

        It has its own flush; ``reason`` stands in the audit trail.
        """
        found = Work(
            self.records, self.unguarded, system(reason), via=self.via, now=self.now, batch=self.batch,
            writable=self.writable,
        )  # fmt: skip
        found.registry = self.registry
        found._sessions = self._sessions
        found._origin = self._origin if self.actor.is_system else self.actor
        found._tell_system_use()
        return found

    def flush(self) -> None:
        """Write what the writes so far entail: audit rows, history, events."""
        for session in self._sessions:
            session.flush()
            session.expire_all()
        write.flush(self)
