"""Writing through a guarded session: rows of plugins' own tables, within the records one may change.

Records themselves are written by ``work.create`` and ``work.update`` alone, where they are
validated, guarded, kept in the history and told of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapper, Session, object_session

from ..errors import ForbiddenError
from ..messages import _
from ..storage.base import Base
from . import guard
from .opaque import refused
from .rules import Changeable

if TYPE_CHECKING:
    from .session import GuardedSession


def within_reach(session: GuardedSession, statement: Any, parameters: Any) -> Any:
    """An ``update()`` or ``delete()`` of a plugin's own table, of the rows that may be written."""
    if isinstance(parameters, list | tuple):
        raise refused(_("many writes with one statement; change the objects instead"))
    table = guard.table_of(statement)
    rule = _rule(session, table)
    if any(getattr(key, "key", key) == rule.within for key in getattr(statement, "_values", None) or ()):
        raise refused(_("an update() that moves rows to other records"))
    return statement.where(table.c[rule.within].in_(session.beneath(rule.ids)))


def _rule(session: GuardedSession, table: sa.Table) -> Changeable:
    _refuse_records(session, table)
    if not session.writable:
        raise ForbiddenError(_("This unit of work only reads"), hint=_("Use records.writing."))
    rule = session.rules.changeable(table)
    if rule is None:
        raise ForbiddenError(
            _("No rule says who may write %(table)s", table=table.name),
            hint=_(
                "Give a PrivateTable from the hook private_tables, or write it as the system: "
                'work.as_system("the reason").session.'
            ),
        )
    return rule


def _refuse_records(session: GuardedSession, table: sa.Table) -> None:
    if session.rules.is_record(table):
        raise ForbiddenError(
            _("Records are not written by a session: %(table)s", table=table.name),
            hint=_("Use work.create, work.update or work.archive, which keep the history too."),
        )


@event.listens_for(Session, "before_flush")
def _before_flush(session: Session, *_args: Any) -> None:
    """Refuse what must not be written before anything is, so that the transaction goes on."""
    from .session import GuardedSession

    if not isinstance(session, GuardedSession):
        return
    session.checked.clear()
    for instance in [*session.new, *session.dirty, *session.deleted]:
        try:
            _check(session, instance)
        except ForbiddenError:
            session.expunge(instance)
            raise
        session.checked.add(instance)


@event.listens_for(Base, "before_insert", propagate=True)
@event.listens_for(Base, "before_update", propagate=True)
@event.listens_for(Base, "before_delete", propagate=True)
def _before_write(_mapper: Mapper[Any], _connection: Connection, target: Any) -> None:
    """The same for what a flush itself brings about, such as a link that a deletion empties."""
    from .session import GuardedSession

    session = object_session(target)
    if isinstance(session, GuardedSession) and target not in session.checked:
        _check(session, target)


def _check(session: GuardedSession, instance: Any) -> None:
    mapper = sa.inspect(instance).mapper
    for table in mapper.tables:
        _refuse_records(session, table)
    if not session.unrestricted:
        _refuse_links(instance)
        _check_row(session, mapper, instance)


def _refuse_links(instance: Any) -> None:
    """Rows that join two classes would be written without any rule being asked."""
    state = sa.inspect(instance)
    for relation in state.mapper.relationships:
        if relation.secondary is not None and state.attrs[relation.key].history.has_changes():
            raise refused(_("a change of %(name)s, whose rows have no class", name=relation.key))


def _check_row(session: GuardedSession, mapper: Mapper[Any], instance: Any) -> None:
    table: Any = mapper.local_table
    rule = _rule(session, table)
    state = sa.inspect(instance)
    if any(_is_sql(value) for value in state.dict.values()):
        raise refused(_("SQL as the value of an attribute"))
    allowed = session.beneath(rule.ids)
    within = table.c[rule.within]
    value = state.dict.get(mapper.get_property_by_column(within).key)
    asked: list[sa.ColumnElement[bool]] = []
    if state.key is not None:
        key = zip(mapper.primary_key, state.key[1], strict=True)
        asked.append(sa.exists().where(*(column == part for column, part in key), within.in_(allowed)))
    if value is not None or state.key is None:
        asked.append(sa.literal(value, within.type).in_(allowed))
    if not session.ask(sa.select(sa.and_(*asked))):
        raise ForbiddenError(
            _("You may not write this row of %(table)s", table=table.name),
            hint=_("It belongs to a record that you may not change, or that is not there."),
        )


def _is_sql(value: Any) -> bool:
    return isinstance(value, sa.ClauseElement) or hasattr(value, "__clause_element__")
