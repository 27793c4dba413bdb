"""A policy of roles, reaches and hidden fields, as data, on the protocol that policy plugins follow.

It has what the real one has and nothing else: several roles that reach own, a team's, a
subtree's, shared or unowned records, some as branches, with fields to see, to write or neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from tenon.access import ALL_FIELDS, Branch, FieldSet, OpenPolicy
from tenon.identity import Actor
from tenon.storage.types import Id

TABLES = sa.MetaData()
LINES = sa.Table(
    "access_line",
    TABLES,
    sa.Column("ancestor", Id, primary_key=True),
    sa.Column("descendant", Id, primary_key=True),
)
"""Who stands above whom; everybody stands above themselves."""
GRANTS = sa.Table(
    "access_grant",
    TABLES,
    sa.Column("record_id", Id, primary_key=True),
    sa.Column("user_id", Id, primary_key=True),
    sa.Index("ix_access_grant_user", "user_id", "record_id"),
)
"""Which records were shared with whom."""

Reach = tuple[str, ...]


@dataclass(frozen=True)
class Role:
    """``reach`` maps actions, or ``*``, to scopes: all, own, team, subtree, granted, unowned,
    ``-blue`` (all but those of the colour blue). An action that is not named is not allowed.

    ``hidden`` and ``fixed`` are the fields, by kind of record, that cannot be seen or written.
    ``kinds`` gives kinds of record reaches of their own.
    """

    reach: Mapping[str, Reach]
    hidden: Mapping[str, frozenset[str]] = field(default_factory=dict)
    fixed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    kinds: Mapping[str, Mapping[str, Reach]] = field(default_factory=dict)


class RolePolicy(OpenPolicy):
    """Asks the first role of an actor; who has none may do everything. ``known`` are the fields by kind."""

    version = "roles"
    everybody: str | None
    """The role of whoever has none; without it they may do everything."""
    branched: bool
    """Whether to answer with branches."""
    few: bool
    """Whether those below somebody are few enough for their records to be asked for one by one."""

    def __init__(self, roles: Mapping[str, Role], known: Mapping[str, frozenset[str]]) -> None:
        self.roles = dict(roles)
        self.known = known
        self.branched = True
        self.few = True
        self.everybody: str | None = None
        self._made: dict[Any, Any] = {}

    def _reach(self, actor: Actor, action: str, entity: str) -> Reach | None:
        role = self._role(actor)
        if role is None:
            return ("all",)
        reach = role.kinds.get(entity, role.reach)
        return reach.get(action, reach.get("*"))

    def _role(self, actor: Actor) -> Role | None:
        found = next((self.roles[name] for name in sorted(actor.roles) if name in self.roles), None)
        return self.roles[self.everybody] if found is None and self.everybody is not None else found

    def allows(self, actor: Actor, action: str, entity: str) -> bool:
        return self._reach(actor, action, entity) is not None

    def scope(self, actor: Actor, action: str, entity: str, table: Any) -> Any:
        return self._once(
            ("scope", actor.id, action, entity, table), lambda: self._scope(actor, action, entity, table)
        )

    def branches(self, actor: Actor, action: str, entity: str, table: Any) -> tuple[Branch, ...]:
        if not self.branched:
            return ()
        key = ("branches", actor.id, action, entity, table)
        return self._once(key, lambda: self._branches(actor, action, entity, table))  # type: ignore[no-any-return]

    def fields(self, actor: Actor, action: str, entity: str) -> FieldSet:
        role = self._role(actor)
        gone = frozenset[str]()
        if role is not None:
            gone = (role.fixed if action in ("create", "update") else role.hidden).get(entity, gone)
        return FieldSet(self.known[entity] - gone) if gone else ALL_FIELDS

    def _once(self, key: Any, make: Any) -> Any:
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def _scope(self, actor: Actor, action: str, entity: str, table: Any) -> Any:
        found = self._ways(actor, action, entity, table)
        return None if found is None else sa.or_(sa.false(), *(branch.where for branch in found))

    def _branches(self, actor: Actor, action: str, entity: str, table: Any) -> tuple[Branch, ...]:
        found = self._ways(actor, action, entity, table) or []
        return tuple(found) if len(found) > 1 else ()

    def _ways(self, actor: Actor, action: str, entity: str, table: Any) -> list[Branch] | None:
        """The ways in; ``None`` for every record, as of kinds that nobody owns."""
        reach = self._reach(actor, action, entity) or ()
        denied = [name for name in reach if name.startswith("-")]
        allowed = [name for name in reach if not name.startswith("-")]
        if "owner_id" not in table.c or ("all" in allowed and not denied):
            return None if reach else []
        ways = [self._way(actor, name, table) for name in allowed]
        if not denied:
            return ways
        kept = sa.func.coalesce(table.c.color == denied[0][1:], sa.false()) == sa.false()
        return [Branch(sa.and_(way.where, kept), way.owners) for way in ways]

    def _way(self, actor: Actor, name: str, table: Any) -> Branch:
        owner = table.c.owner_id
        below = sa.select(LINES.c.descendant).where(LINES.c.ancestor == actor.id)
        shared = sa.select(GRANTS.c.record_id).where(GRANTS.c.user_id == actor.id)
        ways: dict[str, Branch] = {
            "all": Branch(sa.true()),
            "own": Branch(owner == actor.id),
            "subtree": Branch(owner.in_(below), below if self.few else None),
            "team": Branch(owner.in_(sa.select(LINES.c.descendant).where(LINES.c.ancestor == actor.team_id))),
            "granted": Branch(table.c.id.in_(shared)),
            "unowned": Branch(owner.is_(None)),
        }
        return ways[name]


__all__ = ["GRANTS", "LINES", "TABLES", "Role", "RolePolicy"]
