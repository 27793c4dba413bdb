"""The world as the database has it, for judging single records. Looked up once and remembered."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from tenon.api import Actor, Message, NotFoundError, Work, _

from .crowd import Crowd
from .models import Grant
from .standing import principals_of


class Below:
    """Everybody who reports to somebody, asked one at a time."""

    def __init__(self, world: LiveWorld, above: UUID | None) -> None:
        self._world = world
        self._above = above

    def __contains__(self, user_id: object) -> bool:
        return self._above is not None and self._above in self._world.people_above(user_id)


class LiveWorld:
    """Answers for one question, in one transaction of the system's (``work``).

    For a question about everybody, ``crowd`` says where they stand.
    """

    def __init__(self, tenon: Any, work: Work, crowd: Crowd | None = None) -> None:
        self._tenon = tenon
        self._work = work
        self._crowd = crowd
        self._above: dict[Any, frozenset[UUID]] = {}
        self._members: dict[UUID, frozenset[UUID]] = {}
        self._records: dict[tuple[str, UUID], Mapping[str, Any] | None] = {}
        self._grants: dict[tuple[str, UUID], list[Any]] = {}
        self._principals: dict[UUID | None, frozenset[UUID]] = {}
        self._names: dict[UUID, str] = {}

    def below(self, user_id: UUID | None) -> Container[UUID]:
        return Below(self, user_id)

    def people_above(self, user_id: Any) -> frozenset[UUID]:
        """That user and everybody they report to."""
        if user_id not in self._above:
            self._above[user_id] = self._tenon.identity.org.people_above(user_id, self._work.connection)
        return self._above[user_id]

    def members(self, team_id: UUID | None) -> Container[UUID]:
        if team_id is None:
            return ()
        if self._crowd is not None:
            return self._crowd.members.get(team_id, frozenset())
        if team_id not in self._members:
            self._members[team_id] = self._tenon.identity.org.people_in(team_id, self._work.connection)
        return self._members[team_id]

    def record(self, entity: str, id_: UUID) -> Mapping[str, Any] | None:
        key = (entity, id_)
        if key not in self._records:
            try:
                self._records[key] = self._work.get(entity, id_).values
            except NotFoundError:
                self._records[key] = None
        return self._records[key]

    def grants(self, entity: str, record_id: UUID) -> list[Any]:
        """Every grant of a record that has not ended."""
        key = (entity, record_id)
        if key not in self._grants:
            table: Any = Grant.__table__
            rows = self._work.connection.execute(
                sa.select(table).where(table.c.entity == entity, table.c.record_id == record_id)
            )
            self._grants[key] = [row for row in rows if row.until is None or row.until > self._work.now]
        return self._grants[key]

    def principals(self, actor: Actor) -> frozenset[UUID]:
        if self._crowd is not None and actor.id in self._crowd.principals:
            return self._crowd.principals[actor.id]
        if actor.id not in self._principals:
            teams = self._tenon.records.registry_without_customers["team"].table
            self._principals[actor.id] = principals_of(self._work.connection, actor, teams)
        return self._principals[actor.id]

    def granted_level(self, actor: Actor, entity: str, record_id: UUID) -> int:
        grants = self.grants(entity, record_id)
        if not grants:
            return 0
        principals = self.principals(actor)
        return max((row.level for row in grants if row.principal_id in principals), default=0)

    def name(self, user_id: UUID | None) -> str:
        return self._title("user", user_id) if user_id is not None else "–"

    def line(self, above: UUID | None, below: UUID | None) -> str:
        if above is None or below is None:
            return ""
        people = self._tenon.identity.org.path(above, below, self._work.connection)
        return " → ".join(person.name for person in people)

    def grant_sentence(self, actor: Actor, entity: str, record_id: UUID, level: int) -> Message | str:
        principals = self.principals(actor)
        for row in self.grants(entity, record_id):
            if row.principal_id in principals and row.level >= level:
                whom = self._title(row.principal_kind, row.principal_id)
                return _cause(row, whom, self._title("user", row.granted_by) if row.granted_by else "")
        return _("Nobody shared it with them for this")

    def _title(self, entity: str, id_: UUID | None) -> str:
        if id_ is None:
            return ""
        if id_ not in self._names:
            self._names[id_] = self._work.titles(entity, [id_]).get(id_, str(id_)[:8])
        return self._names[id_]


def _cause(row: Any, whom: str, by: str) -> Message | str:
    if row.cause == "rule":
        return _("A sharing rule shares it with %(whom)s", whom=whom)
    if row.cause == "territory":
        return _("It is in the territory %(whom)s", whom=whom)
    if row.cause == "team":
        return _("%(whom)s is in its team as %(label)s", whom=whom, label=row.label or "–")
    if by:
        return _("%(by)s shared it with %(whom)s", by=by, whom=whom)
    return _("It is shared with %(whom)s", whom=whom)
