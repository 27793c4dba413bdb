"""The trail tells every write, and a record as it was at any moment."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenon.errors import NotFoundError
from tenon.identity.actor import system
from tenon.records import audit, custom
from tenon.records.custom import Definition
from tests.records.conftest import World, build_world


def test_an_entry_says_who_when_how_and_what(world: World) -> None:
    record = world.create("specimen", name="one", price="2.50")
    world.clock.advance(hours=1)
    world.update(record, name="two", price="3")
    newest, oldest = world.read(lambda work: audit.entries(work, "specimen", record.id))
    assert (newest.actor_name, newest.action, newest.version, newest.via) == ("Ann", "update", 2, "python")
    assert newest.changes == {"name": ("one", "two"), "price": ("2.50", "3.00")}
    assert newest.at - oldest.at == timedelta(hours=1)
    assert oldest.changes["price_currency"] == (None, "EUR")


def test_what_the_system_does_says_why(world: World) -> None:
    with world.records.writing(system("nightly tidying")) as work:
        record = work.create("specimen", {"name": "x"})
    (entry,) = world.read(lambda work: audit.entries(work, "specimen", record.id))
    assert entry.actor_name == "system: nightly tidying"


def test_before_its_creation_there_was_no_record(world: World) -> None:
    record = world.create("specimen", name="x")
    with pytest.raises(NotFoundError, match="did not exist"):
        world.read(
            lambda work: audit.as_of(work, "specimen", record.id, world.clock.now() - timedelta(seconds=1))
        )


CHANGES = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "name": st.sampled_from(["a", "b", "ß"]),
            "count": st.none() | st.integers(-5, 5),
            "price": st.none() | st.sampled_from(["1.00", "2.50"]),
            "tags": st.none() | st.just(["red", "blue"]),
            "found_on": st.none() | st.just("2026-01-01"),
            "custom.size": st.none() | st.sampled_from(["1.5", "2"]),
            "ext.care.keeper": st.none() | st.sampled_from(["Bo", "Cy"]),
            "archive": st.booleans(),
        },
    ),
    max_size=8,
)


@settings(max_examples=40, deadline=None)
@given(CHANGES)
def test_as_of_any_moment_gives_the_record_as_it_was(steps: list[dict[str, Any]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        world = build_world(f"sqlite:///{Path(folder) / 'tenon.db'}")
        world.write(lambda work: custom.define(work, Definition("specimen", "size", "Size", "number")))
        record = world.create("specimen", name="first")
        seen = [(world.clock.now(), state(world, record.id))]
        for step in steps:
            world.clock.advance(minutes=1)
            archive = step.pop("archive", None)
            if archive is not None:
                world.write(
                    lambda work, archive=archive: (work.archive if archive else work.restore)(
                        "specimen", record.id
                    )
                )
            world.update(record, **step)
            seen.append((world.clock.now(), state(world, record.id)))
        for moment, expected in seen:
            then = world.read(lambda work, moment=moment: audit.as_of(work, "specimen", record.id, moment))
            assert visible(then) == expected
        world.records.storage.close()


def state(world: World, id_: Any) -> dict[str, Any]:
    return visible(world.get("specimen", id_))


def visible(record: Any) -> dict[str, Any]:
    hidden = ("updated_at", "custom")
    return {**{p: v for p, v in record.values.items() if p not in hidden}, **dict(record.custom)}
