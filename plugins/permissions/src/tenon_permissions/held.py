"""What one unit of work is answered from: a single revision of the policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from tenon.api import Actor, Branch, Explanation, FieldSet, Id, UtcDateTime

from .line import ALL
from .reach import Query, Reach, Who
from .snapshot import Decision, Snapshot
from .standing import Standing

if TYPE_CHECKING:
    from .policy import PermissionsPolicy


@dataclass(frozen=True)
class Held:
    """Answers by one snapshot, whichever comes into force meanwhile. So nobody gets the rows of one
    revision with the fields of another."""

    policy: PermissionsPolicy
    snapshot: Snapshot

    @property
    def version(self) -> str:
        return self.snapshot.version

    def allows(self, actor: Actor, action: str, entity: str) -> bool:
        return self.decision(actor, entity, action).allowed

    def scope(
        self, actor: Actor, action: str, entity: str, table: sa.FromClause
    ) -> sa.ColumnElement[bool] | None:
        return self._rows(actor, action, entity, table)[0]

    def branches(self, actor: Actor, action: str, entity: str, table: sa.FromClause) -> tuple[Branch, ...]:
        return self._rows(actor, action, entity, table)[1]

    def fields(self, actor: Actor, action: str, entity: str) -> FieldSet:
        types = self.policy.tenon.records.registry
        if entity not in types:
            return FieldSet(frozenset())
        type_ = types[entity]
        return self.snapshot.fields(self.decision(actor, entity, action), entity, type_.fields, type_)

    def explain(self, actor: Actor, action: str, entity: str, id_: UUID) -> Explanation:
        return self.policy.explain(actor, action, entity, id_)

    def decision(self, actor: Actor, entity: str, action: str) -> Decision:
        return self.snapshot.decide(self.roles(actor), entity, action)

    def roles(self, actor: Actor) -> frozenset[str]:
        return self.snapshot.roles(actor.roles, admin=actor.admin)

    def reach(self, actor: Actor, standing: Standing) -> Reach:
        """The compiler for one actor."""
        roles, policy = self.roles(actor), self.policy
        return Reach(
            policy.names,
            policy.tenon.identity.org,
            policy.tenon.storage.dialect,
            who_is(policy.tenon.clock, actor, standing),
            lambda entity, action: self.snapshot.decide(roles, entity, action),
        )

    def _rows(
        self, actor: Actor, action: str, entity: str, table: sa.FromClause
    ) -> tuple[sa.ColumnElement[bool] | None, tuple[Branch, ...]]:
        """The predicate and its branches; the same objects as long as nothing changes."""
        if entity not in self.policy.names.entities:
            return sa.false(), ()
        standing = self.policy.standings.of(actor)
        key = (actor.id, actor.team_id, self.roles(actor), standing, entity, action, table)
        found = self.snapshot.compiled.get(key)
        if found is None:
            reach = self.reach(actor, standing)
            found = reach.rows(entity, action, table), _branches(reach, entity, action, table, standing)
            self.snapshot.keep_compiled(key, found)
        return found


def who_is(clock: Any, actor: Actor, standing: Standing) -> Who:
    """An actor as bound values. The moment is bound when a statement runs, so that the predicate stays
    the same object."""
    principals = sorted(standing.principals)
    now = sa.bindparam(None, callable_=clock.now, type_=UtcDateTime) if standing.ends else None
    return Who(
        sa.literal(actor.id, Id),
        sa.literal(actor.team_id, Id),
        lambda column: column.in_(principals),
        now,
    )


def _branches(
    reach: Reach, entity: str, action: str, table: sa.FromClause, standing: Standing
) -> tuple[Branch, ...]:
    """One branch for each scope that is not within another one."""
    decision = reach.decide(entity, action)
    if not decision.allowed or ALL in decision.allow:
        return ()
    scopes = [s for s in decision.allow if not (s == "own" and "subtree" in decision.allow)]
    type_ = reach.names.entities[entity]
    direct = type_.entity.owner in type_.fields
    few = standing.few and direct and "subtree" in scopes
    if len(scopes) < 2 and not few:
        return ()
    denied = reach.denied(decision, entity, action, table)
    found = []
    for name in scopes:
        rows = reach.scope(name, entity, action, table)
        where = rows if denied is None else sa.and_(rows, denied)
        if few and name == "subtree":
            below = Query(reach, entity, action, table, None).below()
            found.append(Branch(where, below, sa.true() if denied is None else denied))
        else:
            found.append(Branch(where))
    return tuple(found)
