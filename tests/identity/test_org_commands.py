"""``tenon user org`` and ``tenon user move`` on a terminal."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from tenon.app import Tenon
from tenon.cli.user import user
from tenon.errors import InvalidError, NotFoundError
from tenon.identity import NewUser, system
from tenon.identity.models import ReportingLine

Run = Callable[..., Result]


@pytest.fixture
def run(tenon: Tenon) -> Run:
    return lambda *arguments: CliRunner().invoke(user, arguments, obj=lambda: tenon)


@pytest.fixture
def people(tenon: Tenon) -> None:
    """Ada above Ben above Cora; Dan leads the team Sales and is disabled."""
    create = tenon.identity.create_user
    ada = create(NewUser("Ada", "ada@example.com", "Director"))
    ben = create(NewUser("Ben", "ben@example.com", manager_id=ada))
    create(NewUser("Cora", "cora@example.com", manager_id=ben))
    dan = create(NewUser("Dan", "dan@example.com"))
    tenon.identity.users.set_active(dan, False)
    with tenon.records.writing(system("test")) as work:
        work.create("team", {"name": "Sales", "manager_id": dan})


def test_the_tree_is_printed(run: Run, people: None) -> None:
    run("move", "cora@example.com", "--team", "Sales")
    assert run("org").output.splitlines() == [
        "Ada  (Director, 2 below)",
        "  Ben  (1 below)",
        "    Cora  (also reports to Dan)",
        "Dan  (1 below, disabled)",
    ]


def test_somebody_is_moved_and_taken_out(run: Run, people: None) -> None:
    assert "another place" in run("move", "ben@example.com", "--manager", "none").output
    assert run("org").output.splitlines()[:3] == ["Ada  (Director)", "Ben  (1 below)", "  Cora"]
    run("move", "cora@example.com", "--manager", "dan@example.com")
    assert "  Cora" in run("org").output.splitlines()[-1]


def test_a_move_that_cannot_be_says_why(run: Run, people: None) -> None:
    circle = run("move", "ada@example.com", "--manager", "cora@example.com").exception
    assert isinstance(circle, InvalidError)
    assert "Ada reports to Cora, who reports to Ben, who reports to Ada" in str(circle)
    assert isinstance(run("move", "ada@example.com").exception, InvalidError)
    for place in (("--team", "Nowhere"), ("--manager", "nobody@example.com")):
        assert isinstance(run("move", "ada@example.com", *place).exception, NotFoundError)


def test_a_difference_is_found_and_put_right(run: Run, tenon: Tenon, people: None) -> None:
    assert run("org", "--check").exit_code == 0
    with tenon.storage.writing() as connection:
        connection.execute(sa.delete(ReportingLine).where(ReportingLine.distance == 2))
    found = run("org", "--check")
    assert found.exit_code == 1
    assert found.output.splitlines()[1].split() == ["Ada", "Cora", "no", "line", "2"]
    assert "1" in run("org", "--repair").output
    assert run("org", "--check").exit_code == 0
