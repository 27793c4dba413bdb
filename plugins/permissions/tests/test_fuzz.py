"""The SQL form, the Python form and the explanation of a policy are one: on random worlds and policies."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pytest
import sqlalchemy as sa

from plugins.permissions.tests.sizes import size
from plugins.permissions.tests.worlds import PLUGIN, Maker, Memory, Rows, write
from tenon.api import Actor, system
from tenon.settings import Settings
from tenon.testing.plugin_factory import PluginFactory
from tenon_permissions.judging import Judging
from tenon_permissions.reach import Reach

WORLDS = size(3, 31)
EXPLAINED = 0.1
"""For this part of the sets one decision is explained too, by the whole way through the database."""


@pytest.fixture(scope="module")
def factory(tmp_path_factory):
    made = PluginFactory(tmp_path_factory.mktemp("plugins"))
    made.make("extra_scopes", PLUGIN)
    yield made
    made.close()


@pytest.fixture
def tenon_settings(factory):
    return Settings.for_tests(
        plugins=["b2b_accounts", "permissions", "extra_scopes"], access="policy", modes=["b2b"]
    )


@dataclass
class Differential:
    """Compares the forms on one world after the other."""

    tenon: Any
    decisions: int = 0
    explained: int = 0
    allowed: int = 0
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.policy = self.tenon.access.policy

    def world(self, chance: random.Random) -> None:
        maker = Maker(self.tenon, chance)
        rows, document = maker.rows(), maker.policy()
        write(self.tenon, rows)
        self.policy.revisions.add(document, self.policy.names, system("test"))
        self.policy.changed()
        memory = Memory(rows)
        with self.tenon.records.reading(system("test")) as work:
            actors = list(self.tenon.identity.users.actors(work.connection))
            for actor, action in product(actors, self.actions(chance)):
                for kind in rows.tables:
                    self.compare(work, memory, rows, actor, action, kind, chance)

    def actions(self, chance: random.Random) -> list[str]:
        return ["read", *chance.sample([a for a in self.policy.names.actions if a != "read"], 4)]

    def compare(
        self,
        work: Any,
        memory: Memory,
        rows: Rows,
        actor: Actor,
        action: str,
        kind: str,
        chance: random.Random,
    ) -> None:
        by_sql = self.by_sql(work, actor, action, kind)
        judging = Judging(self.policy.names, memory, self.policy.decision)
        by_python = {row["id"] for row in rows.tables[kind] if judging.allowed(actor, action, kind, row)}
        self.decisions += len(rows.tables[kind])
        self.allowed += len(by_python)
        if by_sql != by_python:
            self.wrong.append(self.difference(actor, action, kind, by_sql, by_python))
        by_branches = self.by_branches(work, actor, action, kind)
        if by_branches is not None and by_branches != by_sql:
            self.wrong.append("branches " + self.difference(actor, action, kind, by_sql, by_branches))
        if chance.random() < EXPLAINED:
            row = chance.choice(rows.tables[kind])
            found = self.policy.explain(actor, action, kind, row["id"])
            self.explained += 1
            if found.allowed != (row["id"] in by_sql):
                self.wrong.append(f"explained as {found.allowed}: {found.reason}")

    def by_sql(self, work: Any, actor: Actor, action: str, kind: str) -> set[Any]:
        table = self.policy.names.entities[kind].table
        within = self.within(actor, action, kind, table)
        found = sa.select(table.c.id)
        return set(work.connection.scalars(found if within is None else found.where(within)))

    def within(self, actor: Actor, action: str, kind: str, table: Any) -> Any:
        return self.policy.scope(actor, action, kind, table)

    def by_branches(self, work: Any, actor: Actor, action: str, kind: str) -> set[Any] | None:
        type_ = self.policy.names.entities[kind]
        table = type_.table
        branches = self.policy.branches(actor, action, kind, table)
        if not branches:
            return None
        found: set[Any] = set()
        for branch in branches:
            some = sa.select(table.c.id).where(branch.where)
            if branch.owners is not None:
                some = some.where(table.c[type_.entity.owner].in_(branch.owners))
            found |= set(work.connection.scalars(some))
        return found

    def difference(self, actor: Actor, action: str, kind: str, one: Any, other: Any) -> str:
        lines = "; ".join(map(str, self.policy.decision(actor, kind, action).lines))
        return f"{actor.name} {sorted(actor.roles)} {action} {kind}: {one ^ other} under {lines}"


@pytest.mark.timeout(size(600, 7200))
def test_sql_python_and_explanations_agree(tenon, record_property) -> None:
    found = Differential(tenon)
    for seed in range(WORLDS):
        found.world(random.Random(seed))
        assert found.wrong == [], f"world {seed}"
    record_property("decisions", found.decisions)
    print(f"{found.decisions:,} decisions, {found.allowed:,} allowed, {found.explained:,} explained")
    assert found.decisions >= 3_300 * WORLDS
    assert found.explained >= 20 * WORLDS
    assert found.decisions * 0.05 < found.allowed < found.decisions * 0.95


class Naive(Reach):
    """Takes what is denied away by NOT alone, as one writes it first."""

    def denied(self, decision: Any, entity: str, action: str, table: Any, depth: int = 0) -> Any:
        ways = [self.scope(name, entity, action, table, depth) for name in decision.deny]
        return sa.not_(sa.or_(sa.false(), *ways)) if ways else None


@dataclass
class NaiveDifferential(Differential):
    def within(self, actor: Actor, action: str, kind: str, table: Any) -> Any:
        reach = self.policy.reach(self.policy.snapshot, actor)
        naive = Naive(reach.names, reach.org, reach.dialect, reach.who, reach.decide)
        return naive.rows(kind, action, table)


@pytest.mark.timeout(size(600, 7200))
def test_a_plain_not_would_lose_records_that_nobody_owns(tenon) -> None:
    found = NaiveDifferential(tenon)
    for seed in range(size(2, 8)):
        found.world(random.Random(seed))
    missed = [wrong for wrong in found.wrong if not wrong.startswith(("branches", "explained"))]
    print(f"{len(missed)} of the naive sets differ")
    assert missed
