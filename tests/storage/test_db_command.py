"""``tenon db`` on a terminal."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tenon.cli.db import db
from tenon.errors import SchemaError
from tenon.storage import Storage
from tenon.storage.migrations import Migrations

from .conftest import Author

Run = Callable[..., Result]


class Composed:
    """A deployment of which only the migrations are there."""

    def __init__(self, tenon: Any) -> None:
        self.tenon = tenon

    def __call__(self) -> Any:
        return self.tenon


@pytest.fixture
def notes(author: Callable[[str], Author]) -> Author:
    notes = author("notes")
    notes.writes("0001_initial.py", "CREATE TABLE notes_note (id INTEGER)")
    return notes


@pytest.fixture
def run(sqlite_url: str, open_storage: Callable[[str], Storage], notes: Author) -> Run:
    """Run ``tenon db`` for the plugins with the given authors, ``notes`` unless given."""
    storage = open_storage(sqlite_url)

    def invoke(*arguments: str, plugins: tuple[Author, ...] = (notes,)) -> Result:
        migrations = Migrations(storage, [plugin.owner for plugin in plugins])
        return CliRunner().invoke(db, arguments, obj=Composed(SimpleNamespace(migrations=migrations)))

    return invoke


def test_plan_upgrade_plan(run: Run) -> None:
    assert run("plan").output.splitlines()[0] == "notes 0001 initial"
    assert "The schema is current" in run("upgrade").output
    assert run("plan").output == run("upgrade").output == "Nothing to run: the schema is current.\n"


def test_check_fails_until_the_schema_is_current(run: Run) -> None:
    behind = run("check")
    assert behind.exit_code == 1
    assert isinstance(behind.exception, SchemaError)
    assert "Run: tenon db upgrade" in str(behind.exception)
    run("upgrade")
    current = run("check")
    assert (current.exit_code, current.output) == (0, "Database and code fit.\n")


def test_tables_of_a_plugin_that_is_away_are_listed_and_are_no_fault(run: Run) -> None:
    run("upgrade")
    assert "No tables are kept" in run("orphans").output
    assert run("orphans", plugins=()).output.splitlines()[1].split() == ["notes", "0001", "notes_note"]
    check = run("check", plugins=())
    assert check.exit_code == 0
    assert "Kept for notes" in check.output


def test_a_misspelt_plugin_is_told_who_there_is(run: Run) -> None:
    result = run("revision", "nots")
    assert isinstance(result.exception, SchemaError)
    assert "notes" in str(result.exception)


def test_a_table_that_no_model_knows_is_drawn_as_dropped(run: Run, notes: Author) -> None:
    result = run("revision", "notes", "-m", "Forget notes")
    assert result.exit_code == 0, result.exception
    assert "drop_table" in notes.owner.path.joinpath("0002_forget_notes.py").read_text()
    assert "0002 forget notes" in run("plan").output
