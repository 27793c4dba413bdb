"""Upgrading: in order, once, whole or not at all, and nothing lost with a plugin."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from tenon.errors import SchemaError
from tenon.storage import Storage
from tenon.storage.migrations import Migrations

from .conftest import Author

NewAuthor = Callable[[str], Author]

TABLE = "CREATE TABLE notes_note (id INTEGER PRIMARY KEY, text VARCHAR(20))"


@pytest.fixture
def notes(author: NewAuthor) -> Author:
    """A plugin with one table."""
    notes = author("notes")
    notes.writes("0001_initial.py", TABLE)
    return notes


def rows(storage: Storage, statement: str) -> list[tuple[object, ...]]:
    with storage.reading() as connection:
        return [tuple(row) for row in connection.execute(sa.text(statement))]


def write(storage: Storage, statement: str) -> None:
    with storage.writing() as connection:
        connection.execute(sa.text(statement))


def test_the_plan_lists_pending_revisions_in_the_owners_order(
    storage: Storage, notes: Author, author: NewAuthor
) -> None:
    tags = author("tags")
    tags.writes("0001_initial.py", "CREATE TABLE tags_tag (id INTEGER)")
    notes.writes("0002_add_colour.py", "ALTER TABLE notes_note ADD COLUMN colour VARCHAR(9)")
    migrations = Migrations(storage, [notes.owner, tags.owner])

    assert [str(step) for step in migrations.plan()] == [
        "notes 0001 initial",
        "notes 0002 add colour",
        "tags 0001 initial",
    ]
    migrations.upgrade()
    assert migrations.plan() == []


def test_an_upgrade_tells_of_each_step_and_leaves_a_current_database(storage: Storage, notes: Author) -> None:
    migrations = Migrations(storage, [notes.owner])
    with pytest.raises(SchemaError, match="tenon db upgrade"):
        migrations.ensure_current()

    told: list[str] = []
    migrations.upgrade(lambda step: told.append(str(step)))

    assert told == ["notes 0001 initial"]
    migrations.ensure_current()
    assert migrations.upgrade() == []


def test_each_owner_has_a_version_table_of_its_own(
    storage: Storage, notes: Author, author: NewAuthor
) -> None:
    tags = author("tags")
    tags.writes("0001_initial.py")
    Migrations(storage, [notes.owner, tags.owner]).upgrade()
    notes.writes("0002_more.py")
    Migrations(storage, [notes.owner, tags.owner]).upgrade()

    assert rows(storage, "SELECT version_num FROM alembic_version_notes") == [("0002",)]
    assert rows(storage, "SELECT version_num FROM alembic_version_tags") == [("0001",)]


def test_a_revision_that_fails_is_taken_back_whole_and_named(storage: Storage, notes: Author) -> None:
    broken = notes.writes(
        "0002_half.py", "CREATE TABLE notes_half (id INTEGER)", "INSERT INTO notes_missing VALUES (1)"
    )
    migrations = Migrations(storage, [notes.owner])

    with pytest.raises(SchemaError, match="Revision 0002 of notes failed") as failure:
        migrations.upgrade()

    assert "notes_missing" in str(failure.value)
    assert str(broken) in str(failure.value)
    with storage.reading() as connection:
        assert "notes_half" not in sa.inspect(connection).get_table_names()
    assert [str(step) for step in migrations.plan()] == ["notes 0002 half"]

    notes.writes("0002_half.py", "CREATE TABLE notes_half (id INTEGER)")
    assert len(migrations.upgrade()) == 1


def test_a_database_newer_than_the_code_is_refused_with_a_way_out(storage: Storage, notes: Author) -> None:
    newer = notes.writes("0002_from_the_future.py")
    Migrations(storage, [notes.owner]).upgrade()
    newer.unlink()
    migrations = Migrations(storage, [notes.owner])

    for refused in (migrations.ensure_current, migrations.plan, migrations.upgrade):
        with pytest.raises(SchemaError, match="knows revision 0002") as refusal:
            refused()
        assert "restore the backup" in str(refusal.value)
    assert [problem.kind for problem in migrations.check().problems] == ["newer"]


def test_every_owner_that_does_not_fit_is_told_at_once(
    storage: Storage, notes: Author, author: NewAuthor
) -> None:
    tags = author("tags")
    tags.writes("0001_initial.py")
    with pytest.raises(SchemaError) as refusal:
        Migrations(storage, [notes.owner, tags.owner]).ensure_current()
    assert [problem.code for problem in refusal.value.problems] == ["behind", "behind"]
    assert str(refusal.value).count("tenon db upgrade") == 1


def test_a_plugin_can_leave_and_come_back_to_its_data(
    storage: Storage, notes: Author, author: NewAuthor
) -> None:
    tags = author("tags")
    tags.writes("0001_initial.py")
    Migrations(storage, [notes.owner, tags.owner]).upgrade()
    write(storage, "INSERT INTO notes_note VALUES (1, 'kept')")

    tags.writes("0002_more.py")
    without = Migrations(storage, [tags.owner])
    without.upgrade()
    without.ensure_current()
    report = without.check()
    assert report.problems == ()
    assert [(o.owner, o.revision, o.tables) for o in report.kept] == [("notes", "0001", ("notes_note",))]

    notes.writes("0002_add_colour.py", "ALTER TABLE notes_note ADD COLUMN colour VARCHAR(9)")
    back = Migrations(storage, [notes.owner, tags.owner])
    assert [str(step) for step in back.upgrade()] == ["notes 0002 add colour"]
    assert back.orphans() == ()
    assert rows(storage, "SELECT text, colour FROM notes_note") == [("kept", None)]


def test_kept_tables_go_to_the_longest_prefix(storage: Storage, author: NewAuthor) -> None:
    short, long = author("notes"), author("notes_extra")
    short.writes("0001_initial.py", TABLE)
    long.writes("0001_initial.py", "CREATE TABLE notes_extra_page (id INTEGER)")
    Migrations(storage, [short.owner, long.owner]).upgrade()

    assert {o.owner: o.tables for o in Migrations(storage, []).orphans()} == {
        "notes": ("notes_note",),
        "notes_extra": ("notes_extra_page",),
    }
    assert [o.tables for o in Migrations(storage, [long.owner]).orphans()] == [("notes_note",)]


@pytest.mark.parametrize("file", ["0003_gap.py", "0001_twice.py", "abcdef_hash.py", "two.py"])
def test_files_that_make_no_one_history_are_refused(storage: Storage, notes: Author, file: str) -> None:
    notes.owner.path.joinpath(file).write_text("")
    with pytest.raises(SchemaError, match="does not continue its history: 0002 comes next"):
        Migrations(storage, [notes.owner]).plan()


def test_a_file_whose_inside_contradicts_its_name_is_refused(storage: Storage, notes: Author) -> None:
    path = notes.writes("0002_more.py")
    path.write_text(path.read_text().replace("'0001'", "'0007'"))
    with pytest.raises(SchemaError, match="of notes failed"), pytest.warns(UserWarning, match="0007"):
        Migrations(storage, [notes.owner]).upgrade()


def test_rebuilding_a_table_keeps_the_rows_that_point_at_it(storage: Storage, notes: Author) -> None:
    """SQLite changes a table by making it anew; its children must outlive that."""
    notes.writes(
        "0002_lines.py",
        "CREATE TABLE notes_line (id INTEGER PRIMARY KEY, "
        "note_id INTEGER REFERENCES notes_note (id) ON DELETE CASCADE)",
    )
    Migrations(storage, [notes.owner]).upgrade()
    write(storage, "INSERT INTO notes_note VALUES (1, 'parent')")
    write(storage, "INSERT INTO notes_line VALUES (10, 1)")

    notes.writes(
        "0003_wider.py",
        "!with op.batch_alter_table('notes_note') as batch:",
        "!    batch.alter_column('text', type_=sa.String(40))",
    )
    Migrations(storage, [notes.owner]).upgrade()

    assert rows(storage, "SELECT id, note_id FROM notes_line") == [(10, 1)]


def test_foreign_keys_hold_again_after_an_upgrade(storage: Storage, notes: Author) -> None:
    notes.writes("0002_lines.py", "CREATE TABLE notes_line (note_id INTEGER REFERENCES notes_note (id))")
    Migrations(storage, [notes.owner]).upgrade()
    with pytest.raises(sa.exc.IntegrityError):
        write(storage, "INSERT INTO notes_line VALUES (404)")


def test_a_revision_that_leaves_rows_pointing_at_nothing_is_taken_back(
    storage: Storage, notes: Author
) -> None:
    notes.writes("0002_lines.py", "CREATE TABLE notes_line (note_id INTEGER REFERENCES notes_note (id))")
    notes.writes("0003_broken.py", "INSERT INTO notes_line VALUES (404)")
    with pytest.raises(SchemaError, match="Revision 0003 of notes failed"):
        Migrations(storage, [notes.owner]).upgrade()
    assert rows(storage, "SELECT * FROM notes_line") == []


UPGRADE = """
import sys
from pathlib import Path
from flask import Flask
from tenon.storage import Storage
from tenon.storage.migrations import MigrationOwner, Migrations
url, folder = sys.argv[1:]
storage = Storage(Flask("upgrade"), url)
print("ready", flush=True)
sys.stdin.readline()
owner = MigrationOwner("notes", Path(folder), "notes_")
print(len(Migrations(storage, [owner]).upgrade()))
"""


def test_processes_that_upgrade_at_once_run_each_revision_once(
    database: str, storage: Storage, notes: Author
) -> None:
    for number in range(2, 12):
        notes.writes(f"{number:04}_row.py", f"INSERT INTO notes_note VALUES ({number}, 'x')")
    command = [sys.executable, "-W", "ignore", "-c", UPGRADE, database, str(notes.owner.path)]
    racers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    outputs = []
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    for racer in racers:
        outputs.append(racer.communicate(timeout=60)[0])

    assert [racer.returncode for racer in racers] == [0, 0, 0]
    assert sum(map(int, outputs)) == 11
    assert rows(storage, "SELECT count(*) FROM notes_note") == [(10,)]


def test_asking_whether_the_schema_is_current_does_not_import_alembic(tmp_path: Path) -> None:
    code = (
        "import sys; from tenon.storage.migrations import Migrations, MigrationOwner; "
        "from tenon.storage import Storage; from flask import Flask; from pathlib import Path; "
        f"s = Storage(Flask('x'), 'sqlite:///{tmp_path}/x.db'); "
        f"Migrations(s, [MigrationOwner('a', Path({str(tmp_path)!r}), 'a_')]).ensure_current(); "
        "sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=False).returncode == 0
