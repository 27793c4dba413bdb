"""Who is meant by an approver's ref: users, their managers, teams, roles, owners."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ..identity.actors import may_act
from ..identity.models import Team, User

if TYPE_CHECKING:
    from ..records.record import Record

MOST_TEAMS = 50


def people(
    connection: Connection, refs: Iterable[str], requester: UUID | None, record: Record
) -> frozenset[UUID]:
    """Everybody that ``refs`` name who can sign in; see :class:`~tenon.plugin.contributions.ApprovalStep`."""
    found: set[UUID] = set()
    for ref in refs:
        found |= _named(connection, ref, requester, record)
    return active(connection, found)


def _named(connection: Connection, ref: str, requester: UUID | None, record: Record) -> set[UUID]:
    kind, _, name = ref.partition(":")
    if kind == "user":
        return set(connection.scalars(sa.select(User.id).where(User.email == name.strip().lower())))
    if kind == "team":
        members = sa.select(User.id).join(Team, Team.id == User.team_id)
        return set(connection.scalars(members.where(Team.name == name, Team.archived_at.is_(None))))
    if kind == "role":
        rows = connection.execute(sa.select(User.id, User.roles).where(may_act()))
        return {row.id for row in rows if name in (row.roles or ())}
    if kind in ("field", "owner"):
        found = record.get(name or "owner_id")
        return {found} if isinstance(found, UUID) else set()
    above = int(ref.removeprefix("manager") or 0) + 1
    found = manager(connection, requester, above) if requester is not None else None
    return {found} if found is not None else set()


def active(connection: Connection, ids: Iterable[UUID]) -> frozenset[UUID]:
    """Those of ``ids`` who are neither disabled nor archived."""
    wanted = set(ids)
    if not wanted:
        return frozenset()
    return frozenset(connection.scalars(sa.select(User.id).where(User.id.in_(wanted), may_act())))


def managers(connection: Connection, ids: Iterable[UUID]) -> frozenset[UUID]:
    """The managers of those people who can sign in."""
    found = {manager(connection, id_) for id_ in ids}
    return active(connection, [id_ for id_ in found if id_ is not None])


def manager(connection: Connection, user: UUID, above: int = 1) -> UUID | None:
    """The manager of ``user``; of that one's manager for ``above`` 2, and so on."""
    found: UUID | None = user
    for _step in range(above):
        found = _manager(connection, found) if found is not None else None
    return found


def _manager(connection: Connection, user: UUID) -> UUID | None:
    """A user's own manager, else that of the nearest team above whom somebody else leads."""
    row = connection.execute(sa.select(User.manager_id, User.team_id).where(User.id == user)).first()
    if row is None:
        return None
    if row.manager_id is not None:
        found: UUID = row.manager_id
        return found
    team = row.team_id
    for _level in range(MOST_TEAMS):
        above = connection.execute(sa.select(Team.manager_id, Team.parent_id).where(Team.id == team)).first()
        if above is None:
            return None
        if above.manager_id is not None and above.manager_id != user:
            leader: UUID = above.manager_id
            return leader
        team = above.parent_id
    return None
