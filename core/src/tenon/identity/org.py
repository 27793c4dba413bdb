"""The org tree: everybody's place below everybody above them, ready for the database to filter by."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ..storage.engine import Storage
from .models import ReportingLine, User
from .reporting import Reporting, chunks

LINES: sa.Table = ReportingLine.__table__  # type: ignore[assignment]
# Any number that no other advisory lock of the database has: "tenonorg" in ASCII.
ORG_LOCK = int.from_bytes(b"tenonorg")

Places = dict[UUID, dict[UUID, int]]
"""By user, everybody at or above them with the distance."""


@dataclass(frozen=True)
class Person:
    """A user by name."""

    id: UUID
    name: str


@dataclass(frozen=True)
class Difference:
    """A reporting line that is stored otherwise than users and teams say. ``None`` is no line."""

    above_id: UUID
    below_id: UUID
    stored: int | None
    due: int | None


class Org:
    """Who stands above whom, kept as rows of ``identity_reporting_line``.

    The rows are brought in line by the transaction that changes a user or a team; whoever
    reads meanwhile sees those of before. Archived and disabled users keep their place.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    # For conditions of other queries

    def below(self, user: sa.ColumnElement[UUID]) -> sa.Select[Any]:
        """The ids of ``user`` and of all below them, for use in ``IN (…)``."""
        return sa.select(LINES.c.below_id).where(LINES.c.above_id == user)

    def members(self, team: sa.ColumnElement[Any]) -> sa.Select[Any]:
        """The ids of the users whose team is ``team``, for use in ``IN (…)``."""
        return sa.select(User.id).where(User.team_id == team)

    # Answers

    def people_below(self, user_id: UUID, connection: Connection | None = None) -> frozenset[UUID]:
        """The ids of a user and of all below them; none for a user who does not exist."""
        with self._reading(connection) as database:
            return frozenset(database.scalars(self.below(sa.literal(user_id, LINES.c.above_id.type))))

    def people_above(self, user_id: UUID, connection: Connection | None = None) -> frozenset[UUID]:
        """The ids of a user and of everybody they report to, at any distance."""
        above = sa.select(LINES.c.above_id).where(LINES.c.below_id == user_id)
        with self._reading(connection) as database:
            return frozenset(database.scalars(above))

    def people_in(self, team_id: UUID, connection: Connection | None = None) -> frozenset[UUID]:
        """The ids of a team's own members."""
        with self._reading(connection) as database:
            return frozenset(database.scalars(self.members(sa.literal(team_id, LINES.c.above_id.type))))

    def size_below(self, user_id: UUID, connection: Connection | None = None) -> int:
        """How many :meth:`people_below` are, the user among them."""
        counted = sa.select(sa.func.count()).where(LINES.c.above_id == user_id)
        with self._reading(connection) as database:
            return int(database.execute(counted).scalar_one())

    def path(
        self, above_id: UUID, below_id: UUID, connection: Connection | None = None
    ) -> tuple[Person, ...]:
        """A shortest chain from one user down to another, both included; empty where there is none."""
        with self._reading(connection) as database:
            steps = _between(database, above_id, below_id)
            direct = _direct(database, [person.id for step in steps for person in step])
        found: list[Person] = []
        for step in steps:
            found.append(next(p for p in step if not found or (found[-1].id, p.id) in direct))
        return tuple(found)

    def reports(self, user_id: UUID, connection: Connection | None = None) -> list[Person]:
        """Who reports to a user directly, by name."""
        direct = sa.select(LINES.c.below_id).where(LINES.c.above_id == user_id, LINES.c.distance == 1)
        return self._people(User.id.in_(direct), connection)

    def superiors(self, user_id: UUID, connection: Connection | None = None) -> list[Person]:
        """Whom a user reports to directly, by name."""
        direct = sa.select(LINES.c.above_id).where(LINES.c.below_id == user_id, LINES.c.distance == 1)
        return self._people(User.id.in_(direct), connection)

    def members_of(self, team_id: UUID, connection: Connection | None = None) -> list[Person]:
        """A team's own members who are not archived, by name."""
        return self._people(sa.and_(User.team_id == team_id, User.archived_at.is_(None)), connection)

    def teams_below(self, team_id: UUID, connection: Connection | None = None) -> frozenset[UUID]:
        """The ids of a team and of all that belong to it."""
        with self._reading(connection) as database:
            return frozenset(Reporting(database).teams_below([team_id]))

    def _people(self, condition: sa.ColumnElement[bool], connection: Connection | None) -> list[Person]:
        asked = sa.select(User.id, User.name).where(condition).order_by(User.name, User.id)
        with self._reading(connection) as database:
            return [Person(row.id, row.name) for row in database.execute(asked)]

    # Keeping the rows

    def lock(self, connection: Connection) -> None:
        """Let nobody else move people until this transaction ends.

        Two moves that are right alone can make a circle, and each would miss the other's rows.
        SQLite lets one transaction write at a time anyway.
        """
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(ORG_LOCK)))

    def add(self, connection: Connection, users: Iterable[UUID]) -> None:
        """Give new users without manager or team their place, which concerns nobody else."""
        rows = [{"above_id": id_, "below_id": id_, "distance": 0} for id_ in users]
        if rows:
            connection.execute(sa.insert(LINES), rows)

    def refresh(self, connection: Connection, users: Iterable[UUID] | None = None) -> int:
        """Bring the rows in line: all, or those that moves of these users concern.

        Only rows that differ are written; returns how many.
        """
        self.lock(connection)
        differences = self.differences(connection, users)
        self.write(connection, differences)
        return len(differences)

    def check(self, connection: Connection) -> list[Difference]:
        """Where the stored rows are not what users and teams say. Give it a snapshot."""
        return self.differences(connection)

    def differences(self, connection: Connection, users: Iterable[UUID] | None = None) -> list[Difference]:
        """What :meth:`refresh` would write."""
        reporting = Reporting(connection)
        if users is None:
            superiors = reporting.everybody()
            due = {user: _climb(user, superiors, {}) for user in superiors}
            return list(_compare(_stored(connection), due))
        moved = set(users)
        for chunk in chunks(set(moved)):
            below = sa.select(LINES.c.below_id).distinct().where(LINES.c.above_id.in_(chunk))
            moved.update(connection.scalars(below))
        due = _due(connection, reporting, moved)
        return list(_compare(_stored(connection, due), due))

    def write(self, connection: Connection, differences: Iterable[Difference]) -> None:
        """Make those rows what they are due to be, under the :meth:`lock` they were found under."""
        gone: dict[UUID, list[UUID]] = defaultdict(list)
        rows = []
        for d in differences:
            if d.stored is not None:
                gone[d.above_id].append(d.below_id)
            if d.due is not None:
                rows.append({"above_id": d.above_id, "below_id": d.below_id, "distance": d.due})
        for above, belows in gone.items():
            for chunk in chunks(belows):
                under = sa.and_(LINES.c.above_id == above, LINES.c.below_id.in_(chunk))
                connection.execute(sa.delete(LINES).where(under))
        if rows:
            connection.execute(sa.insert(LINES), rows)

    @contextmanager
    def _reading(self, connection: Connection | None) -> Iterator[Connection]:
        if connection is not None:
            yield connection
            return
        with self._storage.reading() as opened:
            yield opened


def _due(connection: Connection, reporting: Reporting, moved: set[UUID]) -> Places:
    """The places of ``moved``, which must hold everybody below those whose superiors changed.

    Nobody else's place has changed, so that of each superior beyond them can be taken as stored.
    """
    concerned = set(moved)
    while True:
        superiors = reporting.superiors_of(concerned)
        beyond = {above for found in superiors.values() for above in found} - concerned
        outside = _stored(connection, beyond)
        # Somebody without a row of their own never got a place.
        unplaced = {user for user in beyond if user not in outside.get(user, {})}
        if not unplaced:
            break
        concerned |= unplaced
    return {user: _climb(user, superiors, outside) if user in superiors else {} for user in concerned}


def _climb(
    user: UUID, superiors: Mapping[UUID, frozenset[UUID]], outside: Mapping[UUID, Mapping[UUID, int]]
) -> dict[UUID, int]:
    """Everybody at or above ``user`` by the shortest way; ends where a circle closes."""
    found = {user: 0}
    waiting = deque([user])
    while waiting:
        below = waiting.popleft()
        for above in superiors.get(below, ()):
            if above in outside:
                for further, more in outside[above].items():
                    distance = found[below] + 1 + more
                    found[further] = min(distance, found.get(further, distance))
            elif above not in found:
                found[above] = found[below] + 1
                waiting.append(above)
    return found


def _stored(connection: Connection, users: Iterable[UUID] | None = None) -> Places:
    """The stored places of those users, or of everybody."""
    asked = sa.select(LINES.c.above_id, LINES.c.below_id, LINES.c.distance)
    queries = [asked] if users is None else [asked.where(LINES.c.below_id.in_(c)) for c in chunks(users)]
    found: Places = defaultdict(dict)
    for query in queries:
        for above, below, distance in connection.execute(query):
            found[below][above] = distance
    return dict(found)


def _compare(stored: Places, due: Places) -> Iterator[Difference]:
    for below in stored.keys() | due.keys():
        have, want = stored.get(below, {}), due.get(below, {})
        if have != want:
            for above in have.keys() | want.keys():
                if have.get(above) != want.get(above):
                    yield Difference(above, below, have.get(above), want.get(above))


def _between(connection: Connection, above_id: UUID, below_id: UUID) -> list[list[Person]]:
    """Everybody on a shortest chain between two users, by their distance from the upper one."""
    upper, lower, whole = LINES.alias("upper"), LINES.alias("lower"), LINES.alias("whole")
    query = (
        sa.select(User.id, User.name, upper.c.distance)
        .join(upper, upper.c.below_id == User.id)
        .join(lower, lower.c.above_id == User.id)
        .join(whole, sa.and_(whole.c.above_id == above_id, whole.c.below_id == below_id))
        .where(upper.c.above_id == above_id, lower.c.below_id == below_id)
        .where(upper.c.distance + lower.c.distance == whole.c.distance)
        .order_by(upper.c.distance, User.name, User.id)
    )
    found: dict[int, list[Person]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.distance].append(Person(row.id, row.name))
    return list(found.values())


def _direct(connection: Connection, people: Sequence[UUID]) -> set[tuple[UUID, UUID]]:
    """Who of those people reports to whom of them directly, as ``(above, below)``."""
    pairs = sa.select(LINES.c.above_id, LINES.c.below_id).where(
        LINES.c.above_id.in_(people), LINES.c.below_id.in_(people), LINES.c.distance == 1
    )
    return {(row.above_id, row.below_id) for row in connection.execute(pairs)}
