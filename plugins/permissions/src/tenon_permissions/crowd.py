"""Everybody at once: who stands where, for questions about all people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tenon.api import Actor, Work

from .models import TerritoryMember
from .snapshot import ADMIN, EVERYONE
from .standing import TERRITORIES, teams_above, territories_within

Sets = Mapping[UUID | None, frozenset[UUID]]


@dataclass(frozen=True)
class Crowd:
    """Everybody who may sign in, by name.

    ``below`` has for each person those who report to them, with themselves; ``members`` for each
    team its people; ``principals`` for each person the ids that a grant can be made to in order
    to reach them.
    """

    people: tuple[Actor, ...]
    below: Sets
    members: Sets
    principals: Sets


def crowd_of(tenon: Any, work: Work) -> Crowd:
    """Everybody, in a handful of queries. ``work`` is the system's."""
    connection, org = work.connection, tenon.identity.org
    types = tenon.records.registry_without_customers
    users, teams = types["user"].table, types["team"].table
    people = tuple(sorted(tenon.identity.users.actors(connection), key=lambda actor: actor.name))
    return Crowd(
        people,
        _sets(connection, org.below(users.c.id).add_columns(users.c.id)),
        _sets(connection, org.members(teams.c.id).add_columns(teams.c.id)),
        _principals(connection, people, teams),
    )


def holders(role: str, people: Sequence[Any]) -> list[Any]:
    """Those of some users who have a role: by being given it, or by itself."""
    if role == EVERYONE:
        return list(people)
    return [person for person in people if role in person.roles or (role == ADMIN and person.admin)]


def _sets(connection: Connection, pairs: sa.Select[Any]) -> Sets:
    """Rows of a person and whom they belong to, as sets."""
    found: dict[UUID | None, set[UUID]] = defaultdict(set)
    for person, of in connection.execute(pairs):
        found[of].add(person)
    return {key: frozenset(ids) for key, ids in found.items()}


def _principals(connection: Connection, people: tuple[Actor, ...], teams: sa.FromClause) -> Sets:
    parents = {row.id: row.parent_id for row in connection.execute(sa.select(teams.c.id, teams.c.parent_id))}
    territories = connection.execute(TERRITORIES).all()
    mine = _sets(
        connection,
        sa.select(TerritoryMember.territory_id, TerritoryMember.user_id).where(
            TerritoryMember.archived_at.is_(None)
        ),
    )
    found: dict[UUID | None, frozenset[UUID]] = {}
    for actor in people:
        reached = {actor.id} if actor.id else set()
        reached |= teams_above(actor.team_id, parents)
        reached |= territories_within(mine[actor.id], territories) if actor.id in mine else set()
        found[actor.id] = frozenset(reached)
    return found
