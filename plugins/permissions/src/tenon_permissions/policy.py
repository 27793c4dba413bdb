"""The object that answers the kernel: actions, rows, fields, and why."""

from __future__ import annotations

import time
from threading import Lock
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog

from tenon.api import (
    ALL_FIELDS,
    Actor,
    Branch,
    Explanation,
    FieldSet,
    Id,
    Message,
    TenonError,
    UnavailableError,
    _,
)

from .checking import check
from .defaults import ADMIN_ONLY
from .document import Role
from .line import ALL
from .names import Names, names_of
from .reach import Query, Reach, Who
from .revisions import Revisions
from .snapshot import Decision, Snapshot
from .standing import Standing, Standings

log = structlog.get_logger(__name__)

PROBE_SECONDS = 0.5
MOST_COMPILED = 20_000


class PermissionsPolicy:
    """Casbin's decision, compiled. What it knows is one snapshot, swapped whole.

    A policy that does not check leaves the last good one in force; without any policy at all
    nobody but an administrator may do anything.
    """

    def __init__(self, tenon: Any) -> None:
        self.tenon = tenon
        self.names: Names = names_of(tenon)
        self.revisions = Revisions(tenon)
        self.standings = Standings(tenon)
        self.broken: str | None = None
        self._number = -1
        self._looked = float("-inf")
        self._snapshot = Snapshot("none", ADMIN_ONLY, self.names)
        self._compiled: dict[tuple[Any, ...], tuple[Any, tuple[Branch, ...]]] = {}
        self._lock = Lock()

    # The snapshot in force

    @property
    def snapshot(self) -> Snapshot:
        """The policy as of half a second ago at most."""
        if time.monotonic() - self._looked > PROBE_SECONDS:
            self.refresh()
        return self._snapshot

    @property
    def version(self) -> str:
        return self.snapshot.version

    @property
    def number(self) -> int:
        """The number of the newest revision that was looked at; 0 where there is none."""
        return max(self._number, 0)

    @property
    def advice(self) -> Message | None:
        """What to do where there is no policy yet, or none that checks."""
        self.refresh()
        if self.broken:
            return _("The newest policy is not in force: %(error)s", error=self.broken)
        if self.number:
            return None
        return _("There is no policy yet, so only administrators may do anything. Begin: tenon access init")

    def roles(self) -> list[Role]:
        """The roles that users can be given, by name."""
        return sorted(self.snapshot.document.roles.values(), key=lambda role: role.label)

    def refresh(self, *, at_once: bool = False) -> None:
        """Take the newest revision, if there is one that is not known yet."""
        if not self._lock.acquire(blocking=at_once):
            return
        try:
            self._looked = time.monotonic()
            number = self.revisions.newest()
            if number != self._number:
                self._take(number)
        except UnavailableError as error:
            # A database that is away answers nothing anyway; what was in force stays.
            log.warning("policy_not_looked_at", error=str(error))
        finally:
            self._lock.release()

    def _take(self, number: int) -> None:
        try:
            document = self.revisions.load(number) if number else ADMIN_ONLY
            errors = [f for f in check(document, self.names) if f.severity == "error"]
            self.broken = "; ".join(map(str, errors[:5])) or None
        except TenonError as error:
            self.broken = str(error)
        self._number = number
        if self.broken:
            log.error("policy_refused", revision=number, kept=self._snapshot.version, error=self.broken)
            return
        self._snapshot = Snapshot(str(number), document, self.names)
        self._compiled = {}

    # What the kernel asks

    def allows(self, actor: Actor, action: str, entity: str) -> bool:
        return self.decision(actor, entity, action).allowed

    def scope(
        self, actor: Actor, action: str, entity: str, table: sa.FromClause
    ) -> sa.ColumnElement[bool] | None:
        found: sa.ColumnElement[bool] | None = self._rows(actor, action, entity, table)[0]
        return found

    def branches(self, actor: Actor, action: str, entity: str, table: sa.FromClause) -> tuple[Branch, ...]:
        return self._rows(actor, action, entity, table)[1]

    def fields(self, actor: Actor, action: str, entity: str) -> FieldSet:
        snapshot = self.snapshot
        decision = snapshot.decide(self._roles(snapshot, actor), entity, action)
        types = self.tenon.records.registry
        if entity not in types:
            return ALL_FIELDS
        type_ = types[entity]
        return snapshot.fields(decision, entity, type_.fields, type_)

    def explain(self, actor: Actor, action: str, entity: str, id_: UUID) -> Explanation:
        from .why import explain

        return explain(self, actor, action, entity, id_)

    # For the rest of the plugin

    def decision(self, actor: Actor, entity: str, action: str) -> Decision:
        snapshot = self.snapshot
        return snapshot.decide(self._roles(snapshot, actor), entity, action)

    def changed(self) -> None:
        """A policy, a grant or a territory changed in this process: look again at once."""
        self.standings.forget()
        self.refresh(at_once=True)

    def reach(self, snapshot: Snapshot, actor: Actor, standing: Standing | None = None) -> Reach:
        """The compiler for one actor under a snapshot, in force or not."""
        roles = self._roles(snapshot, actor)
        return Reach(
            self.names,
            self.tenon.identity.org,
            self.tenon.storage.dialect,
            who_is(actor, standing or self.standings.of(actor)),
            lambda entity, action: snapshot.decide(roles, entity, action),
        )

    def _roles(self, snapshot: Snapshot, actor: Actor) -> frozenset[str]:
        return snapshot.roles(actor.roles, admin=actor.admin)

    def _rows(
        self, actor: Actor, action: str, entity: str, table: sa.FromClause
    ) -> tuple[sa.ColumnElement[bool] | None, tuple[Branch, ...]]:
        """The predicate and its branches; the same objects as long as nothing changes."""
        if entity not in self.names.entities:
            return sa.false(), ()
        snapshot, standing, compiled = self.snapshot, self.standings.of(actor), self._compiled
        roles = self._roles(snapshot, actor)
        key = (snapshot.version, actor.id, actor.team_id, roles, standing, entity, action, table)
        found = compiled.get(key)
        if found is None:
            reach = self.reach(snapshot, actor, standing)
            found = reach.rows(entity, action, table), _branches(reach, entity, action, table, standing)
            if len(compiled) >= MOST_COMPILED:
                compiled.clear()
            compiled[key] = found
        return found


def who_is(actor: Actor, standing: Standing) -> Who:
    """An actor as bound values."""
    principals = sorted(standing.principals)
    return Who(
        sa.literal(actor.id, Id),
        sa.literal(actor.team_id, Id),
        lambda column: column.in_(principals),
        standing.now,
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
        where = reach.scope(name, entity, action, table)
        owners = None
        if few and name == "subtree":
            owners = Query(reach, entity, action, table, None).below()
        found.append(Branch(where if denied is None else sa.and_(where, denied), owners))
    return tuple(found)
