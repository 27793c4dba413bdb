"""Where somebody stands: to whom grants have to be made to reach them, how many report to them."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tenon.api import Actor, system

from .models import Grant, Territory, TerritoryMember

KEPT_SECONDS = 0.5
MOST_KEPT = 10_000
FEW = 64
TERRITORIES = sa.select(Territory.id, Territory.parent_id).where(Territory.archived_at.is_(None))
"""Every territory that is not archived, with the one that it is within."""


@dataclass(frozen=True)
class Standing:
    """``principals`` are the ids of the person, their team and those it is part of, their territories and
    those within. ``ends`` says that some grant to them ends one day, ``few`` says that a list may
    ask for each of the people who report to them in turn."""

    principals: frozenset[UUID]
    ends: bool = False
    few: bool = False


class Standings:
    """Remembers where people stand for half a second.

    Somebody who was moved to another team may be known as a member of the old one for a second; so where
    they stand is remembered for that team, and not any longer for the person.
    """

    def __init__(self, tenon: Any) -> None:
        self._tenon = tenon
        self._kept: dict[tuple[UUID, UUID | None], tuple[float, Standing]] = {}
        self._lock = Lock()

    def of(self, actor: Actor) -> Standing:
        if actor.id is None:
            return Standing(frozenset())
        key, began = (actor.id, actor.team_id), time.monotonic()
        found = self._kept.get(key)
        if found is not None and began - found[0] < KEPT_SECONDS:
            return found[1]
        standing = self._read(actor)
        with self._lock:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[key] = (began, standing)
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
        return Standing(principals, ends is not None, few)

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
        found |= teams_above(actor.team_id, {row[0]: row[1] for row in parents})
    mine = set(
        connection.execute(
            sa.select(TerritoryMember.territory_id).where(
                TerritoryMember.user_id == actor.id, TerritoryMember.archived_at.is_(None)
            )
        ).scalars()
    )
    if mine:
        found |= territories_within(mine, connection.execute(TERRITORIES).all())
    return frozenset(found)


def teams_above(team: UUID | None, parents: Mapping[UUID, UUID | None]) -> set[UUID]:
    """A team and all that it is part of."""
    found: set[UUID] = set()
    while team is not None and team not in found:
        found.add(team)
        team = parents.get(team)
    return found


def territories_within(mine: Collection[UUID], territories: Iterable[Any]) -> set[UUID]:
    """Some territories and all within them; ``territories`` are rows of id and parent, and what is not
    among them counts for nothing."""
    rows = list(territories)
    found = {id_ for id_, _parent in rows if id_ in mine}
    grown = True
    while grown:
        inner = {id_ for id_, parent in rows if parent in found} - found
        found |= inner
        grown = bool(inner)
    return found
