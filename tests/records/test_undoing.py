"""A batch can be taken back; what others did since is not touched."""

from __future__ import annotations

from tenon.records.undo import undo_batch
from tenon.storage.ids import new_id
from tests.records.conftest import World


def test_created_records_go_and_changed_ones_are_as_before(world: World) -> None:
    old = world.create("specimen", name="old", count=1)
    batch = new_id()
    with world.records.writing(world.actor, batch=batch) as work:
        shelf = work.create("shelf", {"name": "new"})
        work.bulk_create("specimen", [{"name": f"n{i}", "shelf_id": shelf.id} for i in range(5)])
        work.update("specimen", old.id, {"count": 2, "shelf_id": shelf.id, "ext.care.keeper": "Bo"})
    report = world.write(lambda work: undo_batch(work, batch))
    assert (report.undone, report.conflicts) == (7, [])
    assert world.read(lambda work: (work.count("specimen"), work.count("shelf"))) == (1, 0)
    after = world.get("specimen", old.id)
    assert (after["count"], after["shelf_id"], after["ext.care.keeper"]) == (1, None, None)


def test_a_record_made_and_changed_in_one_batch_goes(world: World) -> None:
    batch = new_id()
    with world.records.writing(world.actor, batch=batch) as work:
        record = work.create("specimen", {"name": "a"})
        work.update("specimen", record.id, {"name": "b"})
    world.write(lambda work: undo_batch(work, batch))
    assert world.read(lambda work: work.count("specimen")) == 0


def test_what_somebody_changed_since_stays(world: World) -> None:
    batch = new_id()
    with world.records.writing(world.actor, batch=batch) as work:
        made = work.create("specimen", {"name": "made"})
        shelf = work.create("shelf", {"name": "used by now"})
    world.update(made, count=3)
    world.create("specimen", name="later", shelf_id=shelf.id)
    report = world.write(lambda work: undo_batch(work, batch))
    assert report.undone == 0
    assert {(e, i) for e, i, _reason in report.conflicts} == {("specimen", made.id), ("shelf", shelf.id)}
    assert world.read(lambda work: work.count("specimen")) == 2
