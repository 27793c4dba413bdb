"""Random organisations, records, grants and policies, and what is so in them said a second time in Python.

Nothing here asks the database or the plugin: the org tree, the grants' reach and the records are worked
out from the rows as they were made, so that a mistake of the SQL is not made again.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from tenon.api import Actor, ExactDecimal, Message, NamedFieldSet, Scope, UtcDateTime, _, new_id
from tenon_permissions.document import PolicyDocument, Role
from tenon_permissions.line import Line
from tenon_permissions.models import Grant, Territory, TerritoryMember

ROLES = ("sales", "manager", "intern", "everyone", "admin", "auditor")
UNKNOWN = ("ghost", "*", "**", "all", "sales ", "SALES")
FIELD_SETS = {
    "few": NamedFieldSet("few", "Few", show={"*": ("name", "owner_id")}),  # type: ignore[arg-type]
    "quiet": NamedFieldSet("quiet", "Quiet", hide={"*": ("email", "phone", "custom.*")}),  # type: ignore[arg-type]
}

CUSTOM_SCOPES = (
    Scope(
        "archived",
        _("Archived"),
        rows=lambda query: query.table.c.archived_at.is_not(None),
        holds=lambda view, record: record["archived_at"] is not None,
    ),
    # NULL where nobody is known to have made it: such a scope cannot tell
    Scope(
        "made",
        _("Made by oneself"),
        rows=lambda query: query.table.c.created_by == query.me,
        holds=lambda view, record: record["created_by"] is not None and record["created_by"] == view.actor.id,
    ),
    Scope(
        "version",
        _("Changed that often"),
        rows=lambda query: query.table.c.version == int(query.argument or 0),
        holds=lambda view, record: record["version"] == int(view.argument or 0),
        argument="a number",
    ),
)

PLUGIN = """
from plugins.permissions.tests.worlds import CUSTOM_SCOPES

@hookimpl
def scopes():
    return CUSTOM_SCOPES
"""


@dataclass
class Rows:
    """One world, as the rows of its tables."""

    now: datetime
    tables: Mapping[str, list[dict[str, Any]]]
    grants: list[dict[str, Any]]
    territories: list[dict[str, Any]]
    members: list[dict[str, Any]]


@dataclass
class Memory:
    """A :class:`tenon_permissions.judging.World` of plain dictionaries."""

    rows: Rows
    _below: dict[UUID | None, frozenset[UUID]] = field(default_factory=dict)
    _principals: dict[UUID | None, frozenset[UUID]] = field(default_factory=dict)

    @cached_property
    def found(self) -> dict[tuple[str, UUID], dict[str, Any]]:
        return {(kind, row["id"]): row for kind, rows in self.rows.tables.items() for row in rows}

    @cached_property
    def users(self) -> dict[UUID, dict[str, Any]]:
        return {row["id"]: row for row in self.rows.tables["user"]}

    @cached_property
    def teams(self) -> dict[UUID, dict[str, Any]]:
        return {row["id"]: row for row in self.rows.tables["team"]}

    @cached_property
    def superiors(self) -> dict[UUID, set[UUID]]:
        """One's manager; the nearest other manager of one's team; of the teams above those one leads."""
        found: dict[UUID, set[UUID]] = defaultdict(set)
        for id_, user in self.users.items():
            led = [team["parent_id"] for team in self.teams.values() if team["manager_id"] == id_]
            nearest = (self._nearest(start, id_) for start in (user["team_id"], *led))
            found[id_] = {s for s in (user["manager_id"], *nearest) if s not in (None, id_)}
        return found

    def _nearest(self, team: UUID | None, besides: UUID) -> UUID | None:
        seen: set[UUID] = set()
        while team is not None and team not in seen:
            seen.add(team)
            manager = self.teams[team]["manager_id"]
            if manager not in (None, besides):
                return manager
            team = self.teams[team]["parent_id"]
        return None

    def below(self, user_id: UUID | None) -> Container[UUID]:
        if user_id not in self._below:
            found = {user_id} if user_id in self.users else set()
            while more := {id_ for id_, above in self.superiors.items() if above & found} - found:
                found |= more
            self._below[user_id] = frozenset(found)  # type: ignore[arg-type]
        return self._below[user_id]

    def members(self, team_id: UUID | None) -> Container[UUID]:
        return {u["id"] for u in self.users.values() if team_id is not None and u["team_id"] == team_id}

    def record(self, entity: str, id_: UUID) -> Mapping[str, Any] | None:
        return self.found.get((entity, id_))

    @cached_property
    def granted(self) -> dict[tuple[str, UUID], list[dict[str, Any]]]:
        found = defaultdict(list)
        for row in self.rows.grants:
            if row["until"] is None or row["until"] > self.rows.now:
                found[row["entity"], row["record_id"]].append(row)
        return found

    def granted_level(self, actor: Actor, entity: str, record_id: UUID) -> int:
        mine = self.principals(actor)
        rows = self.granted.get((entity, record_id), ())
        return max((row["level"] for row in rows if row["principal_id"] in mine), default=0)

    def principals(self, actor: Actor) -> frozenset[UUID]:
        if actor.id not in self._principals:
            found = {actor.id}
            team = actor.team_id
            while team is not None and team not in found:
                found.add(team)
                team = self.teams[team]["parent_id"]
            mine = {
                m["territory_id"]
                for m in self.rows.members
                if m["user_id"] == actor.id and m["archived_at"] is None
            }
            kept = {t["id"]: t["parent_id"] for t in self.rows.territories if t["archived_at"] is None}
            mine &= kept.keys()
            while more := {id_ for id_, parent in kept.items() if parent in mine} - mine:
                mine |= more
            self._principals[actor.id] = frozenset(found | mine)  # type: ignore[arg-type]
        return self._principals[actor.id]

    def name(self, user_id: UUID | None) -> str:
        return "–"

    def line(self, above: UUID | None, below: UUID | None) -> str:
        return ""

    def grant_sentence(self, actor: Actor, entity: str, record_id: UUID, level: int) -> Message | str:
        return ""


class Maker:
    """Makes worlds for the kinds of record of a deployment."""

    def __init__(self, tenon: Any, chance: random.Random, people: int = 8, each: int = 10) -> None:
        self.tenon = tenon
        self.names = tenon.access.policy.names
        self.chance = chance
        self.people = people
        self.each = each
        self.now: datetime = tenon.clock.now()

    # Records

    def rows(self) -> Rows:
        users, teams = self._people()
        tables: dict[str, list[dict[str, Any]]] = {"user": users, "team": teams}
        for kind, type_ in self.names.entities.items():
            if kind in ("user", "team", "territory", "territory_member", "sharing_rule"):
                continue
            tables[kind] = []
            for _number in range(self.each):
                tables[kind].append(self._row(type_.table, tables))
        territories, members = self._territories(users)
        grants = [self._grant(tables, users, teams, territories) for _number in range(self.people * 8)]
        return Rows(self.now, tables, grants, territories, members)

    def _people(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        user, team = self.names.entities["user"].table, self.names.entities["team"].table
        users = [self._row(user, {}) for _number in range(self.people)]
        teams = [self._row(team, {}) for _number in range(3)]
        for place, row in enumerate(users):
            # a tree mostly, and sometimes a circle or somebody above two
            row["manager_id"] = self._maybe(users[:place] if self.chance.random() < 0.9 else users, 0.7)
            row["team_id"] = self._maybe(teams, 0.7)
            row["admin"] = self.chance.random() < 0.08
            row["roles"] = self.chance.sample([*ROLES[:3] * 3, *ROLES, *UNKNOWN], self.chance.randint(0, 4))
        for place, row in enumerate(teams):
            row["parent_id"] = self._maybe(teams[:place] if self.chance.random() < 0.9 else teams, 0.6)
            row["manager_id"] = self._maybe(users, 0.6)
        return users, teams

    def _maybe(self, rows: list[dict[str, Any]], likely: float) -> UUID | None:
        if not rows or self.chance.random() > likely:
            return None
        found: UUID = self.chance.choice(rows)["id"]
        return found

    def _row(self, table: Any, tables: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
        row = {"id": new_id(), "version": self.chance.randint(1, 3), "custom": {}}
        row |= {"created_at": self.now, "updated_at": self.now}
        row["archived_at"] = self.now if self.chance.random() < 0.15 else None
        for column in table.c:
            to = column.info["field"].to if "field" in column.info else None
            if to is not None and to in tables:
                row[column.name] = self._maybe(tables[to], 0.75 if column.nullable else 2)
            elif column.name not in row:
                row[column.name] = None if column.nullable or to else self._value(column)
        if tables:
            row["created_by"] = self._maybe(tables["user"], 0.6)
        return row

    def _value(self, column: Any) -> Any:
        if isinstance(column.type, UtcDateTime):
            return self.now
        if isinstance(column.type, ExactDecimal):
            return Decimal(1)
        text = column.type.python_type is str
        return self.chance.choice(["ab", "cd", "ef"]) if text else column.type.python_type(1)

    def _territories(self, users: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        table, member = Territory.__table__, TerritoryMember.__table__
        territories = [self._row(table, {}) | {"name": f"T{n}"} for n in range(4)]
        for place, row in enumerate(territories):
            row["parent_id"] = self._maybe(territories[:place], 0.7)
        members = {}
        for _number in range(4):
            row = self._row(member, {})
            row |= {
                "territory_id": self.chance.choice(territories)["id"],
                "user_id": self.chance.choice(users)["id"],
            }
            members[row["territory_id"], row["user_id"]] = row
        return territories, list(members.values())

    def _grant(self, tables: Any, users: Any, teams: Any, territories: Any) -> dict[str, Any]:
        entity = self.chance.choice(list(tables))
        kind = self.chance.choice(["user", "team", "territory"])
        principals = {"user": users, "team": teams, "territory": territories}[kind]
        ends = self.chance.choice([None, None, timedelta(days=1), timedelta(days=-1), timedelta()])
        return {
            "entity": entity,
            "record_id": self.chance.choice(tables[entity])["id"],
            "principal_kind": kind,
            "principal_id": self.chance.choice(principals)["id"],
            "level": self.chance.randint(1, 3),
            "cause": self.chance.choice(["hand", "rule", "team", "territory"]),
            "cause_id": new_id(),
            "label": None,
            "at": self.now,
            "granted_by": None,
            "until": None if ends is None else self.now + ends,
        }

    # Policies

    def policy(self) -> PolicyDocument:
        known = [*ROLES] if self.chance.random() < 0.8 else self.chance.sample(ROLES, 3)
        roles = {key: Role(key, key.title()) for key in known}
        lines = tuple(self._line(known) for _number in range(self.chance.randint(10, 60)))
        return PolicyDocument(roles, FIELD_SETS, lines)

    def _line(self, roles: list[str]) -> Line:
        kinds = list(self.names.entities)
        obj = self.chance.choice([*self.chance.sample(kinds, 3), *["*"] * 6, "**", "**"])
        eft = "deny" if self.chance.random() < 0.2 else "allow"
        return Line(
            self.chance.choice(roles),
            self.chance.choice(["*", "*", "*", "*", "b2b", "b2c"]),
            obj,
            self.chance.choice([*self.names.actions, *["*"] * 20, *["read"] * 3]),
            self._scope(obj, eft),
            self.chance.choice(["all", "all", "all", "few", "quiet"]),
            eft,
        )

    def _scope(self, obj: str, eft: str) -> str:
        key = self.chance.choice([*self.names.scopes, "subtree", "granted", "via"])
        if key == "all" and eft == "deny" and self.chance.random() < 0.8:
            key = "own"
        if key == "version":
            return f"version:{self.chance.randint(1, 3)}"
        if key != "via":
            return key
        kinds = self.names.entities
        here = kinds[obj] if obj in kinds else kinds[self.chance.choice(list(kinds))]
        return f"via:{self.chance.choice(here.references).path}"


def write(tenon: Any, rows: Rows) -> None:
    """Put a world in the place of the one before."""
    names = tenon.access.policy.names.entities
    order = ["user", "team", *(k for k in names if k in rows.tables and k not in ("user", "team"))]
    own: list[Any] = [Grant.__table__, TerritoryMember.__table__, Territory.__table__]
    with tenon.storage.writing() as connection:
        for table in [*own, *(names[k].table for k in reversed(order))]:
            links = [c.name for c in table.c if c.foreign_keys and c.nullable]
            if links:
                connection.execute(sa.update(table).values(dict.fromkeys(links)))
        for table in [*own, *(names[k].table for k in reversed(order))]:
            connection.execute(sa.delete(table))
        for kind in order:
            _insert(connection, names[kind].table, rows.tables[kind])
        for kind in order:
            _link(connection, names[kind].table, rows.tables[kind])
        for table, found in ((own[2], rows.territories), (own[1], rows.members), (own[0], rows.grants)):
            _insert(connection, table, found)
            _link(connection, table, found)
        tenon.identity.org.refresh(connection)


def _insert(connection: Any, table: Any, rows: list[dict[str, Any]]) -> None:
    """Without what may refer to rows that are not there yet."""
    links = {c.name for c in table.c if c.foreign_keys and c.nullable}
    if rows:
        connection.execute(
            sa.insert(table), [{k: v for k, v in row.items() if k not in links} for row in rows]
        )


def _link(connection: Any, table: Any, rows: list[dict[str, Any]]) -> None:
    links = {c.name: sa.bindparam(f"to_{c.name}") for c in table.c if c.foreign_keys and c.nullable}
    if links and rows:
        statement = sa.update(table).where(table.c.id == sa.bindparam("row_id")).values(links)
        values = [{"row_id": r["id"], **{f"to_{name}": r[name] for name in links}} for r in rows]
        connection.execute(statement, values)
