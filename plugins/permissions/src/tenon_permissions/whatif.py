"""What a proposed policy would change: who gains or loses which records, before it is in force."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from tenon.api import Actor, Message, Work, _, system

from .checking import Finding, check
from .crowd import crowd_of
from .document import PolicyDocument
from .line import ALL, ALLOW
from .reach import level_for
from .snapshot import ADMIN, EVERYONE, Decision, Snapshot
from .tally import Person, Tally, countable, difference, tally_of

if TYPE_CHECKING:
    from .policy import PermissionsPolicy

MOST_ASKED = 1_000
"""How many questions the database is asked for what cannot be told from a tally."""

OF_NO_RECORD = frozenset({"create", "import", "customize"})
"""Actions that are not done to a record there is, so that there is nothing to count."""


@dataclass(frozen=True)
class Shift:
    """What one person gains and loses of one kind of record, for one action.

    ``gained`` and ``lost`` count records, ``fields_gained`` and ``fields_lost`` are field paths.
    ``may`` is true where they may do it at all only under the proposal, false where no longer.
    """

    actor: Actor
    entity: str
    action: str
    gained: int = 0
    lost: int = 0
    fields_gained: frozenset[str] = frozenset()
    fields_lost: frozenset[str] = frozenset()
    may: bool | None = None

    def __bool__(self) -> bool:
        parts = (self.gained, self.lost, self.fields_gained, self.fields_lost)
        return any(parts) or self.may is not None

    @property
    def gains(self) -> bool:
        return bool(self.gained or self.fields_gained or self.may)

    @property
    def loses(self) -> bool:
        return bool(self.lost or self.fields_lost or self.may is False)


@dataclass(frozen=True)
class Total:
    """What happens to one kind of record and action: how many people gain, how many records in sum,
    and how many the one who gains most."""

    entity: str
    action: str
    gainers: int
    gained: int
    most_gained: int
    losers: int
    lost: int
    most_lost: int
    fields_gained: frozenset[str]
    fields_lost: frozenset[str]


@dataclass(frozen=True)
class Comparison:
    """``findings`` is what is wrong with the proposal; with errors nothing is compared. For ``unasked``
    people something is left out, since only the database could have counted it."""

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

    def totals(self) -> list[Total]:
        """What happens by kind and action, seeing first."""
        found: dict[tuple[str, str], list[Shift]] = defaultdict(list)
        for shift in self.shifts:
            found[shift.entity, shift.action].append(shift)
        totals = [_total(entity, action, shifts) for (entity, action), shifts in found.items()]
        return sorted(totals, key=lambda t: (t.action != "read", t.action, -t.gained - t.lost, t.entity))

    def by_person(self) -> list[tuple[Actor, list[Shift]]]:
        """The same by person: those first who gain or lose most."""
        found: dict[object, list[Shift]] = defaultdict(list)
        for shift in self.shifts:
            found[shift.actor.id].append(shift)
        ordered = sorted(
            found.values(), key=lambda shifts: (-sum(s.gained + s.lost for s in shifts), shifts[0].actor.name)
        )
        return [(shifts[0].actor, shifts) for shifts in ordered]


def _total(entity: str, action: str, shifts: list[Shift]) -> Total:
    nothing: frozenset[str] = frozenset()
    return Total(
        entity,
        action,
        gainers=sum(s.gains for s in shifts),
        gained=sum(s.gained for s in shifts),
        most_gained=max(s.gained for s in shifts),
        losers=sum(s.loses for s in shifts),
        lost=sum(s.lost for s in shifts),
        most_lost=max(s.lost for s in shifts),
        fields_gained=nothing.union(*(s.fields_gained for s in shifts)),
        fields_lost=nothing.union(*(s.fields_lost for s in shifts)),
    )


def compare(
    policy: PermissionsPolicy,
    proposed: PolicyDocument,
    *,
    actions: Iterable[str] | None = None,
    most_asked: int = MOST_ASKED,
) -> Comparison:
    """The proposal held against the policy in force, for everybody, on the records that there are.

    ``actions`` are all unless given. Scopes that follow from owners and grants are counted for any
    number of people; any other is asked of the database for each, up to ``most_asked`` times.
    """
    now, then = policy.snapshot, Snapshot("proposed", proposed, policy.names)
    found = _by_lines(check(proposed, policy.names), now.document, proposed)
    if not found.sound:
        return found
    with policy.tenon.records.snapshot(system("what a policy would change")) as work:
        difference = _Difference(policy, work, now, then, tuple(actions or policy.names.actions), most_asked)
        shifts = [shift for person in difference.people for shift in difference.of(person)]
        warnings = list(_warnings(then, [person.actor for person in difference.people], now))
    unasked = len(difference.unasked)
    return replace(found, findings=[*found.findings, *warnings], shifts=shifts, unasked=unasked)


def _by_lines(findings: list[Finding], now: PolicyDocument, proposed: PolicyDocument) -> Comparison:
    before, after = set(now.lines), set(proposed.lines)
    return Comparison(
        findings,
        [str(line) for line in proposed.lines if line not in before],
        [str(line) for line in now.lines if line not in after],
    )


@dataclass(frozen=True)
class _Concern:
    """A kind and an action for which somebody's roles say something else than before."""

    entity: str
    action: str
    old: Decision
    new: Decision
    fields_gained: frozenset[str]
    fields_lost: frozenset[str]


class _Difference:
    """Two snapshots held against each other, in one transaction."""

    def __init__(
        self,
        policy: PermissionsPolicy,
        work: Work,
        now: Snapshot,
        then: Snapshot,
        actions: tuple[str, ...],
        most_asked: int,
    ) -> None:
        self.policy = policy
        self.work = work
        self.now, self.then = now, then
        self.actions = actions
        self.crowd = crowd_of(policy.tenon, work)
        self.people = [Person(self.crowd, actor) for actor in self.crowd.people]
        self.unasked: set[object] = set()
        self._left = most_asked
        self._tallies: dict[str, Tally] = {}
        self._by_roles: dict[tuple[frozenset[str], frozenset[str]], list[_Concern]] = {}

    def of(self, person: Person) -> Iterator[Shift]:
        """What somebody gains and loses."""
        actor = person.actor
        old, new = (s.roles(actor.roles, admin=actor.admin) for s in (self.now, self.then))
        concerns = self._by_roles.get((old, new))
        if concerns is None:
            concerns = self._by_roles[old, new] = list(self._concerns(old, new))
        for concern in concerns:
            shift = self._shift(person, concern)
            if shift:
                yield shift

    def _concerns(self, old_roles: frozenset[str], new_roles: frozenset[str]) -> Iterator[_Concern]:
        types = self.policy.tenon.records.registry
        if _of_roles(self.now, old_roles) == _of_roles(self.then, new_roles):
            return
        for entity in self.policy.names.entities:
            paths = frozenset(types[entity].fields)
            for action in self.actions:
                old = self.now.decide(old_roles, entity, action)
                new = self.then.decide(new_roles, entity, action)
                was, will = _fields(self.now, old, entity, paths), _fields(self.then, new, entity, paths)
                # A scope that looks at other records may change with the lines for those.
                if was != will or _reach(old) != _reach(new) or not countable(old, new):
                    yield _Concern(entity, action, old, new, will - was, was - will)

    def _shift(self, person: Person, concern: _Concern) -> Shift:
        old, new = concern.old, concern.new
        may = None if old.allowed == new.allowed else new.allowed
        gained, lost = (0, 0) if concern.action in OF_NO_RECORD else self._counted(person, concern)
        fields = (concern.fields_gained, concern.fields_lost)
        return Shift(person.actor, concern.entity, concern.action, gained, lost, *fields, may)

    def _counted(self, person: Person, concern: _Concern) -> tuple[int, int]:
        if countable(concern.old, concern.new):
            if _reach(concern.old) == _reach(concern.new):
                return 0, 0
            tally, level = self._tally(concern.entity), level_for(concern.action)
            return difference(person, tally, level, concern.old, concern.new)
        if self._left < 1:
            self.unasked.add(person.actor.id)
            return 0, 0
        self._left -= 1
        return self._asked(person.actor, concern.entity, concern.action)

    def _tally(self, entity: str) -> Tally:
        if entity not in self._tallies:
            self._tallies[entity] = tally_of(self.policy.names, self.work, entity)
        return self._tallies[entity]

    def _asked(self, actor: Actor, entity: str, action: str) -> tuple[int, int]:
        table = self.policy.names.entities[entity].table
        old = self.policy.reach(self.now, actor).rows(entity, action, table)
        new = self.policy.reach(self.then, actor).rows(entity, action, table)
        return _rows(self.work, table, new, old), _rows(self.work, table, old, new)


def _reach(decision: Decision) -> tuple[bool, frozenset[str], frozenset[str]]:
    """What of a decision says which records."""
    if not decision.allowed:
        return False, frozenset(), frozenset()
    return True, frozenset(decision.allow), frozenset(decision.deny)


def _fields(snapshot: Snapshot, decision: Decision, entity: str, paths: frozenset[str]) -> frozenset[str]:
    found = snapshot.fields(decision, entity, paths, (entity, paths))
    return paths if found.paths is None else found.paths & paths


def _of_roles(snapshot: Snapshot, roles: frozenset[str]) -> object:
    """All that decides what somebody with those roles may do."""
    lines = frozenset(line for line in snapshot.document.lines if line.sub in roles)
    used = {line.fields for line in lines}
    return lines, {key: found for key, found in snapshot.document.field_sets.items() if key in used}


def _rows(
    work: Work,
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


def _warnings(then: Snapshot, people: list[Actor], now: Snapshot) -> Iterator[Finding]:
    """What is no mistake in the file, but hardly meant."""
    if not any(_administers(then, actor) for actor in people):
        yield Finding("warning", "policy", _nobody_administers())
    gone = set(now.document.roles) - set(then.document.roles) - {ADMIN, EVERYONE}
    for key in sorted(gone):
        holders = [actor for actor in people if key in actor.roles]
        if holders:
            what = _("%(count)d people have this role, and lose what it gives them", count=len(holders))
            yield Finding("warning", f"roles.{key}", what)
    given = {role for actor in people for role in actor.roles} | {ADMIN, EVERYONE}
    for key in sorted(set(then.document.roles) - set(now.document.roles) - given):
        yield Finding("warning", f"roles.{key}", _("Nobody has this role yet"))


def _administers(then: Snapshot, actor: Actor) -> bool:
    roles = then.roles(actor.roles, admin=actor.admin)
    return all(_all(then.decide(roles, "user", action)) for action in ("read", "update"))


def _all(decision: Decision) -> bool:
    return decision.allowed and ALL in decision.allow and not decision.deny


def _nobody_administers() -> Message:
    return _(
        "Nobody could look after people and roles any more: no line gives the role admin every action on "
        "every kind (admin, *, **, *, all, all, %(eft)s)",
        eft=ALLOW,
    )
