"""What a proposed policy would change: who gains or loses which records, before it is in force."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tenon.api import Actor, system

from .checking import Finding, check
from .document import PolicyDocument
from .snapshot import Snapshot

if TYPE_CHECKING:
    from .policy import PermissionsPolicy

MOST_PEOPLE = 200


@dataclass(frozen=True)
class Shift:
    """What one person gains and loses of one kind of record, for one action. ``fields_gained`` and
    ``fields_lost`` are field paths."""

    actor: Actor
    entity: str
    action: str
    gained: int
    lost: int
    fields_gained: frozenset[str] = frozenset()
    fields_lost: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Comparison:
    """``findings`` is what is wrong with the proposal; with errors nothing is compared. ``unasked``
    people are concerned too, but too many to count for."""

    findings: list[Finding]
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    shifts: list[Shift] = field(default_factory=list)
    unasked: int = 0

    @property
    def sound(self) -> bool:
        return not any(f.severity == "error" for f in self.findings)

    @property
    def people(self) -> int:
        """How many people gain or lose something."""
        return len({shift.actor.id for shift in self.shifts})

    @property
    def gained(self) -> int:
        """Records gained, counted for each person, of those that may be seen."""
        return sum(shift.gained for shift in self.shifts if shift.action == "read")

    @property
    def lost(self) -> int:
        return sum(shift.lost for shift in self.shifts if shift.action == "read")


def compare(
    policy: PermissionsPolicy, proposed: PolicyDocument, *, actions: tuple[str, ...] = ("read", "update")
) -> Comparison:
    """The proposal held against the policy in force, on the records that there are."""
    findings = check(proposed, policy.names)
    now, then = policy.snapshot, Snapshot("proposed", proposed, policy.names)
    before, after = set(now.document.lines), set(proposed.lines)
    found = Comparison(
        findings,
        [str(line) for line in proposed.lines if line not in before],
        [str(line) for line in now.document.lines if line not in after],
    )
    if not found.sound:
        return found
    with policy.tenon.records.snapshot(system("what a policy would change")) as work:
        concerned = [
            (actor, concerns)
            for actor in policy.tenon.identity.users.actors(work.connection)
            if (concerns := list(_concerns(policy, now, then, actor, actions)))
        ]
        shifts = [
            shift
            for actor, concerns in concerned[:MOST_PEOPLE]
            for entity, action in concerns
            for shift in _shift(policy, work, now, then, actor, entity, action)
        ]
    unasked = max(0, len(concerned) - MOST_PEOPLE)
    return Comparison(findings, found.added, found.removed, shifts, unasked)


def _concerns(
    policy: PermissionsPolicy, now: Snapshot, then: Snapshot, actor: Actor, actions: tuple[str, ...]
) -> Any:
    """The kinds and actions for which other lines hold for somebody than before."""
    roles = [s.roles(actor.roles, admin=actor.admin) for s in (now, then)]
    for entity in policy.names.entities:
        for action in actions:
            old = now.decide(roles[0], entity, action)
            new = then.decide(roles[1], entity, action)
            if set(old.lines) != set(new.lines) or now.document.field_sets != then.document.field_sets:
                yield entity, action


def _shift(
    policy: PermissionsPolicy,
    work: Any,
    now: Snapshot,
    then: Snapshot,
    actor: Actor,
    entity: str,
    action: str,
) -> list[Shift]:
    table = policy.names.entities[entity].table
    old = policy.reach(now, actor).rows(entity, action, table)
    new = policy.reach(then, actor).rows(entity, action, table)
    gained, lost = _counted(work, table, new, old), _counted(work, table, old, new)
    fields = [_fields(policy, snapshot, actor, entity, action) for snapshot in (now, then)]
    shift = Shift(actor, entity, action, gained, lost, fields[1] - fields[0], fields[0] - fields[1])
    if gained or lost or shift.fields_gained or shift.fields_lost:
        return [shift]
    return []


def _counted(
    work: Any,
    table: sa.FromClause,
    within: sa.ColumnElement[bool] | None,
    without: sa.ColumnElement[bool] | None,
) -> int:
    """Rows within the one and not within the other."""
    if without is None:
        return 0
    found = sa.select(sa.func.count()).select_from(table)
    if within is not None:
        found = found.where(within)
    missing = sa.func.coalesce(without, sa.false())
    found = found.where(sa.not_(missing) if work.dialect == "sqlite" else missing.is_(sa.false()))
    return int(work.connection.execute(found).scalar_one())


def _fields(
    policy: PermissionsPolicy, snapshot: Snapshot, actor: Actor, entity: str, action: str
) -> frozenset[str]:
    type_ = policy.names.entities[entity]
    decision = snapshot.decide(snapshot.roles(actor.roles, admin=actor.admin), entity, action)
    found = snapshot.fields(decision, entity, type_.fields, type_)
    return frozenset(type_.fields) if found.paths is None else found.paths
