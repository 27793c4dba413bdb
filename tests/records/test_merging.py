"""A merge keeps every relation, and can be taken apart again."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from tenon.errors import ConflictError, InvalidError
from tenon.records import Record, custom, external
from tenon.records.custom import Definition
from tenon.records.merge import merge, merges, undo_merge
from tests.records.conftest import Label, Passport, Sticker, World


def build(world: World) -> tuple[Record, Record, dict[str, Record]]:
    """Two shelves that are the same, and something of every sort that points at the second."""
    world.write(
        lambda work: custom.define(work, Definition("specimen", "home", "Home", "reference", to="shelf"))
    )
    stays, goes = world.create("shelf", name="Upper"), world.create("shelf", name="upper ")
    pointing = {
        "specimen": world.create("specimen", name="on it", shelf_id=goes.id),
        "custom": world.create("specimen", name="at home there", custom={"home": goes.id}),
        "below": world.create("shelf", name="below", parent_id=goes.id),
        "other": world.create("specimen", name="elsewhere", shelf_id=stays.id),
    }
    world.write(lambda work: external.link(work, "shelf", {"S-2": goes.id}, "sap"))
    return stays, goes, pointing


def links(world: World, pointing: dict[str, Record]) -> dict[str, Any]:
    paths = {"specimen": "shelf_id", "custom": "custom.home", "below": "parent_id", "other": "shelf_id"}
    return {key: world.get(r.entity.name, r.id)[paths[key]] for key, r in pointing.items()}


def external_id(world: World) -> Any:
    return world.read(lambda work: external.resolve(work, "shelf", "sap", ["S-2"]))["S-2"]


def test_every_relation_moves_and_moves_back(world: World) -> None:
    stays, goes, pointing = build(world)
    before = links(world, pointing)
    report = world.write(lambda work: merge(work, "shelf", stays.id, goes.id))
    assert set(links(world, pointing).values()) == {stays.id}
    assert external_id(world) == stays.id
    assert world.get("shelf", goes.id).archived
    assert report.kept == []
    undone = world.write(lambda work: undo_merge(work, report.id))
    assert undone.conflicts == []
    assert links(world, pointing) == before
    assert external_id(world) == goes.id
    assert not world.get("shelf", goes.id).archived


def test_rows_that_are_no_records_move_too(world: World) -> None:
    stays, goes = world.create("specimen", name="a"), world.create("specimen", name="b")
    table: Any = Label.__table__
    label = world.write(
        lambda work: work.unguarded.execute(
            sa.insert(table).values(specimen_id=goes.id)
        ).inserted_primary_key[0]
    )

    def owner() -> Any:
        return world.read(
            lambda work: work.unguarded.execute(
                sa.select(table.c.specimen_id).where(table.c.id == label)
            ).scalar_one()
        )

    report = world.write(lambda work: merge(work, "specimen", stays.id, goes.id))
    assert owner() == stays.id
    world.write(lambda work: undo_merge(work, report.id))
    assert owner() == goes.id


def test_a_row_that_the_winner_has_already_stays_with_the_loser(world: World) -> None:
    stays, goes = world.create("specimen", name="a"), world.create("specimen", name="b")
    before = {(stays.id, "red"), (goes.id, "red"), (goes.id, "blue")}
    world.write(
        lambda work: work.unguarded.execute(
            sa.insert(Sticker), [{"specimen_id": id_, "color": color} for id_, color in before]
        )
    )

    def stickers() -> Any:
        found = sa.select(Sticker.specimen_id, Sticker.color)
        return {tuple(row) for row in world.read(lambda work: work.unguarded.execute(found).all())}

    report = world.write(lambda work: merge(work, "specimen", stays.id, goes.id))
    assert stickers() == {(stays.id, "red"), (stays.id, "blue"), (goes.id, "red")}
    assert report.moved == 1
    world.write(lambda work: undo_merge(work, report.id))
    assert stickers() == before


def test_rows_that_are_nobody_elses_stay(world: World) -> None:
    stays, goes = world.create("specimen", name="a"), world.create("specimen", name="b")
    world.write(lambda work: work.unguarded.execute(sa.insert(Passport).values(specimen_id=goes.id)))
    report = world.write(lambda work: merge(work, "specimen", stays.id, goes.id))
    left = world.read(lambda work: work.unguarded.scalars(sa.select(Passport.specimen_id)).all())
    assert (list(left), report.moved) == ([goes.id], 0)


def test_empty_fields_are_filled_and_a_unique_value_changes_hands(world: World) -> None:
    stays = world.create("specimen", name="a", count=1)
    goes = world.create("specimen", name="b", count=2, code="X", price="5")
    report = world.write(lambda work: merge(work, "specimen", stays.id, goes.id))
    merged = world.get("specimen", stays.id)
    assert (merged["name"], merged["count"], merged["code"]) == ("a", 1, "X")
    world.write(lambda work: undo_merge(work, report.id))
    assert world.get("specimen", stays.id)["code"] is None
    assert world.get("specimen", goes.id)["code"] == "X"


def test_what_was_changed_since_stays_and_is_told(world: World) -> None:
    stays = world.create("specimen", name="a")
    goes = world.create("specimen", name="b", count=2)
    report = world.write(lambda work: merge(work, "specimen", stays.id, goes.id))
    world.update(stays, count=9)
    undone = world.write(lambda work: undo_merge(work, report.id))
    assert world.get("specimen", stays.id)["count"] == 9
    assert [(entity, id_) for entity, id_, _reason in undone.conflicts] == [("specimen", stays.id)]


def test_a_merge_is_undone_once(world: World) -> None:
    stays, goes = world.create("shelf", name="a"), world.create("shelf", name="b")
    report = world.write(lambda work: merge(work, "shelf", stays.id, goes.id))
    world.write(lambda work: undo_merge(work, report.id))
    with pytest.raises(ConflictError):
        world.write(lambda work: undo_merge(work, report.id))
    assert len(world.read(lambda work: merges(work, "shelf", goes.id))) == 1


def test_a_record_merges_neither_with_itself_nor_with_an_archived_one(world: World) -> None:
    one, two = world.create("shelf", name="a"), world.create("shelf", name="b")
    with pytest.raises(InvalidError):
        world.write(lambda work: merge(work, "shelf", one.id, one.id))
    world.write(lambda work: work.archive("shelf", two.id))
    with pytest.raises(ConflictError):
        world.write(lambda work: merge(work, "shelf", one.id, two.id))


def test_a_shelf_below_its_duplicate_does_not_come_to_stand_on_itself(world: World) -> None:
    goes = world.create("shelf", name="a")
    stays = world.create("shelf", name="b", parent_id=goes.id)
    world.write(lambda work: merge(work, "shelf", stays.id, goes.id))
    assert world.get("shelf", stays.id)["parent_id"] is None


def test_a_merge_is_announced(world: World) -> None:
    told: list[Any] = []
    world.records.signals.merged.append(lambda _work, *about: told.append(about))
    stays, goes = world.create("shelf", name="a"), world.create("shelf", name="b")
    world.write(lambda work: merge(work, "shelf", stays.id, goes.id))
    assert told == [("shelf", stays.id, goes.id)]
