"""The command line as a person meets it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tenon.cli import COMMANDS, main
from tenon.settings import load_settings
from tests.cli.process import tenon


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    return lambda *arguments: runner.invoke(main, arguments)


@pytest.mark.parametrize(("name", "place"), COMMANDS.items())
def test_every_command_is_where_the_table_says_and_has_help(name: str, place: tuple[str, str]) -> None:
    module, _colon, attribute = place[0].partition(":")
    command = getattr(import_module(module, "tenon.cli"), attribute)
    assert isinstance(command, click.Command)
    assert command.name == name
    assert command.help
    assert place[1].endswith(".")
    for sub in getattr(command, "commands", {}).values():
        assert sub.help, f"tenon {name} {sub.name} has no help"


def test_help_imports_nothing_that_takes_time(tmp_path: Path) -> None:
    program = (
        "import sys; from tenon.cli import main; main(['--help'], standalone_mode=False); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not loaded & {"flask", "sqlalchemy", "tenon.app", "tenon.api", "marshmallow", "rich"}


def test_the_version_is_told(run) -> None:
    assert run("--version").output.startswith("tenon, version 0.")


def test_a_misspelt_command_is_told_the_nearest(run) -> None:
    told = run("usr")
    assert told.exit_code == 2
    assert "no command 'usr': did you mean 'user'?" in told.output


def test_an_error_is_a_sentence_with_what_to_do(run, tmp_path: Path) -> None:
    (tmp_path / "tenon.toml").write_text('modes = ["b2b"]\n[databse]\n')
    told = run("db", "plan")
    assert told.exit_code == 1
    assert "unknown key 'databse', line 2: did you mean 'database'?" in told.output
    assert "docs/reference/settings.md" in told.output
    assert told.exception is None or isinstance(told.exception, SystemExit)


def test_debug_lets_an_error_through_with_its_place(run) -> None:
    from tenon.errors import TenonError

    assert isinstance(run("--debug", "--settings", "missing.toml", "db", "plan").exception, TenonError)


def test_settings_names_the_file_wherever_it_lies(run, tmp_path: Path) -> None:
    (tmp_path / "else").mkdir()
    run("init", "else", "--mode", "b2c")
    told = run("--settings", "else/tenon.toml", "db", "plan")
    assert told.exit_code == 0, told.output
    assert (tmp_path / "else/var").exists()
    assert "b2b_accounts" not in told.output


def test_init_writes_a_file_that_is_valid_as_it_stands(run, tmp_path: Path) -> None:
    assert run("init", "--name", 'Our "CRM"', "--mode", "b2b", "--currency", "EUR").exit_code == 0
    text = (tmp_path / "tenon.toml").read_text()
    settings = load_settings(tmp_path / "tenon.toml", {})
    assert (settings.name, settings.modes, settings.locale.currency) == ('Our "CRM"', {"b2b"}, "EUR")
    assert tomllib.loads(text)["access"] == "open"
    assert text.count("#") > 6, "it explains itself"


def test_init_overwrites_nothing(run, tmp_path: Path) -> None:
    (tmp_path / "tenon.toml").write_text("# mine\n")
    told = run("init")
    assert told.exit_code == 1
    assert "is there already" in told.output
    assert (tmp_path / "tenon.toml").read_text() == "# mine\n"


@pytest.mark.parametrize(
    "wrong", [("--currency", "euro"), ("--timezone", "Mars/Base"), ("--database", "mysql://x")]
)
def test_init_leaves_no_file_that_would_not_start(run, tmp_path: Path, wrong: tuple[str, str]) -> None:
    assert run("init", *wrong).exit_code == 1
    assert not (tmp_path / "tenon.toml").exists()


def test_the_demo_is_not_put_into_a_database_with_something_in_it(tmp_path: Path) -> None:
    assert tenon("db", "upgrade", cwd=tmp_path).returncode == 0
    assert tenon("user", "add", "Ann", "ann@example.com", "--generate", cwd=tmp_path).returncode == 0

    told = tenon("demo", cwd=tmp_path)

    assert told.returncode == 1
    assert "is not empty" in told.stderr
    assert tenon("user", "list", cwd=tmp_path).stdout.count("@example.com") == 1


def test_a_plugins_commands_are_found_under_its_name(run, plugin_factory) -> None:
    plugin_factory.make(
        "greeter",
        """
        import click

        @click.command()
        @click.argument("name")
        @click.pass_obj
        def greet(compose, name):
            \"\"\"Greet somebody.\"\"\"
            click.echo(f"Hello {name}, from {len(compose().plugins.order)} plugins")

        @hookimpl
        def commands():
            return [Command(greet)]
        """,
    )
    assert "Greet somebody." in run("greeter", "--help").output
    greeted = run("greeter", "greet", "Ann")
    assert greeted.output.startswith("Hello Ann, from "), greeted.output


def test_a_plugin_without_commands_says_so(run) -> None:
    told = run("b2b_accounts", "anything")
    assert told.exit_code == 1
    assert "brings no commands" in told.output


def test_a_plugin_that_does_not_run_here_says_why_to_look(run) -> None:
    run("init", "--mode", "b2c")
    told = run("b2b_accounts", "anything")
    assert "tenon plugins why b2b_accounts" in told.output


def test_access_without_a_plugin_that_decides_says_what_to_enable(run, tmp_path: Path) -> None:
    run("init", "--mode", "b2b")
    settings = tmp_path / "tenon.toml"
    settings.write_text(settings.read_text() + 'enabled = ["b2b_accounts"]\n')
    for arguments in (("access",), ("access", "why"), ("access", "--help")):
        told = run(*arguments)
        assert told.exit_code == 1, told.output
        assert 'access = "open"' in told.output
        assert "tenon access init" in told.output


def test_commands_of_plugins_stand_in_the_group_that_they_name(run, plugin_factory) -> None:
    plugin_factory.make(
        "judge",
        """
        import click

        @click.command()
        def verdict():
            \"\"\"Say who may.\"\"\"
            click.echo("everybody")

        @hookimpl
        def commands():
            return [Command(verdict, group="access")]
        """,
    )
    assert "Say who may." in run("access", "--help").output
    assert run("access", "verdict").output == "everybody\n"
    assert "brings no commands" in run("judge", "verdict").output


def test_a_command_for_a_group_that_is_not_there_stops_the_start(run, plugin_factory) -> None:
    plugin_factory.make(
        "lost",
        """
        import click

        @click.command()
        def anything():
            \"\"\"Do it.\"\"\"

        @hookimpl
        def commands():
            return [Command(anything, group="acess")]
        """,
    )
    told = run("plugins", "check")
    assert "the group 'acess', which the kernel does not have" in told.output
    assert "did you mean 'access'?" in told.output


def test_init_names_the_policy_among_the_next_steps(run) -> None:
    assert "tenon access init" in run("init", "--mode", "b2b").output
