"""Voting for somebody who is away, between two moments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa

from ..errors import ForbiddenError, InvalidError, NotFoundError, Problem
from ..messages import _
from ..storage.ids import new_id
from . import directory
from .models import Delegation as DelegationRow

if TYPE_CHECKING:
    from ..records.work import Work

TABLE: sa.Table = DelegationRow.__table__  # type: ignore[assignment]


@dataclass(frozen=True)
class Delegation:
    """``delegate_id`` may vote for ``user_id`` from ``starts_at`` until before ``ends_at``."""

    id: UUID
    user_id: UUID
    delegate_id: UUID
    starts_at: datetime
    ends_at: datetime


def delegate(work: Work, to: UUID, starts_at: datetime, ends_at: datetime) -> Delegation:
    """Let ``to`` vote for the actor for a time. It is not passed on, and never
    lets anybody vote on a request of their own."""
    me = work.actor.id
    if me is None:
        raise ForbiddenError(_("The system does not delegate"))
    problems = []
    if to == me:
        problems.append(Problem("/to", "self", _("Choose somebody else")))
    elif not directory.active(work.unguarded, [to]):
        problems.append(Problem("/to", "unknown", _("Choose somebody who can sign in")))
    if ends_at <= starts_at or ends_at <= work.now:
        problems.append(Problem("/ends_at", "date", _("The end lies after the start and in the future")))
    if problems:
        raise InvalidError(problems=problems)
    made = Delegation(new_id(), me, to, starts_at, ends_at)
    work.unguarded.execute(sa.insert(TABLE).values(**vars(made), created_at=work.now))
    return made


def revoke(work: Work, id_: UUID) -> None:
    """End a delegation of the actor's own, or as an administrator anybody's."""
    mine = TABLE.c.id == id_, TABLE.c.revoked_at.is_(None)
    owned = () if work.actor.admin else (TABLE.c.user_id == work.actor.id,)
    done = work.unguarded.execute(sa.update(TABLE).where(*mine, *owned).values(revoked_at=work.now))
    if not done.rowcount:
        raise NotFoundError(_("There is no delegation %(id)s of yours", id=id_))


def delegations(work: Work) -> list[Delegation]:
    """The delegations from and to the actor that have not ended, by their start."""
    me = work.actor.id
    columns = (TABLE.c.id, TABLE.c.user_id, TABLE.c.delegate_id, TABLE.c.starts_at, TABLE.c.ends_at)
    found = sa.select(*columns).where(
        sa.or_(TABLE.c.user_id == me, TABLE.c.delegate_id == me),
        TABLE.c.revoked_at.is_(None),
        TABLE.c.ends_at > work.now,
    )
    return [Delegation(**row._mapping) for row in work.unguarded.execute(found.order_by(TABLE.c.starts_at))]


def seats_of(work: Work, person: UUID) -> dict[UUID, frozenset[UUID]]:
    """``{person: everybody who delegated to them for now}``."""
    found = sa.select(TABLE.c.user_id).where(
        TABLE.c.delegate_id == person,
        TABLE.c.revoked_at.is_(None),
        TABLE.c.starts_at <= work.now,
        TABLE.c.ends_at > work.now,
    )
    return {person: frozenset(work.unguarded.scalars(found))}
