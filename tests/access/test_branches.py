"""A list over several ways in is what filtering in Python gives, page by page, counted and summed."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenon.identity import Actor
from tenon.identity.actor import system
from tenon.records import And, Filter, Not, Or, Query, Record, Where
from tests.access.conftest import World, build_world

SORTS = ("name", "score", "-score", "revenue", "-met_on", "custom.size", "-custom.word", "ext.care.keeper",
         "-color", "created_at")  # fmt: skip
FILTERS: tuple[Filter | None, ...] = (
    None,
    Where("score", "gte", 2),
    Where("color", "ne", "red"),
    Not(Where("color", "eq", "green")),
    Or((Where("custom.size", "empty", True), Where("score", "lt", 3))),
    And((Where("ext.care.keeper", "contains", "b"), Where("score", "empty", False))),
    Where("region_id.name", "starts_with", "n"),
    Where("owner_id", "empty", False),
)
ROLES = ("manager", "shared", "mixed", "pool", "rep", "boss")


@dataclass
class Full:
    """A world of clients, and people who reach some of them."""

    world: World
    people: dict[str, Actor]
    clients: list[Record]
    granted: dict[UUID | None, set[UUID]]
    below: dict[UUID | None, set[UUID | None]]

    def reaches(self, who: Actor, client: Record) -> bool:
        """What the roles mean, in Python."""
        (role,) = who.roles
        owner, me = client["owner_id"], who.id
        ways = {
            "own": owner == me,
            "granted": client.id in self.granted[me],
            "subtree": owner in self.below[me],
            "unowned": owner is None,
            "all": True,
        }
        names = self.world.policy.roles[role].reach.get("read") or self.world.policy.roles[role].reach["*"]
        if "-blue" in names and client["color"] == "blue":
            return False
        return any(ways[name] for name in names if not name.startswith("-"))


def fill(world: World) -> Full:
    rng = random.Random(11)
    everywhere = {"region": {"*": ("all",)}}
    world.policy.roles = {n: replace(role, kinds=everywhere) for n, role in world.policy.roles.items()}
    people = {role: world.hire(role.title(), role) for role in ROLES}
    others = [world.hire(f"Other {n}", "rep") for n in range(4)]
    below: dict[UUID | None, set[UUID | None]] = defaultdict(set)
    for role in ("manager", "mixed"):
        team = rng.sample(others, 2)
        world.above(people[role], *team)
        below[people[role].id] = {people[role].id, *(one.id for one in team)}
    regions = [world.create("region", name=name).id for name in ("north", "south")]
    owners = [None, *others, *people.values()]
    granted: dict[UUID | None, set[UUID]] = defaultdict(set)
    for n in range(150):
        values = {
            "name": f"c{n % 40:02d}",
            "score": rng.randint(0, 4),
            "revenue": str(Decimal(rng.randint(0, 9)) / 2),
            "revenue_currency": rng.choice(["EUR", "USD"]),
            "met_on": f"2026-01-{rng.randint(1, 4):02d}",
            "color": rng.choice(["red", "green", "blue"]),
            "region_id": rng.choice(regions),
            "custom": {"size": rng.randint(0, 3), "word": rng.choice(["ab", "b", "ä"])},
            "ext": {"care": {"keeper": rng.choice(["Bo", "Cy"])}},
        }
        kept = {k: v for k, v in values.items() if k == "name" or rng.random() > 0.25}
        client = world.create("client", rng.choice(owners), **kept)
        for who in (*people.values(), *others):
            if rng.random() < 0.15:
                world.grant(client, who)
                granted[who.id].add(client.id)
    whole = world.read(system("test"), lambda work: work.page("client", Query(size=500, sort=("id",)))).data
    return Full(world, people, whole, granted, below)


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Full]:
    world = build_world(f"sqlite:///{tmp_path_factory.mktemp('branches')}/tenon.db")
    yield fill(world)
    world.records.storage.close()


def expected(full: Full, who: Actor, found: Filter | None) -> list[Record]:
    """The clients that the filter names, by the system's own list, that are within reach."""
    query = Query(filter=found, size=500, sort=("id",))
    named = full.world.read(system("test"), lambda work: work.page("client", query)).data
    return [client for client in named if full.reaches(who, client)]


def check_page_law(full: Full, role: str, sort: tuple[str, ...], found: Filter | None, size: int) -> None:
    """The pages put together are the system's list in that order, without what is out of reach."""
    who = full.people[role]
    query = Query(filter=found, sort=sort, size=500)
    ordered = full.world.read(system("test"), lambda work: work.page("client", query)).data
    within = [client.id for client in ordered if full.reaches(who, client)]
    got: list[UUID] = []
    after = None
    while True:
        ask = Query(filter=found, sort=sort, size=size, after=after, total=True)
        page = full.world.read(who, lambda work, ask=ask: work.page("client", ask))
        assert page.total == len(within)
        got += [client.id for client in page.data]
        after = page.next
        if after is None:
            break
    assert got == within


LAW = given(
    st.sampled_from(ROLES),
    st.lists(st.sampled_from(SORTS), min_size=1, max_size=2, unique_by=lambda s: s.lstrip("-")).map(tuple),
    st.sampled_from(FILTERS),
    st.sampled_from([1, 7, 40]),
)


@settings(max_examples=60, deadline=None)
@LAW
def test_pages_put_together_are_the_list_within_reach(
    on_sqlite: Full, role: str, sort: tuple[str, ...], found: Filter | None, size: int
) -> None:
    check_page_law(on_sqlite, role, sort, found, size)


@pytest.mark.postgresql
def test_pages_put_together_are_the_list_within_reach_on_postgresql(postgres_url: str) -> None:
    full = fill(build_world(postgres_url))

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.nested_given])
    @LAW
    def law(role: str, sort: tuple[str, ...], found: Filter | None, size: int) -> None:
        check_page_law(full, role, sort, found, size)

    law()
    for role in ROLES:
        for found in FILTERS:
            check_counts(full, role, found)
    full.world.records.storage.close()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("number", range(len(FILTERS)))
def test_what_is_counted_and_summed_is_what_is_within_reach(on_sqlite: Full, role: str, number: int) -> None:
    check_counts(on_sqlite, role, FILTERS[number])


def check_counts(full: Full, role: str, found: Filter | None) -> None:
    who = full.people[role]
    clients = expected(full, who, found)
    query = Query(filter=found)

    def read(ask: Callable[[Any], Any]) -> Any:
        return full.world.read(who, ask)

    assert read(lambda work: work.count("client", query)) == len(clients)
    for cap in (0, 3, 1000):
        page = read(
            lambda work, cap=cap: work.page("client", Query(filter=found, size=1, total=True, total_cap=cap))
        )
        assert (page.total, page.capped) == (min(len(clients), cap), len(clients) > cap) or len(clients) <= 1
    rows = read(lambda work: work.sums("client", query, by=["color"], of=["revenue", "score"]))
    got = {(r["color"], r["revenue_currency"]): (r["count"], r["revenue"], r["score"]) for r in rows}
    assert got == sums_of(clients)
    assert read(lambda work: work.sums("client", query, by=[]))[0]["count"] == len(clients)
    titles = read(lambda work: work.titles("client", [client.id for client in full.clients]))
    within = {client.id for client in full.clients if full.reaches(who, client)}
    assert titles.keys() == within


def sums_of(clients: list[Record]) -> dict[tuple[Any, Any], tuple[int, Any, Any]]:
    groups: dict[tuple[Any, Any], list[Record]] = defaultdict(list)
    for client in clients:
        groups[client["color"], client["revenue_currency"]].append(client)

    def total(records: list[Record], path: str) -> Any:
        values = [r[path] for r in records if r[path] is not None]
        return sum(values) if values else None

    return {key: (len(rs), total(rs, "revenue"), total(rs, "score")) for key, rs in groups.items()}


@pytest.mark.parametrize("role", ROLES)
def test_search_finds_what_is_within_reach(on_sqlite: Full, role: str) -> None:
    who = on_sqlite.people[role]
    within = {c.id for c in on_sqlite.clients if on_sqlite.reaches(who, c) and "c1" in c["name"]}
    found = on_sqlite.world.read(who, lambda work: work.search("c1", size=200))
    assert {client.id for client in found.get("client", [])} == within


def test_a_list_without_its_branches_holds_the_same(on_sqlite: Full) -> None:
    """The control: one condition gives the same rows, slower."""
    who = on_sqlite.people["mixed"]
    query = Query(size=500, sort=("name",))
    with_branches = on_sqlite.world.read(who, lambda work: work.page("client", query)).data
    on_sqlite.world.policy.branched = False
    try:
        without = on_sqlite.world.read(who, lambda work: work.page("client", query)).data
    finally:
        on_sqlite.world.policy.branched = True
    assert [c.id for c in with_branches] == [c.id for c in without]
