"""Who reports to whom, as users and teams say it.

A user's superiors are their own manager; the nearest manager up from their team who is
somebody else; and, for each team they lead, the nearest manager up from its parent who is
somebody else. So people can have several superiors, and whoever is archived or disabled
keeps their place.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from .models import Team, User

# Databases bound the number of parameters of a statement.
AT_ONCE = 500


@dataclass(frozen=True)
class Seat:
    """Where a user stands."""

    manager_id: UUID | None = None
    team_id: UUID | None = None


@dataclass(frozen=True)
class Unit:
    """Where a team stands."""

    parent_id: UUID | None = None
    manager_id: UUID | None = None


@dataclass(frozen=True)
class Proposal:
    """Places that users and teams are about to have, over those that the database holds."""

    users: Mapping[UUID, Seat] = field(default_factory=dict)
    teams: Mapping[UUID, Unit] = field(default_factory=dict)


class Reporting:
    """The direct lines. Teams are read at once, users as they are asked for."""

    def __init__(self, connection: Connection, proposal: Proposal = Proposal()) -> None:
        self._connection = connection
        self._proposal = proposal
        self.teams: dict[UUID, Unit] = {**_teams(connection), **proposal.teams}
        self._led: dict[UUID, list[UUID]] = defaultdict(list)
        for id_, team in self.teams.items():
            if team.manager_id is not None:
                self._led[team.manager_id].append(id_)
        self._superiors: dict[UUID, frozenset[UUID]] = {}

    def everybody(self) -> dict[UUID, frozenset[UUID]]:
        """The superiors of every user there is."""
        self._note(self._connection.execute(_SEATS))
        return self._superiors

    def superiors_of(self, users: Iterable[UUID]) -> dict[UUID, frozenset[UUID]]:
        """The superiors of those users; those who do not exist are left out."""
        wanted = set(users)
        for chunk in chunks(wanted - self._superiors.keys()):
            self._note(self._connection.execute(_SEATS.where(User.id.in_(chunk))))
        return {user: self._superiors[user] for user in wanted if user in self._superiors}

    def climb(self, user: UUID) -> dict[UUID, UUID | None]:
        """Everybody above ``user``, each with the one below by whom they were first reached."""
        reached: dict[UUID, UUID | None] = {user: None}
        level = [user]
        while level:
            superiors = self.superiors_of(level)
            found = {above: below for below in level for above in sorted(superiors.get(below, ()))}
            level = [above for above in found if above not in reached]
            reached.update((above, found[above]) for above in level)
        return reached

    def teams_below(self, teams: Iterable[UUID]) -> set[UUID]:
        """Those teams and all that belong to them."""
        children: dict[UUID | None, list[UUID]] = defaultdict(list)
        for id_, team in self.teams.items():
            children[team.parent_id].append(id_)
        found = set(teams)
        waiting = deque(found)
        while waiting:
            fresh = [child for child in children[waiting.popleft()] if child not in found]
            found.update(fresh)
            waiting.extend(fresh)
        return found

    def people_of(self, teams: Iterable[UUID]) -> set[UUID]:
        """Members and managers of those teams and of all that belong to them."""
        below = self.teams_below(teams)
        found = {id_ for team in below & self.teams.keys() if (id_ := self.teams[team].manager_id)}
        for chunk in chunks(below):
            found.update(self._connection.scalars(sa.select(User.id).where(User.team_id.in_(chunk))))
        return found

    def teams_above(self, team: UUID) -> list[UUID]:
        """The teams that ``team`` belongs to, the nearest first; ends where it comes round again."""
        found: list[UUID] = []
        above = self._parent(team)
        while above is not None and above not in found:
            found.append(above)
            above = self._parent(above)
        return found

    def _note(self, rows: Iterable[sa.Row[UUID, UUID | None, UUID | None]]) -> None:
        for id_, manager_id, team_id in rows:
            seat = self._proposal.users.get(id_) or Seat(manager_id, team_id)
            self._superiors[id_] = frozenset(self._above(id_, seat))

    def _above(self, user: UUID, seat: Seat) -> Iterator[UUID]:
        if seat.manager_id is not None and seat.manager_id != user:
            yield seat.manager_id
        parents = [self.teams[team].parent_id for team in self._led.get(user, ())]
        for start in {seat.team_id, *parents}:
            leader = self._leader(start, user)
            if leader is not None:
                yield leader

    def _leader(self, team: UUID | None, user: UUID) -> UUID | None:
        """The nearest manager from ``team`` on upwards who is not ``user``."""
        if team is None or team not in self.teams:
            return None
        managers = (self.teams[id_].manager_id for id_ in (team, *self.teams_above(team)))
        return next((manager for manager in managers if manager not in (None, user)), None)

    def _parent(self, team: UUID) -> UUID | None:
        parent = self.teams[team].parent_id
        return parent if parent in self.teams else None


def chain(reached: Mapping[UUID, UUID | None], to: UUID) -> list[UUID]:
    """The way that :meth:`Reporting.climb` took, from where it began up to ``to``."""
    found = [to]
    while (below := reached[found[-1]]) is not None:
        found.append(below)
    return found[::-1]


def chunks(ids: Iterable[UUID]) -> Iterator[list[UUID]]:
    """``ids`` in lists that fit into one statement."""
    waiting = iter(ids)
    while chunk := list(islice(waiting, AT_ONCE)):
        yield chunk


_SEATS = sa.select(User.id, User.manager_id, User.team_id)


def _teams(connection: Connection) -> dict[UUID, Unit]:
    rows = connection.execute(sa.select(Team.id, Team.parent_id, Team.manager_id))
    return {id_: Unit(parent_id, manager_id) for id_, parent_id, manager_id in rows}
