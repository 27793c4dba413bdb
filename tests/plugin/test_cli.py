from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from tenon.cli.plugins import plugins

MODELS = """
from types import SimpleNamespace

class Thing:
    __tablename__ = "sales_thing"
    __table__ = SimpleNamespace(columns=[SimpleNamespace(key="id"), SimpleNamespace(key="name")])
"""
SALES = """
from .models import Thing

@hookimpl
def entities():
    return [Entity("made_thing", Thing, "Thing", "Things", "made-things")]

@hookimpl
def permissions():
    return [Permission("made_thing:count", "Count", modes=frozenset({"b2c"}))]
"""
SCHEMA = {"token": {"type": "string", "secret": True}, "size": {"type": "integer", "default": 3}}


@pytest.fixture
def run(tmp_path, made):
    def run(*arguments, settings='modes = ["b2b"]\n[plugins]\nenabled = ["sales"]'):
        path = tmp_path / "tenon.toml"
        path.write_text(settings, encoding="utf-8")
        return CliRunner().invoke(plugins, arguments, env={"TENON_SETTINGS": str(path)})

    more = {"models": ".models", "migrations": True, "files": {"models.py": MODELS}}
    made.make("sales", SALES, summary="Things to sell.", settings=SCHEMA, **more)
    return run


def test_list_shows_what_runs_what_does_not_and_what_is_broken_without_importing(run, made):
    made.make("broken", "raise SystemExit('imported')", manifest="name = 3")
    made.make("idle", "raise SystemExit('imported')")
    made.make("points", "raise SystemExit('imported')", modes=["b2c"])
    result = run("list", settings='modes = ["b2b"]\n[plugins]\nenabled = ["sales", "points"]')
    assert result.exit_code == 0
    rows = {line.split()[0]: line for line in result.output.splitlines()}
    assert "on" in rows["sales"]
    assert "Things to sell." in rows["sales"]
    assert "disabled" in rows["idle"]
    assert "off in this mode" in rows["points"]
    assert "The manifest's name is 3" in rows["broken"]
    assert rows["nouns"]


def test_list_shows_what_a_start_would_refuse(run, made):
    made.make("above", requires={"absent": "*"})
    result = run("list", "--json", settings='[plugins]\nenabled = ["above"]')
    states = {state["name"]: state for state in json.loads(result.output)}
    assert states["above"]["status"] == "broken"
    assert states["above"]["problems"][0]["code"] == "DependencyMissing"


def test_show_tells_settings_and_contributions_but_no_secret(run):
    settings = 'modes = ["b2b"]\n[plugins]\nenabled = ["sales"]\n[plugins.sales]\ntoken = "hunter2"'
    result = run("show", "sales", settings=settings)
    assert result.exit_code == 0
    assert "Entity made_thing (made_sales/plugin.py:" in result.output
    assert "Permission made_thing:count: serves another mode" in result.output
    assert "size = 3" in result.output
    assert "token = a secret that is not shown" in result.output
    assert "hunter2" not in result.output
    data = json.loads(run("show", "sales", "--json").output)
    assert data["settings"] == {"token": "not set", "size": "3"}


def test_show_of_an_unknown_plugin_names_the_nearest(run):
    result = run("show", "salse")
    assert result.exit_code == 1
    assert "did you mean 'sales'?" in result.output


def test_check_of_a_sound_build_says_so(run):
    result = run("check")
    assert result.exit_code == 0
    assert "identity, nouns, sales" in result.output


def test_check_of_a_broken_build_prints_the_report_and_fails(run, made):
    made.make("bad", "1 / 0")
    result = run("check", settings='[plugins]\nenabled = ["bad"]')
    assert result.exit_code == 1
    assert "ImportFailed in plugin bad (tenon-bad 1.0.0)" in result.output


def test_check_of_broken_settings_prints_them_and_fails(run):
    result = run("check", settings="[server]\nprot = 1")
    assert result.exit_code == 1
    assert "line 2: did you mean 'port'?" in result.output


def test_check_needs_no_database(run):
    settings = '[database]\nurl = "postgresql://127.0.0.1:1/absent"\n[plugins]\nenabled = ["sales"]'
    assert run("check", settings=settings).exit_code == 0


def test_check_shows_what_is_in_quarantine(run, made):
    made.make("bad", "1 / 0")
    settings = '[plugins]\nenabled = ["sales", "bad"]\n[plugins.bad]\non_error = "quarantine"'
    result = run("check", settings=settings)
    assert result.exit_code == 0
    assert "In quarantine:" in result.output
    assert "ZeroDivisionError" in result.output


def test_why_tells_plugin_line_and_setting(run):
    result = run("why", "made_thing")
    assert "made_thing: Entity of sales (tenon-sales 1.0.0)" in result.output
    assert "  at made_sales/plugin.py:" in result.output
    assert "  switched by: plugins.enabled: sales" in result.output


def test_why_of_an_unknown_thing_names_the_nearest(run):
    result = run("why", "made_thnig")
    assert result.exit_code == 1
    assert "did you mean 'made_thing'?" in result.output


@pytest.mark.parametrize(("command", "says"), [("slots", "record.panel"), ("hooks", "access_policy(tenon)")])
def test_places_and_hooks_are_listed_even_when_no_plugin_loads(run, made, command, says):
    assert says in run(command).output
    made.make("bad", "1 / 0")
    assert says in run(command, settings='[plugins]\nenabled = ["bad"]').output
