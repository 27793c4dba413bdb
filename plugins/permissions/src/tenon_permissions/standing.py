"""Where somebody stands: to whom grants have to be made to reach them, how many report to them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tenon.api import Actor, system

from .models import Grant, Territory, TerritoryMember

KEPT_SECONDS = 1.0
MOST_KEPT = 10_000
FEW = 64


@dataclass(frozen=True)
class Standing:
    """``principals`` are the ids of the person, their team and those it is part of, their territories and
    those within. ``now`` is set where some grant to them ends one day; ``few`` says that a list may
    ask for each of the people who report to them in turn."""

    principals: frozenset[UUID]
    now: datetime | None = None
    few: bool = False


class Standings:
    """Remembers where people stand for a second."""

    def __init__(self, tenon: Any) -> None:
        self._tenon = tenon
        self._kept: dict[UUID, tuple[float, Standing]] = {}
        self._lock = Lock()

    def of(self, actor: Actor) -> Standing:
        if actor.id is None:
            return Standing(frozenset())
        found = self._kept.get(actor.id)
        if found is not None and time.monotonic() - found[0] < KEPT_SECONDS:
            return found[1]
        standing = self._read(actor)
        with self._lock:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[actor.id] = (time.monotonic(), standing)
        return standing

    def forget(self) -> None:
        """Look again: something changed in this process."""
        with self._lock:
            self._kept.clear()

    def _read(self, actor: Actor) -> Standing:
        with self._tenon.records.reading(system("where somebody stands")) as work:
            connection, now = work.connection, work.now
            principals = principals_of(connection, actor, self._teams())
            ends = connection.execute(
                sa.select(sa.literal(1)).where(Grant.principal_id.in_(principals), Grant.until > now).limit(1)
            ).first()
            few = (
                work.dialect == "postgresql"
                and self._tenon.identity.org.size_below(actor.id, connection) <= FEW
            )
        return Standing(principals, now if ends else None, few)

    def _teams(self) -> sa.FromClause:
        found: sa.FromClause = self._tenon.records.registry_without_customers["team"].table
        return found


def principals_of(connection: Connection, actor: Actor, teams: sa.FromClause) -> frozenset[UUID]:
    """The ids that a grant can be made to in order to reach the actor."""
    if actor.id is None:
        return frozenset()
    found = {actor.id}
    if actor.team_id is not None:
        parents = connection.execute(sa.select(teams.c.id, teams.c.parent_id)).all()
        found |= _above(actor.team_id, {row[0]: row[1] for row in parents})
    mine = set(
        connection.execute(
            sa.select(TerritoryMember.territory_id).where(
                TerritoryMember.user_id == actor.id, TerritoryMember.archived_at.is_(None)
            )
        ).scalars()
    )
    if mine:
        found |= _within(mine, connection.execute(sa.select(Territory.id, Territory.parent_id)).all())
    return frozenset(found)


def _above(team: UUID | None, parents: dict[UUID, UUID | None]) -> set[UUID]:
    found: set[UUID] = set()
    while team is not None and team not in found:
        found.add(team)
        team = parents.get(team)
    return found


def _within(mine: set[UUID], territories: Iterable[Any]) -> set[UUID]:
    rows, found = list(territories), set(mine)
    grown = True
    while grown:
        inner = {id_ for id_, parent in rows if parent in found} - found
        found |= inner
        grown = bool(inner)
    return found
