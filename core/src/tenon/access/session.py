"""The session that plugins query with: SQLAlchemy's own, within what somebody may see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.sql import dml, functions, selectable, visitors
from sqlalchemy.util import IdentitySet

from ..errors import ForbiddenError
from ..identity.actor import Actor
from ..messages import _
from . import guard, private
from .net import Net
from .opaque import refused
from .rules import Rules
from .shadow import Beneath, shadow

OPTIONS = frozenset(
    {
        "autoflush",
        "future_result",
        "max_row_buffer",
        "populate_existing",
        "prebuffer_rows",
        "stream_results",
        "synchronize_session",
        "yield_per",
        # SQLAlchemy's own, from one of its statements to the next
        "_result_disable_adapt_to_context",
        "_sa_orm_load_options",
        "_sa_orm_update_options",
    }
)


class GuardedSession(Session):
    """Queries on behalf of ``actor``, in the transaction of one unit of work.

    Every table that a statement names is only what ``rules`` let the actor see of it. SQL that
    nobody can look into is refused with :class:`tenon.errors.ForbiddenError`. Records are not
    written here; rows of a plugin's own tables are, as far as their rule goes. For the system
    nothing is filtered and any SQL runs.
    """

    def __init__(
        self,
        connection: Connection,
        actor: Actor,
        rules: Rules,
        beneath: Beneath,
        *,
        writable: bool = True,
    ) -> None:
        if not isinstance(actor, Actor) or rules is None:
            raise ForbiddenError(
                _("A session needs to know who asks and what they may see"),
                hint=_("Use work.session of a unit of work."),
            )
        super().__init__(join_transaction_mode="rollback_only")
        self.actor = actor
        self.rules = rules
        self.writable = writable
        self.checked = IdentitySet()
        """What a flush has looked at before it began."""
        self.on_refusal: Callable[[], None] = lambda: None
        """Called when a statement is refused, for whoever keeps a log of it."""
        self._connection = connection
        self._beneath = beneath
        self._shadows: dict[sa.Table, sa.CTE | None] = {}
        self._read: dict[sa.CTE, frozenset[str]] = {}
        self.net: Net | None = None
        self._inside = 0

    @property
    def unrestricted(self) -> bool:
        """Whether this is the system's session."""
        return self.actor.is_system

    def get_bind(self, *_args: Any, **_options: Any) -> Connection:
        """The connection, for SQLAlchemy's own use while it runs a statement."""
        if not self._inside and not self.unrestricted:
            self.on_refusal()
            raise refused(_("get_bind(), which leads to the bare connection"))
        return self._connection

    def _execute_internal(self, *args: Any, **options: Any) -> Any:
        self._inside += 1
        try:
            return super()._execute_internal(*args, **options)
        finally:
            self._inside -= 1
            if self.net is not None:
                self.net.only(self._connection, None)

    def flush(self, objects: Any = None) -> None:
        """Write what is new and changed in rows of the plugin's own tables."""
        self._inside += 1
        try:
            super().flush(objects)
        finally:
            self._inside -= 1

    def guarded(self, state: ORMExecuteState) -> Any:
        """The statement with what it may see in the place of every table; ``ForbiddenError``."""
        statement = _looked_into(state.statement)
        found = guard.named(statement, self._beneath.metadata)
        if not (state.is_relationship_load or state.is_column_load):
            self._refuse_options(state)
            self._refuse_hidden(found)
        if isinstance(statement, dml.UpdateBase):
            statement = private.within_reach(self, statement, state.parameters)
            if not found.nested and len(found.tables) == 1:
                return statement
        return self._shadowed(statement, found)

    def _refuse_options(self, state: ORMExecuteState) -> None:
        for option in state.execution_options:
            if option not in OPTIONS:
                raise refused(_("the execution option %(name)s", name=option))

    def _refuse_hidden(self, found: guard.Named) -> None:
        for table, key in found.columns:
            if key in self.rules.reach(table).hidden:
                raise self.rules.no_column(table, key)

    def _shadowed(self, statement: Any, found: guard.Named) -> Any:
        shadows = [s for s in map(self.shadow, found.loaded) if s is not None]
        if self.net is not None and not isinstance(statement, dml.UpdateBase):
            # SQLAlchemy flushes what is new and changed before it asks.
            self._autoflush()
            reads = {table.name for table in found.loaded}.union(*map(self._reads, shadows))
            self.net.only(self._connection, frozenset(reads))
        return statement.add_cte(*shadows) if shadows else statement

    def shadow(self, table: sa.Table) -> sa.CTE | None:
        """What stands in the place of ``table``; ``None`` where all of it may be seen."""
        if table not in self._shadows:
            reach = self.rules.reach(table)
            self._shadows[table] = None if reach.whole else shadow(table, reach, self._beneath)
        return self._shadows[table]

    def ask(self, question: sa.Select[tuple[bool]]) -> bool:
        """The answer to a question of the guard's own."""
        return bool(self._connection.execute(question).scalar_one())

    def _reads(self, hiding: sa.CTE) -> frozenset[str]:
        """The tables that a shadow is made of: its own, and those that its predicate looks at."""
        if hiding not in self._read:
            parts = visitors.iterate(hiding)
            self._read[hiding] = frozenset(part.name for part in parts if isinstance(part, sa.Table))
        return self._read[hiding]

    def beneath(self, sql: Any) -> Any:
        """``sql`` with every table under its full name, which nothing stands in the place of."""
        return self._beneath.named(sql)


def _looked_into(statement: Any) -> Any:
    if isinstance(statement, functions.FunctionElement):
        return sa.select(statement)
    if not isinstance(statement, selectable.SelectBase | dml.UpdateBase):
        # what is of no kind known here may hold anything
        guard.named(statement)
        raise refused(_("a statement of the kind %(kind)s", kind=type(statement).__name__))
    return statement


def _bare(name: str) -> Callable[..., Any]:
    """A method that leads around the guard, or around the write path: the system's alone."""
    original = getattr(Session, name)

    def method(self: GuardedSession, *args: Any, **options: Any) -> Any:
        if not self.unrestricted:
            self.on_refusal()
            raise refused(f"{name}()")
        return original(self, *args, **options)

    method.__name__ = name
    method.__doc__ = f"Refused: {original.__doc__}"
    return method


def _works(name: str) -> Callable[..., Any]:
    """A method that the unit of work does by itself."""

    def method(self: GuardedSession, *_args: Any, **_options: Any) -> Any:
        raise ForbiddenError(
            _("work.session cannot do %(name)s: the transaction is the work's", name=f"{name}()"),
            hint=_("Leave the block of records.writing, or raise an error to undo everything."),
        )

    method.__name__ = name
    return method


for _name in ("connection", "merge", "merge_all", "bulk_save_objects", "bulk_insert_mappings"):
    setattr(GuardedSession, _name, _bare(_name))
GuardedSession.bulk_update_mappings = _bare("bulk_update_mappings")  # type: ignore[method-assign]
for _name in ("begin", "begin_nested", "commit", "rollback", "prepare"):
    setattr(GuardedSession, _name, _works(_name))


@event.listens_for(GuardedSession, "do_orm_execute")
def _look(state: ORMExecuteState) -> None:
    session: Any = state.session
    if session.unrestricted:
        return
    try:
        state.statement = session.guarded(state)
    except ForbiddenError:
        session.on_refusal()
        raise


@event.listens_for(GuardedSession, "before_attach")
def _only_new(_session: Session, instance: Any) -> None:
    if sa.inspect(instance).key is not None:
        raise ForbiddenError(
            _("An object that another session loaded cannot be taken into this one"),
            hint=_("Load it here: work.session.get(Model, id)."),
        )
