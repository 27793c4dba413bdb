"""Revisions drawn from models, and models held against tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tenon.errors import SchemaError
from tenon.storage import Base, Storage
from tenon.storage.migrations import MigrationOwner, Migrations
from tenon.storage.types import ExactDecimal, Id, Json, UtcDateTime


@pytest.fixture
def table() -> Iterator[Callable[..., sa.Table]]:
    """Declare tables that are forgotten after the test."""
    made: list[sa.Table] = []

    def declare(name: str, *columns: sa.schema.SchemaItem) -> sa.Table:
        made.append(sa.Table(name, Base.metadata, sa.Column("id", Id, primary_key=True), *columns))
        return made[-1]

    yield declare
    for one in made:
        Base.metadata.remove(one)


@pytest.fixture
def owner(tmp_path: Path) -> MigrationOwner:
    return MigrationOwner("drawn", tmp_path / "a folder with 100 % of it" / "migrations", "drawn_")


def test_a_drawn_revision_makes_what_the_models_say(
    storage: Storage, owner: MigrationOwner, table: Callable[..., sa.Table]
) -> None:
    table(
        "drawn_thing",
        sa.Column("amount", ExactDecimal(4)),
        sa.Column("ratio", ExactDecimal(9, 30)),
        sa.Column("at", UtcDateTime, nullable=False, index=True),
        sa.Column("custom", Json, nullable=False),
        sa.Column("name", sa.String(20), unique=True),
        sa.Column("flag", sa.Boolean),
        sa.Column("day", sa.Date),
        sa.Index(
            "ix_drawn_thing_open", "day", postgresql_where=sa.text("flag"), sqlite_where=sa.text("flag")
        ),
    )
    migrations = Migrations(storage, [owner])
    path = migrations.revision("drawn", "Initial")

    assert path == owner.path / "0001_initial.py"
    text = path.read_text()
    assert "from tenon.api import ExactDecimal, Id, Json, UtcDateTime" in text
    assert "ExactDecimal(9, 30)" in text
    migrations.upgrade()
    assert migrations.check(models=True).problems == ()


def test_a_drawn_change_keeps_the_rows(
    storage: Storage, owner: MigrationOwner, table: Callable[..., sa.Table]
) -> None:
    thing = table("drawn_thing", sa.Column("name", sa.String(20)))
    migrations = Migrations(storage, [owner])
    migrations.revision("drawn", "Initial")
    migrations.upgrade()
    with storage.writing() as connection:
        connection.execute(
            sa.text("INSERT INTO drawn_thing VALUES ('018f0000000070008000000000000001', 'x')")
        )

    assert migrations.revision("drawn", "Nothing") is None
    thing.append_column(sa.Column("amount", ExactDecimal(2), index=True))
    thing.c.name.type = sa.String(80)
    thing.append_constraint(sa.UniqueConstraint("name"))
    path = migrations.revision("drawn", "Wider names, and amounts!")

    assert path == owner.path / "0002_wider_names_and_amounts.py"
    migrations.upgrade()
    assert migrations.check(models=True).problems == ()
    with storage.reading() as connection:
        assert connection.execute(sa.text("SELECT name, amount FROM drawn_thing")).one() == ("x", None)


def test_tables_that_point_at_each_other_are_tied_on_both_databases(
    storage: Storage, owner: MigrationOwner, table: Callable[..., sa.Table]
) -> None:
    back = sa.ForeignKey("drawn_user.id", use_alter=True)
    table("drawn_team", sa.Column("manager_id", Id, back))
    table("drawn_user", sa.Column("team_id", Id, sa.ForeignKey("drawn_team.id")))
    migrations = Migrations(storage, [owner])
    migrations.revision("drawn", "Initial")
    migrations.upgrade()

    assert migrations.check(models=True).problems == ()
    with storage.reading() as connection:
        keys = sa.inspect(connection).get_foreign_keys("drawn_team")
    assert [key["referred_table"] for key in keys] == ["drawn_user"]


def test_a_revision_holds_its_owners_tables_alone(
    storage: Storage, owner: MigrationOwner, table: Callable[..., sa.Table], tmp_path: Path
) -> None:
    table("drawn_thing")
    table("drawn_more_thing", sa.Column("thing_id", Id, sa.ForeignKey("drawn_thing.id")))
    more = MigrationOwner("drawn_more", tmp_path / "more", "drawn_more_")
    migrations = Migrations(storage, [owner, more])
    first, second = migrations.revision("drawn", "Initial"), migrations.revision("drawn_more", "Initial")
    assert first is not None
    assert second is not None
    assert "drawn_more_thing" not in first.read_text()
    assert second.read_text().count("create_table") == 1

    migrations.upgrade()
    assert migrations.check(models=True).problems == ()


def test_a_model_without_its_revision_is_told(
    storage: Storage, owner: MigrationOwner, table: Callable[..., sa.Table]
) -> None:
    thing = table("drawn_thing")
    migrations = Migrations(storage, [owner])
    migrations.revision("drawn", "Initial")
    migrations.upgrade()
    thing.append_column(sa.Column("colour", sa.String(9)))

    assert migrations.check().problems == ()
    (problem,) = migrations.check(models=True).problems
    assert "add column drawn_thing.colour" in problem.message
    assert "tenon db revision drawn" in problem.hint


def test_the_first_revision_is_drawn_anew_until_there_is_a_second(
    storage: Storage, owner: MigrationOwner, table: Callable[..., sa.Table]
) -> None:
    thing = table("drawn_thing")
    migrations = Migrations(storage, [owner])
    migrations.revision("drawn", "First try")
    thing.append_column(sa.Column("colour", sa.String(9)))
    assert migrations.revision("drawn", "Initial", initial=True) == owner.path / "0001_initial.py"
    assert [path.name for path in owner.path.glob("*.py")] == ["0001_initial.py"]

    thing.append_column(sa.Column("size", sa.String(9)))
    migrations.revision("drawn", "Sizes")
    with pytest.raises(SchemaError, match="revisions after 0001"):
        migrations.revision("drawn", "Initial", initial=True)


def test_an_unknown_owner_is_refused_with_the_names_there_are(
    storage: Storage, owner: MigrationOwner
) -> None:
    with pytest.raises(SchemaError, match="drawn"):
        Migrations(storage, [owner]).revision("drwan", "Initial")
