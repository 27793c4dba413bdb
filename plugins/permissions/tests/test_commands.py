"""``tenon access``, as somebody at a terminal uses it."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tenon.api import TenonError
from tenon.settings import Settings
from tenon_permissions.commands import COMMANDS
from tenon_permissions.document import as_toml, read_toml


@pytest.fixture
def tenon_database():
    return "sqlite"


@pytest.fixture
def run(tenon, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    group = click.Group("access", {c.command.name: c.command for c in COMMANDS})

    def invoke(*arguments, **options):
        return CliRunner().invoke(group, [str(a) for a in arguments], obj=lambda: tenon, **options)

    return invoke


@pytest.fixture
def changed(sales, tmp_path) -> Path:
    """The policy in force as a file, with one line more."""
    file = tmp_path / "policy.toml"
    row = '["sales", "*", "account", "read", "all", "all", "allow"],\n]\n\n[roles'
    file.write_text(as_toml(sales.policy.snapshot.document).replace("]\n\n[roles", row, 1))
    return file


def test_every_command_has_help():
    for command in COMMANDS:
        assert command.group == "access"
        assert command.command.help.strip().endswith(".")


def test_init_puts_the_suggested_policy_in_force_once(run, tenon):
    assert "tenon access init" in str(tenon.access.policy.advice)
    assert "Policy 1 is in force" in run("init").output
    assert tenon.access.policy.advice is None
    again = run("init")
    assert isinstance(again.exception, TenonError)
    assert "There is a policy already" in str(again.exception)


def test_why_says_yes_with_the_reason_and_exits_with_0(run, sales):
    id_ = sales.account("of rita", "rita")
    told = run("why", sales.max.email, "read", f"account:{id_}")
    assert told.exit_code == 0
    assert told.output.startswith("Max may: Rita owns it: Max → Rita\n")
    assert "✓ allow  manager, *, *, read, subtree, all, allow" in told.output
    assert "✗ allow  manager, *, *, read, granted, all, allow" in told.output
    assert "Fields: all" in told.output


def test_why_says_no_and_exits_with_1(run, sales):
    id_ = sales.account("of rita", "rita")
    told = run("why", sales.rosa.email, "read", f"https://crm.example.com/accounts/{id_}")
    assert told.exit_code == 1
    assert "Rosa may not" in told.output


def test_why_speaks_json(run, sales):
    id_ = sales.account("of rita", "rita")
    told = json.loads(run("why", sales.rita.email, "update", f"accounts/{id_}", "--json").output)
    assert (told["allowed"], told["entity"], told["fields"]) == (True, "account", None)
    assert [s["scope"] for s in told["steps"] if s["holds"]] == ["own"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("why", "nobody@example.org", "read", "account:x"), "nobody@example.org"),
        (("why", "RITA", "fly", "account:x"), "There is no action fly"),
        (("why", "RITA", "read", "nonsense"), "nonsense names no record"),
        (("why", "RITA", "read", "account:01a203b2-2a68-78ed-8b13-0650d49a5271"), "There is no Account"),
        (("activate", "99", "--yes"), "There is no revision 99"),
    ],
)
def test_what_cannot_be_answered_is_told(run, sales, arguments, told):
    id_ = sales.account("x", "rita")
    given = [a.replace("RITA", sales.rita.email).replace("account:x", f"account:{id_}") for a in arguments]
    done = run(*given)
    assert done.exit_code != 0
    assert told in f"{done.output}{done.exception}"


def test_who_can_see_lists_people_with_the_reason_of_each(run, sales):
    id_ = sales.account("of rita", "rita")
    told = run("who-can-see", f"account:{id_}").output.splitlines()[1:]
    assert [line.split()[0] for line in told] == ["Ada", "Bea", "Max", "Rita"]
    assert told[2].endswith("Rita owns it: Max → Rita")
    rows = json.loads(run("who-can-see", f"account:{id_}", "--json", "--action", "assign").output)
    assert [row["name"] for row in rows] == ["Ada", "Bea", "Max", "Rita"]


def test_export_and_import_leave_the_policy_as_it_was(run, sales):
    assert "Wrote" in run("export", "policy.toml").output
    assert read_toml(Path("policy.toml").read_text()) == sales.policy.snapshot.document
    assert run("export").output == Path("policy.toml").read_text()
    assert "nothing was changed" in run("import", "policy.toml").output
    assert sales.policy.number == 1


def test_import_shows_what_changes_and_asks(run, sales, changed):
    sales.account("of rosa", "rosa")
    told = run("import", changed, input="n\n")
    assert told.exit_code == 1
    assert "+ sales, *, account, read, all, all, allow" in told.output
    assert "2 people gain or lose something" in told.output
    assert "Put it in force?" in told.output
    assert sales.policy.number == 1
    assert "Policy 2 is in force" in run("import", changed, "--note", "all see all", "--yes").output
    assert sales.seen("rita") == ["of rosa"]
    assert "all see all" in run("history").output


def test_simulate_changes_nothing(run, sales, changed):
    sales.account("of rosa", "rosa")
    told = run("simulate", changed)
    assert told.exit_code == 0
    assert "account  read" in told.output
    assert sales.policy.number == 1


def test_check_tells_every_error_with_its_line(run, sales, changed):
    changed.write_text(changed.read_text().replace('"own", "all"', '"owns", "all"'))
    told = run("check", changed)
    assert told.exit_code == 1
    assert told.output.count("There is no scope owns here; did you mean own?") > 3
    rows = changed.read_text().split("\n")
    first = int(told.output.split(": line ")[1].split(":")[0])
    assert '"owns"' in rows[first - 1]
    refused = run("import", changed, "--yes")
    assert refused.exit_code == 1
    assert "nothing was changed" in refused.output
    assert sales.policy.number == 1


def test_check_needs_no_database(tmp_path, tenon_deployments):
    from tenon.app import create_tenon
    from tenon.plugin.loader import load_plugins

    url = "postgresql://nobody@127.0.0.1:1/nowhere"
    settings = Settings.for_tests(
        plugins=["b2b_accounts", "permissions"], access="policy", database={"url": url}
    )
    away = create_tenon(settings, plugins=load_plugins(settings))
    file = tmp_path / "p.toml"
    file.write_text('format = 1\nlines = [["r", "*", "account", "read", "own", "all", "allow"]]\n[roles.r]\n')
    command = next(c.command for c in COMMANDS if c.command.name == "check")
    told = CliRunner().invoke(command, [str(file)], obj=lambda: away)
    assert told.exit_code == 0, told.output
    assert "sound policy of 1 lines" in told.output
    away.storage.close()


def test_going_back_is_a_new_number_with_the_old_lines(run, sales, changed):
    before = sales.policy.snapshot.document
    run("import", changed, "--yes")
    assert "+   [" in run("diff", 1, 2).output
    assert "Policy 3 is in force" in run("activate", 1, "--yes").output
    assert sales.policy.snapshot.document == before
    assert run("diff", 1, 3).output == "They are the same.\n"
    assert "Back to 1" in run("history").output


def test_roles_are_listed_with_those_who_have_them(run, sales):
    rows = {line.split()[0]: line for line in run("roles").output.splitlines()}
    assert "Salesperson" in rows["sales"]
    assert " 3 " in rows["sales"]
    assert " 1 " in rows["admin"]
