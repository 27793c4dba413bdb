"""Records counted by whose they are, once, so that what anybody reaches is a sum."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from tenon.api import Actor, EntityType, Work

from .crowd import Crowd
from .line import ALL, NONE
from .models import Grant
from .names import Names
from .reach import DEEPEST, follows
from .snapshot import Decision

GRANTED = "granted"
BY_OWNER = frozenset({ALL, NONE, "own", "team", "subtree", "unowned", GRANTED})
"""Scopes that depend on nothing but a record's owner and its grants."""


def countable(*decisions: Decision) -> bool:
    """Whether what these decisions reach can be told from a tally."""
    return all(BY_OWNER.issuperset(d.allow) and BY_OWNER.issuperset(d.deny) for d in decisions)


@dataclass(frozen=True)
class Shared:
    """A grant: ``count`` records come within reach by it (a record, and those within it)."""

    root: UUID
    level: int
    owner: UUID | None
    placed: bool
    count: int


@dataclass(frozen=True)
class Tally:
    """How many records of a kind each person owns; ``None`` for those of nobody.

    ``placeless`` are those of which no owner can be told, so that ``all`` alone holds for them.
    ``shared`` is by principal.
    """

    by_owner: Mapping[UUID | None, int]
    placeless: int
    shared: Mapping[UUID, tuple[Shared, ...]]

    @property
    def total(self) -> int:
        return sum(self.by_owner.values()) + self.placeless


@dataclass(frozen=True)
class Owners:
    """Some owners, or with ``but`` all but those."""

    ids: frozenset[UUID | None]
    but: bool = False

    def __contains__(self, owner: object) -> bool:
        return (owner in self.ids) != self.but

    def counted(self, tally: Tally, without: Owners) -> int:
        """How many records are theirs and not of ``without``."""
        count = tally.by_owner.get
        if not self.but:
            return sum(count(o, 0) for o in self.ids if o not in without)
        if without.but:
            return sum(count(o, 0) for o in without.ids - self.ids)
        return tally.total - sum(count(o, 0) for o in self.ids | without.ids)


NOBODYS = Owners(frozenset())


class Person:
    """Somebody whose reach is counted."""

    def __init__(self, crowd: Crowd, actor: Actor) -> None:
        nobody: frozenset[UUID] = frozenset()
        self.actor = actor
        self.principals = crowd.principals.get(actor.id, nobody)
        self._scopes: dict[str, frozenset[Any]] = {
            "own": frozenset((actor.id,)),
            "team": crowd.members.get(actor.team_id, nobody),
            "subtree": crowd.below.get(actor.id, nobody),
            "unowned": frozenset((None,)),
        }
        self._unions: dict[tuple[str, ...], frozenset[UUID | None]] = {}

    def owners(self, decision: Decision) -> Owners:
        """Whose records the decision brings within reach, but for those that are shared."""
        if not decision.allowed:
            return NOBODYS
        denied = self._union(decision.deny)
        if ALL in decision.allow:
            return Owners(denied, but=True)
        return Owners(self._union(decision.allow) - denied)

    def reaches(self, decision: Decision, found: Shared) -> bool:
        """Whether it brings records within reach that are shared with the person."""
        if not decision.allowed or GRANTED in decision.deny:
            return False
        if found.placed and found.owner in self._union(decision.deny):
            return False
        return GRANTED in decision.allow or _has(self.owners(decision), found)

    def shared(self, tally: Tally, level: int) -> Iterator[Shared]:
        """What is shared with the person at least that high, each record once."""
        if not tally.shared:
            return
        seen: set[UUID] = set()
        for principal in self.principals:
            for found in tally.shared.get(principal, ()):
                if found.level >= level and found.root not in seen:
                    seen.add(found.root)
                    yield found

    def _union(self, scopes: tuple[str, ...]) -> frozenset[UUID | None]:
        found = self._unions.get(scopes)
        if found is None:
            parts = (self._scopes[scope] for scope in scopes if scope in self._scopes)
            found = self._unions[scopes] = frozenset().union(*parts)
        return found


def difference(person: Person, tally: Tally, level: int, old: Decision, new: Decision) -> tuple[int, int]:
    """How many records a person gains and loses where ``new`` takes the place of ``old``."""
    before, after = person.owners(old), person.owners(new)
    gained, lost = after.counted(tally, before), before.counted(tally, after)
    if not any(GRANTED in scopes for scopes in (old.allow, old.deny, new.allow, new.deny)):
        return gained, lost
    for found in person.shared(tally, level):
        was, will = _has(before, found), _has(after, found)
        now, then = person.reaches(old, found), person.reaches(new, found)
        gained += found.count * ((then and not now) - (will and not was))
        lost += found.count * ((now and not then) - (was and not will))
    return gained, lost


def reached(person: Person, tally: Tally, level: int, decision: Decision) -> int:
    """How many records a decision brings within somebody's reach."""
    owners = person.owners(decision)
    count = owners.counted(tally, NOBODYS)
    if GRANTED in (*decision.allow, *decision.deny):
        for found in person.shared(tally, level):
            count += found.count * (person.reaches(decision, found) - _has(owners, found))
    return count


def _has(owners: Owners, found: Shared) -> bool:
    return found.owner in owners if found.placed else owners.but


def tally_of(names: Names, work: Work, entity: str) -> Tally:
    """Count the records of a kind. ``work`` is the system's."""
    chain = _chain(names, entity)
    placed, by = chain.root.c.id.is_not(None), [chain.owner] if chain.owned else []
    rows = work.connection.execute(
        sa.select(sa.func.count(), placed, *by).select_from(chain.joined).group_by(placed, *by)
    ).all()
    by_owner = {row[2]: row[0] for row in rows if row[1] and by}
    placeless = sum(row[0] for row in rows if not (row[1] and by))
    return Tally(by_owner, placeless, _shared(work, chain) if chain.ends else {})


@dataclass(frozen=True)
class Chain:
    """The way from a kind of record to the one whose owner counts: ``joined`` from the first table to
    ``root``. ``ends`` is false where it goes round in circles."""

    joined: sa.FromClause
    start: sa.FromClause
    root: sa.FromClause
    root_type: EntityType
    hops: int
    ends: bool

    @property
    def owned(self) -> bool:
        return self.ends and self.root_type.entity.owner in self.root.c

    @property
    def owner(self) -> sa.ColumnElement[Any]:
        return self.root.c[self.root_type.entity.owner]


def _chain(names: Names, entity: str) -> Chain:
    type_ = names.entities[entity]
    start = root = type_.table.alias()
    joined: sa.FromClause = start
    hops = 0
    while (path := follows(type_, "own")) is not None and hops <= DEEPEST:
        type_ = names.entities[str(type_.fields[path].spec.to)]
        further = type_.table.alias()
        joined = joined.outerjoin(further, root.c[path] == further.c.id)
        root, hops = further, hops + 1
    return Chain(joined, start, root, type_, hops, hops <= DEEPEST)


def _shared(work: Work, chain: Chain) -> dict[UUID, tuple[Shared, ...]]:
    grant = Grant.__table__.alias()
    lasting = sa.or_(grant.c.until.is_(None), grant.c.until > work.now)
    here = sa.and_(grant.c.entity == chain.root_type.name, lasting)
    by = [grant.c.principal_id, chain.root.c.id, *([chain.owner] if chain.owned else [])]
    rows = work.connection.execute(
        sa.select(sa.func.max(grant.c.level), *by)
        .select_from(grant.join(chain.root, chain.root.c.id == grant.c.record_id))
        .where(here)
        .group_by(*by)
    ).all()
    counts = _counts(work, chain, sa.select(grant.c.record_id).where(here)) if rows and chain.hops else None
    found: dict[UUID, list[Shared]] = defaultdict(list)
    for level, principal, root, *owner in rows:
        count = 1 if counts is None else counts.get(root, 0)
        found[principal].append(Shared(root, level, owner[0] if owner else None, chain.owned, count))
    return {principal: tuple(shared) for principal, shared in found.items()}


def _counts(work: Work, chain: Chain, roots: sa.Select[Any]) -> dict[UUID, int]:
    """How many records lead to each of those."""
    rows = work.connection.execute(
        sa.select(chain.root.c.id, sa.func.count())
        .select_from(chain.joined)
        .where(chain.root.c.id.in_(roots))
        .group_by(chain.root.c.id)
    )
    return {row[0]: row[1] for row in rows}
