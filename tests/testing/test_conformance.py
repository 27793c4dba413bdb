"""The control of PluginConformance: a plugin with a fault for every check, and each check finds its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tenon.testing.plugin_factory import PluginFactory

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

MANIFEST = """
name = "sloppy"
api = 1
models = [".models"]

[settings]
limit = { type = "integer", default = 3 }
"""

MODELS = """
from __future__ import annotations
from tenon.api import Base, ExtensionColumns, OwnedColumns, RecordColumns, _, fields


class Thing(Base, RecordColumns, OwnedColumns):
    __tablename__ = "sloppy_thing"

    name = fields.text("Name", required=True)
    note = fields.long_text(_("Note"))
    lost = fields.text(_("Lost"), index=True)


class ContactNote(Base, ExtensionColumns):
    __tablename__ = "sloppy_contact"
    __extends__ = "nouns_contact"

    note = fields.text(_("Note"))
"""

MIGRATION = '''
"""Make the tables, but for an index that the model has by now."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from tenon.api import Id, Json, UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "sloppy_thing",
        sa.Column("id", Id, primary_key=True, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("lost", sa.String(length=200), nullable=True),
        sa.Column("owner_id", Id, sa.ForeignKey("identity_user.id"), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", Id, nullable=True),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.Column("custom", Json, nullable=False),
    )
    op.create_table(
        "sloppy_contact",
        sa.Column("id", Id, sa.ForeignKey("nouns_contact.id"), primary_key=True, nullable=False),
        sa.Column("note", sa.String(length=200), nullable=True),
    )
'''

CODE = """
import itertools
import socket

import click
from tenon.records.query import Query as BehindTheApi

from .models import ContactNote, Thing

socket.getaddrinfo("127.0.0.1", 80)
COUNT = itertools.count()


def validate(work, change):
    change.values["lost"] = None
    if change.action == "archive":
        change.refuse("", "never", "Things are never archived")


def around(work, tenon):
    work.unguarded.execute(None)
    with tenon.storage.writing():
        sqlalchemy.create_engine("sqlite://")
    work.session.scalars(sqlalchemy.text("SELECT 1"))
    work.as_system("to count").session.scalars(sqlalchemy.text("SELECT 1"))


def broken(*_arguments):
    raise RuntimeError("broken")


@hookimpl
def entities():
    return [
        Entity("thing", Thing, "Thing", "Things", "things", list_columns=("name",), search=("name",),
               validate=validate, icon="box")
    ]


@hookimpl
def entity_extensions():
    return [EntityExtension("contact", ContactNote, _("Notes"))]


@hookimpl
def slots():
    return [
        Slot("lazy", "list.column", _("Lazy"), render=lambda context: {"one": "text"}, entity="thing"),
        Slot("bad", "record.panel", _("Bad"), template="bad.html", entity="thing"),
    ]


@hookimpl
def jobs():
    return [Job("sloppy_job", broken), Job(f"sloppy_{next(COUNT)}", lambda payload, tenon: None)]


@hookimpl
def subscribers():
    return [Subscriber("sloppy", ("record.*",), broken)]


@hookimpl
def health_checks():
    return [HealthCheck("sloppy", _("Sloppy"), broken)]


@hookimpl
def permissions():
    return [Permission("do_things", _("Do things"))]


@hookimpl
def commands():
    return [Command(click.Command("do", callback=broken))]


@hookimpl
def seeds():
    return [Seed("sloppy", broken)]
"""

FOUND = {
    "test_the_manifest_says_what_the_plugin_is",
    "test_every_setting_says_what_it_is_for",
    "test_the_readme_says_what_it_does_and_how_it_is_set",
    "test_it_imports_tenon_through_its_api_alone",
    "test_it_does_not_reach_around_the_guard",
    "test_it_gives_the_same_each_time",
    "test_importing_it_opens_no_connection",
    "test_its_commands_say_what_they_do",
    "test_migrations_make_what_the_models_say[sqlite]",
    "test_what_people_read_can_be_translated",
    "test_records_live_through_the_api",
    "test_records_hold_a_value_in_every_field",
    "test_templates_can_be_compiled",
    "test_slots_show_something_sensible_of_bare_and_of_full_records",
    "test_jobs_run_on_an_empty_database",
    "test_jobs_run_where_there_are_records",
    "test_subscribers_take_the_events_of_its_records",
    "test_health_checks_pass_on_an_empty_database",
    "test_permissions_are_named_after_what_they_are_about",
    "test_its_demo_fills_an_empty_database",
}


def conformance(site: Path, folder: Path, plugin: str) -> tuple[set[str], str]:
    """Run the checks on a plugin that is installed in ``site``; those that failed, and what they said."""
    test = folder / "test_it.py"
    test.write_text(
        f"from tenon.testing import PluginConformance\n\n"
        f"class TestConformance(PluginConformance):\n    plugin = {plugin!r}\n"
    )
    (folder / "pytest.ini").write_text("[pytest]\n")
    env = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rfE", "-p", "no:cacheprovider", "-p", "no:xdist", str(test)],
        cwd=folder,
        env={name: value for name, value in env.items() if not name.startswith("PYTEST")},
        capture_output=True,
        text=True,
    )
    failed = re.findall(r"^(?:FAILED|ERROR) \S+::(test_\w+(?:\[\w+\])?)", done.stdout, re.MULTILINE)
    return set(failed), done.stdout + done.stderr


def test_each_check_finds_the_fault_that_it_is_about(plugin_factory: PluginFactory, tmp_path: Path) -> None:
    made = plugin_factory.make("sloppy", CODE, manifest=MANIFEST, files={"models.py": MODELS})
    made.write("migrations/0001_initial.py", MIGRATION)
    made.write("templates/bad.html", "{% if %}")

    failed, said = conformance(plugin_factory.root, tmp_path, "sloppy")

    assert failed == FOUND, said
    for sentence in (
        "it has no summary",
        "the setting 'limit' has no help",
        "imports tenon.records.query",
        "uses work.unguarded",
        "uses storage.writing",
        "makes an engine of its own",
        "runs text() in work.session",
        "socket.getaddrinfo",
        "the field thing.name is called 'Name', a plain text",
        "thing.lost was given and is gone",
        "gives keys that are no record ids",
        "bad.html is not in templates/sloppy/",
        "the permission 'do_things'",
        "tenon db revision sloppy",
    ):
        assert sentence in said, said


def test_a_plugin_that_is_not_installed_is_told_so(tmp_path: Path) -> None:
    failed, said = conformance(tmp_path, tmp_path, "nowhere")

    assert failed
    assert "No plugin 'nowhere' is installed" in said
