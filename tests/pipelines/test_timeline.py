"""Moves in a record's timeline."""

from __future__ import annotations

from tests.pipelines.world import World


def timeline(world: World, id_, size=50):
    found, after = [], None
    while True:
        with world.records.reading(world.admin) as work:
            page = world.records.timeline.page(work, "deal", id_, after=after, size=size)
        found += page.data
        if page.next is None:
            return found
        after = page.next


def moves(items):
    return [(item.data["from"], item.data["to"]) for item in items if item.kind == "stage"]


def test_each_move_is_told_once_and_the_first_stage_is_not(world):
    id_ = world.create()
    for stage in ("engage", "prospect"):
        world.clock.advance(days=1)
        world.move(id_, stage, reason="so it went")
    found = timeline(world, id_)
    assert moves(found) == [("engage", "prospect"), ("prospect", "engage")]
    assert [item.kind for item in found] == ["stage", "stage", "create"]
    assert found[0].text == "so it went"


def test_pages_of_a_timeline_hold_every_move_once(world):
    id_ = world.create()
    for stage in ("engage", "prospect") * 4:
        world.clock.advance(days=1)
        world.move(id_, stage)
    assert timeline(world, id_, size=3) == timeline(world, id_)
    assert len(moves(timeline(world, id_, size=3))) == 8
