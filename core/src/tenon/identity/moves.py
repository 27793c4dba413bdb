"""Moves in the org tree by way of records: circles are refused, and the lines follow the write."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ..errors import InvalidError, Problem
from ..messages import Message, _
from .models import Team, User
from .org import LINES, Difference, Org
from .reporting import Proposal, Reporting, Seat, Unit, chain, chunks

if TYPE_CHECKING:
    from ..records.signals import Change
    from ..records.work import Work

PLACES = {"user": ("manager_id", "team_id"), "team": ("manager_id", "parent_id")}


class Moves:
    """Watches the writes of users and teams."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._proposed: WeakKeyDictionary[Work, list[Change]] = WeakKeyDictionary()

    def about_to_write(self, work: Work, change: Change) -> None:
        """Refuse a place that would make a circle, on the field that makes it."""
        name = change.entity.name
        if name not in PLACES or not _moves(change) or (name == "user" and change.before is None):
            return
        # Before anything is read: what the check rests on must still hold at the commit.
        self._org.lock(work.unguarded)
        earlier = [c for c in self._proposed.get(work, ()) if c.after is None and not c.problems]
        self._proposed[work] = [*earlier, change]
        _REFUSE[name](work.unguarded, change, earlier)

    def written(self, work: Work, changes: Sequence[Change]) -> None:
        """Bring the lines in line with users and teams as they are now."""
        moved = [c for c in changes if c.entity.name in PLACES and (c.action == "remove" or _moves(c))]
        alone = [
            c.values["id"]
            for c in changes
            if c.entity.name == "user" and c.action == "create" and not _moves(c)
        ]
        self._org.add(work.unguarded, alone)
        if moved:
            self._org.lock(work.unguarded)
            differences = self._org.differences(work.unguarded, _concerned(work.unguarded, moved))
            self._org.write(work.unguarded, differences)
            _refuse_closed(work.unguarded, differences)


def _moves(change: Change) -> bool:
    """Whether a write gives a user or a team another place; a new one has none to begin with."""
    paths = [path for path in PLACES[change.entity.name] if change.changed(path)]
    return any(change.before is not None or change.values[path] is not None for path in paths)


def _concerned(connection: Connection, moved: Iterable[Change]) -> set[UUID]:
    """The users whose superiors those writes may have changed."""
    users: set[UUID | None] = set()
    teams: set[UUID] = set()
    for change in moved:
        id_ = change.before.id if change.before is not None else change.values["id"]
        (users if change.entity.name == "user" else teams).add(id_)
        if change.entity.name == "team" and change.before is not None:
            users.add(change.before.get("manager_id"))
    if teams:
        users |= Reporting(connection).people_of(teams)
    return {id_ for id_ in users if id_ is not None}


# Refusing


def _refuse_user(connection: Connection, change: Change, earlier: Sequence[Change]) -> None:
    assert change.before is not None
    id_ = change.before.id
    if change.changed("manager_id") and change.value("manager_id") == id_:
        name = change.value("name")
        change.refuse("/manager_id", "cycle", _("%(name)s cannot report to themselves", name=name))
        return
    circle = _circle(connection, {id_}, earlier, change)
    if circle is not None:
        by_manager = change.changed("manager_id") and circle[1] == change.value("manager_id")
        field = "/manager_id" if by_manager or not change.changed("team_id") else "/team_id"
        change.refuse(field, "cycle", told(connection, circle))


def _refuse_team(connection: Connection, change: Change, earlier: Sequence[Change]) -> None:
    id_ = _id(change)
    after = Reporting(connection, _proposal([*earlier, change]))
    above = after.teams_above(id_)
    if change.changed("parent_id") and id_ in above:
        circle = [id_, *above[: above.index(id_) + 1]]
        change.refuse("/parent_id", "cycle", _told_of_teams(connection, circle))
        return
    people = after.people_of([id_])
    if change.before is not None and change.before.get("manager_id") is not None:
        people.add(change.before["manager_id"])
    found = _circle(connection, people, earlier, change)
    if found is not None:
        field = "/manager_id" if change.changed("manager_id") else "/parent_id"
        change.refuse(field, "cycle", told(connection, found))


_REFUSE = {"user": _refuse_user, "team": _refuse_team}


def _circle(
    connection: Connection, people: set[UUID], earlier: Sequence[Change], change: Change
) -> list[UUID] | None:
    """A circle that ``change`` would close by what it changes for ``people``, as a chain upwards.

    One that is there already is no reason against a write that has no part in it.
    """
    before = Reporting(connection, _proposal(earlier)).superiors_of(people)
    after = Reporting(connection, _proposal([*earlier, change]))
    gained: dict[UUID, list[UUID]] = defaultdict(list)
    for user, superiors in after.superiors_of(people).items():
        for above in sorted(superiors - before.get(user, frozenset())):
            gained[above].append(user)
    for above, users in gained.items():
        reached = after.climb(above)
        for user in users:
            if user in reached:
                return [user, *chain(reached, user)]
    return None


def _refuse_closed(connection: Connection, differences: Sequence[Difference]) -> None:
    """Refuse the whole transaction where lines just written close a circle after all.

    Writes that were checked one by one can do so together when they were made by several units
    of work in one transaction.
    """
    written = {(d.above_id, d.below_id) for d in differences if d.stored is None}
    for above, below in _both_ways(connection, {below for _above, below in written}):
        if (above, below) in written:
            reporting = Reporting(connection)
            up = chain(reporting.climb(below), above)
            down = chain(reporting.climb(above), below)
            sentence = told(connection, [*up, *down[1:]])
            raise InvalidError(problems=[Problem("/manager_id", "cycle", sentence)])


def _both_ways(connection: Connection, users: Iterable[UUID]) -> Iterator[tuple[UUID, UUID]]:
    """Pairs of users each of whom stands above the other, as ``(above, below)``."""
    there, back = LINES.alias("there"), LINES.alias("back")
    both = sa.and_(back.c.above_id == there.c.below_id, back.c.below_id == there.c.above_id)
    pairs = sa.select(there.c.above_id, there.c.below_id).join(back, both).where(there.c.distance > 0)
    for chunk in chunks(users):
        for row in connection.execute(pairs.where(there.c.below_id.in_(chunk))):
            yield row.above_id, row.below_id


def _proposal(changes: Iterable[Change]) -> Proposal:
    users, teams = {}, {}
    for change in changes:
        if change.entity.name == "user":
            users[_id(change)] = Seat(change.value("manager_id"), change.value("team_id"))
        else:
            teams[_id(change)] = Unit(change.value("parent_id"), change.value("manager_id"))
    return Proposal(users, teams)


def _id(change: Change) -> UUID:
    found: UUID = change.before.id if change.before is not None else change.values["id"]
    return found


def told(connection: Connection, circle: Sequence[UUID]) -> Message:
    """``Ada reports to Ben, who reports to Ada``."""
    names = _names(connection, User, circle)
    sentence = _("%(name)s reports to %(above)s", name=names[0], above=names[1])
    for name in names[2:]:
        sentence = _("%(sentence)s, who reports to %(above)s", sentence=sentence, above=name)
    return sentence


def _told_of_teams(connection: Connection, circle: Sequence[UUID]) -> Message:
    names = _names(connection, Team, circle)
    if len(names) == 2:
        return _("%(name)s cannot belong to itself", name=names[0])
    sentence = _("%(name)s belongs to %(above)s", name=names[0], above=names[1])
    for name in names[2:]:
        sentence = _("%(sentence)s, which belongs to %(above)s", sentence=sentence, above=name)
    return sentence


def _names(connection: Connection, model: Any, ids: Sequence[UUID]) -> list[str]:
    rows = connection.execute(sa.select(model.id, model.name).where(model.id.in_(set(ids))))
    names = {row.id: row.name for row in rows}
    return [names.get(id_, "–") for id_ in ids]
