"""The org tree to look at: people in the order of a chart, and teams in that of their tree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from .models import Team, User
from .org import LINES, Person
from .reporting import Reporting

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class ChartLine:
    """A person in the chart, ``depth`` steps from its top.

    Who has several superiors stands below one of them; ``also`` are the others. ``below`` counts
    everybody below them, ``reports`` those who stand right below them in this chart.
    """

    id: UUID
    name: str
    title: str | None
    active: bool
    depth: int
    reports: int
    below: int
    also: tuple[Person, ...]


@dataclass(frozen=True)
class TeamLine:
    """A team in the tree, ``depth`` steps from its top, with its manager and its own members."""

    id: UUID
    name: str
    region: str | None
    manager: Person | None
    depth: int
    teams: int
    members: tuple[Person, ...]


def chart(connection: Connection) -> list[ChartLine]:
    """Everybody, each after who they stand below. Archived people without reports are left out."""
    columns = (User.id, User.name, User.title, User.active, User.archived_at, User.manager_id)
    users = {row.id: row for row in connection.execute(sa.select(*columns))}
    superiors = Reporting(connection).everybody()
    leading = {above for found in superiors.values() for above in found}
    shown = {id_: row for id_, row in users.items() if row.archived_at is None or id_ in leading}
    first = {id_: _first(row, superiors[id_], users) for id_, row in shown.items()}
    counted = sa.select(LINES.c.above_id, sa.func.count() - 1).group_by(LINES.c.above_id)
    below: dict[UUID, int] = {row[0]: row[1] for row in connection.execute(counted)}
    return [
        ChartLine(
            id_, shown[id_].name, shown[id_].title, shown[id_].active, depth, reports, below.get(id_, 0),
            tuple(_people(superiors[id_] - {first[id_]}, users)),
        )
        for id_, depth, reports in _tree(first, key=lambda id_: (shown[id_].name, id_))
    ]  # fmt: skip


def team_tree(connection: Connection) -> list[TeamLine]:
    """Every team that is not archived, each after the one it belongs to."""
    columns = (Team.id, Team.name, Team.region, Team.parent_id, Team.manager_id)
    rows = connection.execute(sa.select(*columns).where(Team.archived_at.is_(None)))
    teams = {row.id: row for row in rows}
    people = {row.id: row for row in connection.execute(sa.select(User.id, User.name, User.team_id))}
    present = sa.select(User.id, User.team_id).where(User.archived_at.is_(None))
    members: dict[UUID | None, list[UUID]] = defaultdict(list)
    for id_, team_id in connection.execute(present):
        members[team_id].append(id_)
    parents = {id_: row.parent_id if row.parent_id in teams else None for id_, row in teams.items()}
    return [
        TeamLine(
            id_, teams[id_].name, teams[id_].region, next(_people([teams[id_].manager_id], people), None),
            depth, below, tuple(_people(members[id_], people)),
        )
        for id_, depth, below in _tree(parents, key=lambda id_: (teams[id_].name, id_))
    ]  # fmt: skip


def _first(row: sa.Row[Any], superiors: frozenset[UUID], users: Mapping[UUID, Any]) -> UUID | None:
    """The superior somebody stands below: their own manager, else the first by name."""
    if row.manager_id in superiors:
        found: UUID = row.manager_id
        return found
    return next((person.id for person in _people(superiors, users)), None)


def _people(ids: Iterable[UUID | None], users: Mapping[UUID, Any]) -> Iterator[Person]:
    known = [Person(id_, users[id_].name) for id_ in ids if id_ is not None and id_ in users]
    return iter(sorted(known, key=lambda person: (person.name, person.id)))


def _tree(parents: Mapping[K, K | None], key: Callable[[K], Any]) -> Iterator[tuple[K, int, int]]:
    """Each item after its parent, with its depth and how many stand right below it.

    What goes round in a circle begins at its first item.
    """
    children: dict[K | None, list[K]] = defaultdict(list)
    for item in sorted(parents, key=key, reverse=True):
        children[parents[item]].append(item)
    seen: set[K] = set()
    starts = [*sorted(children[None], key=key), *sorted(parents, key=key)]
    for start in starts:
        waiting = [(start, 0)]
        while waiting:
            item, depth = waiting.pop()
            if item in seen:
                continue
            seen.add(item)
            below = [child for child in children[item] if child not in seen]
            yield item, depth, len(below)
            waiting.extend((child, depth + 1) for child in below)
