"""Why somebody may or may not do something to a record; and who can see one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tenon.api import Actor, Explanation, Message, Step, _, system

from .crowd import crowd_of
from .judging import Judging
from .line import ALLOW, NONE, Line, ScopeName
from .reach import NoOwnerError
from .snapshot import Decision, Snapshot
from .world import LiveWorld

if TYPE_CHECKING:
    from .policy import PermissionsPolicy


def judging_under(policy: PermissionsPolicy, snapshot: Snapshot, world: LiveWorld) -> Judging:
    """Judges with the lines of one snapshot."""

    def decide(actor: Actor, entity: str, action: str) -> Decision:
        return snapshot.decide(snapshot.roles(actor.roles, admin=actor.admin), entity, action)

    return Judging(policy.names, world, decide)


def explain(policy: PermissionsPolicy, actor: Actor, action: str, entity: str, id_: UUID) -> Explanation:
    """Every line that concerns it, whether it holds and what makes it so; ``NotFoundError`` for an
    unknown record."""
    snapshot = policy.snapshot
    with policy.tenon.records.snapshot(system("why somebody may see a record")) as work:
        record = work.get(entity, id_).values
        judging = judging_under(policy, snapshot, LiveWorld(policy.tenon, work))
        decision = judging.decide(actor, entity, action)
        allowed = judging.allowed(actor, action, entity, record)
        steps = tuple(_step(judging, actor, action, entity, record, line) for line in decision.lines)
    return Explanation(
        allowed,
        entity,
        action,
        _reason(actor, decision, allowed, steps),
        steps,
        policy.fields(actor, action, entity),
        snapshot.version,
    )


def _step(
    judging: Judging, actor: Actor, action: str, entity: str, record: Mapping[str, Any], line: Line
) -> Step:
    holds = judging.holds(actor, line.scope, action, entity, record)
    effect: Any = "allow" if line.eft == ALLOW else "deny"
    because = _because(judging, actor, action, entity, record, line, holds)
    return Step(effect, str(line), line.scope, holds, because)


def _because(
    judging: Judging,
    actor: Actor,
    action: str,
    entity: str,
    record: Mapping[str, Any],
    line: Line,
    holds: bool,
) -> Message | str:
    scope = judging.names.scopes[ScopeName.of(line.scope).key]
    placed = judging.placed(actor, line.scope, action, entity, record)
    if not holds or placed is None or scope.because is None:
        return scope.label if holds else _("Not so: %(scope)s", scope=scope.label)
    try:
        return scope.because(*placed)
    except NoOwnerError:
        return scope.label


def _reason(actor: Actor, decision: Decision, allowed: bool, steps: tuple[Step, ...]) -> Message | str:
    if allowed:
        first = next(step for step in steps if step.effect == "allow" and step.holds)
        return _("%(name)s may: %(because)s", name=actor.name, because=first.because)
    denied = next(
        (step for step, line in zip(steps, decision.lines, strict=True)
         if step.effect == "deny" and step.holds and not line.takes_fields),
        None,
    )  # fmt: skip
    if denied is not None:
        return _("%(name)s may not: the line %(line)s denies it", name=actor.name, line=denied.line)
    if not any(line.eft == ALLOW and line.scope != NONE for line in decision.lines):
        return _("%(name)s may not: no line allows it to any of their roles", name=actor.name)
    return _("%(name)s may not: the record is in none of the scopes allowed", name=actor.name)


@dataclass(frozen=True)
class Seer:
    """Somebody who may do it. ``because`` is the first line's reason."""

    actor: Actor
    because: Message | str


def who_can(policy: PermissionsPolicy, action: str, entity: str, id_: UUID) -> list[Seer]:
    """Everybody who may do that to the record, by name."""
    found = []
    with policy.tenon.records.snapshot(system("who can see a record")) as work:
        record = work.get(entity, id_).values
        crowd = crowd_of(policy.tenon, work)
        judging = judging_under(policy, policy.snapshot, LiveWorld(policy.tenon, work, crowd))
        verdicts: dict[tuple[Decision, frozenset[str]], bool] = {}
        for actor in crowd.people:
            decision = judging.decide(actor, entity, action)
            scopes = (*decision.allow, *decision.deny) if decision.allowed else ()
            held = frozenset(s for s in scopes if judging.holds(actor, s, action, entity, record))
            if (decision, held) not in verdicts:
                verdicts[decision, held] = bool(held) and _verdict(decision, held, entity, action)
            if verdicts[decision, held]:
                found.append(Seer(actor, _first(judging, actor, action, entity, record)))
    return found


def _verdict(decision: Decision, held: frozenset[str], entity: str, action: str) -> bool:
    """What Casbin says where those scopes hold: the same for everybody with the same roles."""
    return decision.allows(entity, action, lambda scope, _eft: scope in held)


def _first(
    judging: Judging, actor: Actor, action: str, entity: str, record: Mapping[str, Any]
) -> Message | str:
    for line in judging.decide(actor, entity, action).lines:
        if line.eft == ALLOW and judging.holds(actor, line.scope, action, entity, record):
            return _because(judging, actor, action, entity, record, line, True)
    return ""
