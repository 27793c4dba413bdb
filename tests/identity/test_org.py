"""The org tree: who is below whom, kept by whatever writes users and teams."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from tenon.app import Tenon
from tenon.errors import InvalidError, TenonError
from tenon.identity import NewUser, system
from tenon.identity.models import ReportingLine, Team, User
from tenon.settings import Settings
from tenon.testing.deployments import Deployments

WHO = system("test of the org tree")
BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@pytest.fixture(params=BOTH)
def tenon_database(request: pytest.FixtureRequest) -> str:
    """These tests run on either database."""
    if request.param == "sqlite":
        return "sqlite"
    return request.getfixturevalue("postgres_server").render_as_string(hide_password=False)


class World:
    """People and teams of a deployment, made and moved by way of records."""

    def __init__(self, tenon: Tenon) -> None:
        self.tenon = tenon
        self.org = tenon.identity.org

    def user(self, name: str, **place: UUID | None) -> UUID:
        with self.tenon.records.writing(WHO) as work:
            return work.create("user", {"name": name, **place}).id

    def team(self, name: str, **place: UUID | None) -> UUID:
        with self.tenon.records.writing(WHO) as work:
            return work.create("team", {"name": name, **place}).id

    def move(self, kind: str, id_: UUID, **place: UUID | None) -> None:
        with self.tenon.records.writing(WHO) as work:
            work.update(kind, id_, place)

    def names_below(self, user: UUID) -> set[str]:
        with self.tenon.storage.reading() as connection:
            names = sa.select(User.name).where(User.id.in_(self.org.below(sa.literal(user, User.id.type))))
            return set(connection.scalars(names))

    def stored(self) -> dict[tuple[UUID, UUID], int]:
        with self.tenon.storage.reading() as connection:
            rows = connection.execute(
                sa.select(ReportingLine.above_id, ReportingLine.below_id, ReportingLine.distance)
            )
            return {(above, below): distance for above, below, distance in rows}

    def recomputed(self) -> dict[tuple[UUID, UUID], int]:
        """The closure by the rule as it is written down, without any of the code under test."""
        with self.tenon.storage.reading() as connection:
            users = {r.id: r for r in connection.execute(sa.select(User.id, User.manager_id, User.team_id))}
            teams = {r.id: r for r in connection.execute(sa.select(Team.id, Team.manager_id, Team.parent_id))}

        def nearest(team: UUID | None, besides: UUID) -> set[UUID]:
            seen: set[UUID] = set()
            while team is not None and team not in seen:
                seen.add(team)
                manager = teams[team].manager_id
                if manager is not None and manager != besides:
                    return {manager}
                team = teams[team].parent_id
            return set()

        def superiors(user: UUID) -> set[UUID]:
            found = {users[user].manager_id} - {None, user}
            found |= nearest(users[user].team_id, user)
            for team in teams.values():
                if team.manager_id == user:
                    found |= nearest(team.parent_id, user)
            return found

        lines: dict[tuple[UUID, UUID], int] = {}
        for start in users:
            waiting = deque([(start, 0)])
            while waiting:
                user, distance = waiting.popleft()
                if (user, start) not in lines:
                    lines[user, start] = distance
                    waiting.extend((above, distance + 1) for above in superiors(user))
        return lines


@pytest.fixture
def world(tenon: Tenon) -> World:
    return World(tenon)


def test_below_somebody_are_their_reports_the_teams_they_lead_and_those_teams_below(world: World) -> None:
    boss = world.user("Boss")
    company = world.team("Company", manager_id=boss)
    lead = world.user("Lead")
    sales = world.team("Sales", parent_id=company, manager_id=lead)
    seller = world.user("Seller", team_id=sales)
    world.user("Trainee", manager_id=seller)
    world.user("Stranger")
    assert world.names_below(boss) == {"Boss", "Lead", "Seller", "Trainee"}
    assert world.names_below(lead) == {"Lead", "Seller", "Trainee"}
    assert world.names_below(seller) == {"Seller", "Trainee"}
    assert world.stored() == world.recomputed()


def test_a_new_user_without_a_place_costs_one_insert(world: World) -> None:
    sent: list[str] = []
    engine = world.tenon.storage.engine

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "identity_reporting_line" in statement or "advisory" in statement:
            sent.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    world.user("Alone")
    world.tenon.identity.create_user(NewUser("Alone too"))
    sa.event.remove(engine, "before_cursor_execute", note)
    assert [statement.split()[0] for statement in sent] == ["INSERT", "INSERT"]


def test_circles_are_refused_by_name(world: World) -> None:
    ada = world.user("Ada")
    ben = world.user("Ben", manager_id=ada)
    cora = world.user("Cora", manager_id=ben)
    with pytest.raises(InvalidError) as refusal:
        world.move("user", ada, manager_id=cora)
    (problem,) = refusal.value.problems
    assert (problem.pointer, problem.code) == ("/manager_id", "cycle")
    assert problem.detail == "Ada reports to Cora, who reports to Ben, who reports to Ada"
    with pytest.raises(InvalidError, match="Ada cannot report to themselves"):
        world.move("user", ada, manager_id=ada)
    assert world.stored() == world.recomputed()


LAW = settings(max_examples=25, deadline=None)
SLOTS = st.integers(0, 6)
STEP = st.tuples(
    st.sampled_from(
        ["manager", "team", "lead", "parent", "both", "bulk_team", "bulk_lead", "archive", "hire"]
    ),
    SLOTS,
    st.none() | SLOTS,
    st.none() | SLOTS,
)


@pytest.fixture(scope="module")
def deployments(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployments]:
    made = Deployments(tmp_path_factory.mktemp("org"))
    yield made
    made.close()


@pytest.mark.parametrize("database", BOTH)
def test_after_any_moves_the_lines_are_what_users_and_teams_say(
    deployments: Deployments, request: pytest.FixtureRequest, database: str
) -> None:
    server = database
    if database == "postgresql":
        server = request.getfixturevalue("postgres_server").render_as_string(hide_password=False)

    @LAW
    @given(st.lists(STEP, max_size=25))
    def law(steps: list[tuple[str, int, int | None, int | None]]) -> None:
        tenon = deployments.compose(Settings.for_tests(plugins=[]), server)
        try:
            _play(World(tenon), steps)
        finally:
            deployments.discard(tenon)

    law()


def _play(world: World, steps: list[tuple[str, int, int | None, int | None]]) -> None:
    users = [world.user(f"user {n}") for n in range(7)]
    teams = [world.team(f"team {n}") for n in range(7)]
    for what, index, first, second in steps:
        # a step that would make a circle is refused as a whole
        with suppress(InvalidError):
            _step(world, users, teams, what, index, first, second)
        stored = world.stored()
        assert stored == world.recomputed()
        assert all((below, above) not in stored for above, below in stored if above != below), "a circle"
        with world.tenon.storage.snapshot() as connection:
            assert world.org.check(connection) == []


def _step(
    world: World, users: list[UUID], teams: list[UUID], what: str, index: int, first: int | None,
    second: int | None,
) -> None:  # fmt: skip
    user, team = users[index], teams[index]
    person = users[first] if first is not None else None
    group = teams[second] if second is not None else None
    with world.tenon.records.writing(WHO) as work:
        if what == "manager":
            work.update("user", user, {"manager_id": person})
        elif what == "team":
            work.update("user", user, {"team_id": group})
        elif what == "lead":
            work.update("team", team, {"manager_id": person})
        elif what == "parent":
            work.update("team", team, {"parent_id": group})
        elif what == "both":
            work.update("user", user, {"manager_id": person, "team_id": group})
            work.update("team", team, {"manager_id": person, "parent_id": group})
        elif what == "bulk_team":
            _good(work.bulk_update("user", [(u, {"team_id": group}, None) for u in users[index:]]))
        elif what == "bulk_lead":
            _good(work.bulk_update("team", [(t, {"manager_id": person}, None) for t in teams[index:]]))
        elif what == "archive":
            work.archive("user", user)
        else:
            users[index] = work.create("user", {"name": "new", "manager_id": person, "team_id": group}).id


def _good(results: list[Any]) -> None:
    for result in results:
        if isinstance(result, TenonError):
            assert {problem.code for problem in result.problems} == {"cycle"}
