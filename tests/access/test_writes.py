"""What may be written: within reach before and after, given away by ``assign``; the rest is not there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from tenon.access import OpenPolicy
from tenon.errors import DuplicateError, ForbiddenError, InvalidError, NotFoundError, TenonError
from tenon.identity import Actor
from tenon.identity.actor import system
from tenon.records import Change, Record, Work, external, merge
from tenon.records.undo import undo_batch
from tenon.storage.ids import new_id
from tests.access.conftest import World
from tests.access.policies import Role

ABSENT = UUID("00000000-0000-7000-8000-000000000001")

Do = Callable[[Work, UUID], Any]

WRITES: dict[str, Do] = {
    "update": lambda work, id_: work.update("client", id_, {"score": 1}),
    "update expecting": lambda work, id_: work.update("client", id_, {"score": 1}, expect=1),
    "update wrongly": lambda work, id_: work.update("client", id_, {"score": "many", "nothing": 1}),
    "assign": lambda work, id_: work.update("client", id_, {"owner_id": str(work.actor.id)}),
    "archive": lambda work, id_: work.archive("client", id_),
    "restore": lambda work, id_: work.restore("client", id_),
    "merge into": lambda work, id_: merge.merge(work, "client", id_, new_id()),
    "merge from": lambda work, id_: merge.merge(work, "client", own(work), id_),
    "bulk update": lambda work, id_: first(work.bulk_update("client", [(id_, {"score": 1}, None)])),
    "bulk archive": lambda work, id_: first(work.bulk_archive("client", [id_])),
}


def own(work: Work) -> UUID:
    return work.create("client", {"name": "Mine"}).id


def first(results: list[Record | TenonError]) -> Record:
    (result,) = results
    if isinstance(result, TenonError):
        raise result
    return result


def told(world: World, who: Actor, do: Do, id_: UUID) -> tuple[Any, ...]:
    """What somebody is told who does it to ``id_``, without the id itself."""
    with pytest.raises(TenonError) as refused:
        world.write(who, lambda work: do(work, id_))
    error = refused.value
    texts = (str(error.message), str(error.hint), repr(error.problems), repr(error.extra))
    return (type(error), *(text.replace(str(id_), "ID") for text in texts))


@pytest.mark.parametrize("name", WRITES)
def test_a_record_out_of_reach_is_written_like_one_that_is_not_there(
    world: World, ann: Actor, bob: Actor, name: str
) -> None:
    theirs = world.create("client", bob, name="Secret")
    world.create("client", ann, name="Mine as well")
    assert told(world, ann, WRITES[name], theirs.id) == told(world, ann, WRITES[name], ABSENT)
    assert world.whole("client", theirs.id).version == 1


def test_a_record_that_may_be_read_and_not_changed_says_so(world: World, bob: Actor) -> None:
    reader = world.hire("Rea", "reader")
    theirs = world.create("client", bob, name="Open book")
    for name in ("update", "archive", "bulk update", "bulk archive"):
        assert told(world, reader, WRITES[name], theirs.id)[0] is ForbiddenError


# Whose record it is


def test_a_record_is_given_away_where_assign_reaches_before_and_after(world: World, ann: Actor) -> None:
    lead, other = world.hire("Lead", "manager"), world.hire("Other", "rep")
    world.above(lead, ann)
    record = world.create("client", ann, name="Given")
    with pytest.raises(ForbiddenError, match="out of your reach"):
        world.write(lead, lambda work: work.update("client", record.id, {"owner_id": str(other.id)}))
    world.write(lead, lambda work: work.update("client", record.id, {"owner_id": str(lead.id)}))
    assert world.whole("client", record.id)["owner_id"] == lead.id


def test_who_may_assign_anywhere_may_give_away_what_then_is_out_of_reach(world: World, ann: Actor) -> None:
    giver, other = world.hire("Giver", "giver"), world.hire("Other", "rep")
    world.policy.roles["giver"] = Role({"*": ("own",), "assign": ("all",)})
    record = world.create("client", giver, name="Given")
    world.write(giver, lambda work: work.update("client", record.id, {"owner_id": str(other.id)}))
    with pytest.raises(NotFoundError):
        world.read(giver, lambda work: work.get("client", record.id))


def test_an_unowned_record_is_claimed_by_assign_alone(world: World) -> None:
    picker = world.hire("Pia", "pool")
    record = world.create("client", None, name="Free")
    world.write(picker, lambda work: work.update("client", record.id, {"owner_id": str(picker.id)}))
    assert world.whole("client", record.id)["owner_id"] == picker.id
    with pytest.raises(ForbiddenError):
        world.write(picker, lambda work: work.update("client", record.id, {"score": 3}))
    both = {"owner_id": None, "score": 3}
    with pytest.raises(ForbiddenError):
        world.write(picker, lambda work: work.update("client", record.id, both))
    assert world.whole("client", record.id)["score"] is None


def test_another_owner_needs_assign_and_the_same_one_does_not(world: World) -> None:
    world.policy.roles["keeper"] = Role(dict.fromkeys(("read", "create", "update"), ("own",)))
    keeper, other = world.hire("Kay", "keeper"), world.hire("Other", "rep")
    record = world.create("client", keeper, name="Kept")
    same = {"owner_id": str(keeper.id), "score": 2}
    assert world.write(keeper, lambda work: work.update("client", record.id, same))["score"] == 2
    for values in ({"owner_id": str(other.id)}, {"owner_id": None, "score": 3}):
        with pytest.raises(ForbiddenError):
            world.write(keeper, lambda work, values=values: work.update("client", record.id, values))
        results = world.write(keeper, lambda work, values=values: _safely(work, [(record.id, values, None)]))
        assert isinstance(results, ForbiddenError)
    assert world.whole("client", record.id)["owner_id"] == keeper.id


def _safely(work: Work, items: Any) -> Any:
    try:
        (result,) = work.bulk_update("client", items)
    except TenonError as error:
        return error
    return result


def test_a_new_record_is_ones_own_and_must_be_within_reach(world: World, ann: Actor, bob: Actor) -> None:
    assert world.write(ann, lambda work: work.create("client", {"name": "Mine"}))["owner_id"] == ann.id
    with pytest.raises(ForbiddenError):
        world.write(ann, lambda work: work.create("client", {"name": "X", "owner_id": str(bob.id)}))
    items = [{"name": "Mine 2"}, {"name": "X", "owner_id": str(bob.id)}, {"name": "Mine 3"}]
    results = world.write(ann, lambda work: work.bulk_create("client", items))
    assert [isinstance(result, Record) for result in results] == [True, False, True]


def test_the_control_without_a_policy_writes_all_of_it(world: World, ann: Actor, bob: Actor) -> None:
    theirs = world.create("client", bob, name="Theirs")
    world.records.access.policy = OpenPolicy()
    world.write(ann, lambda work: work.update("client", theirs.id, {"owner_id": str(ann.id), "score": 1}))
    assert world.whole("client", theirs.id)["owner_id"] == ann.id


# What it refers to


@pytest.mark.parametrize("field", ["region_id", "custom.place"])
@pytest.mark.parametrize("how", ["create", "update", "bulk create", "bulk update", "upsert"])
def test_a_hidden_record_is_referred_to_like_one_that_is_not_there(
    world: World, ann: Actor, bob: Actor, field: str, how: str
) -> None:
    hidden, mine = world.create("region", bob, name="Hidden"), world.create("client", ann, name="Mine")

    def refer(work: Work, id_: UUID) -> Any:
        values = {"name": "Child", field: str(id_)}
        ways: dict[str, Callable[[], Any]] = {
            "create": lambda: work.create("client", values),
            "update": lambda: work.update("client", mine.id, values),
            "bulk create": lambda: first(work.bulk_create("client", [values])),
            "bulk update": lambda: first(work.bulk_update("client", [(mine.id, values, None)])),
            "upsert": lambda: external.upsert(work, "client", "sap", "7", values),
        }
        return ways[how]()

    answers = [told(world, ann, refer, id_) for id_ in (hidden.id, ABSENT)]
    assert answers[0] == answers[1]
    assert answers[0][0] is InvalidError
    assert "unknown-reference" in answers[0][3]
    shown = world.create("region", ann, name="Shown")
    world.write(ann, lambda work: refer(work, shown.id))


def test_a_reference_that_stays_may_lead_where_one_does_not_see(world: World, ann: Actor, bob: Actor) -> None:
    hidden = world.create("region", bob, name="Hidden")
    mine = world.create("client", ann, name="Mine", region_id=str(hidden.id))
    again = {"region_id": str(hidden.id), "score": 1}
    assert world.write(ann, lambda work: work.update("client", mine.id, again))["score"] == 1


def test_a_value_that_a_hidden_record_has_is_taken_and_nothing_more(
    world: World, ann: Actor, bob: Actor
) -> None:
    theirs = world.create("client", bob, name="Secret name", code="K-1")
    mine = world.create("client", ann, name="Mine")
    for do in (
        lambda work: work.create("client", {"name": "X", "code": "K-1"}),
        lambda work: work.update("client", mine.id, {"code": "K-1"}),
    ):
        with pytest.raises(DuplicateError) as refused:
            world.write(ann, do)
        text = str(refused.value) + repr(refused.value.problems)
        assert "Secret" not in text
        assert str(theirs.id) not in text


# By another system's id


def test_a_hidden_record_is_neither_read_nor_changed_by_another_systems_id(
    world: World, ann: Actor, bob: Actor
) -> None:
    theirs = world.create("client", bob, name="Secret")
    world.write(system("test"), lambda work: external.link(work, "client", {"7": theirs.id}, "sap"))
    assert world.read(ann, lambda work: external.resolve(work, "client", "sap", ["7", "8"])) == {}
    with pytest.raises(DuplicateError) as refused:
        world.write(ann, lambda work: external.upsert(work, "client", "sap", "7", {"name": "Taken over"}))
    assert str(theirs.id) not in str(refused.value)
    assert "Secret" not in str(refused.value)
    assert world.whole("client", theirs.id).version == 1
    assert world.read(ann, lambda work: work.count("client")) == 0
    assert world.read(bob, lambda work: external.resolve(work, "client", "sap", ["7"])) == {"7": theirs.id}


# Merging and taking back


def test_a_merge_takes_over_only_what_the_actor_may_write(world: World, bob: Actor) -> None:
    shy = world.hire("Sky", "shy")
    pair = [world.create("client", shy, name=name, revenue="5").id for name in ("A", "B")]

    def take(values: dict[str, Any]) -> Any:
        return world.write(shy, lambda work: merge.merge(work, "client", *pair, values))

    for values in ({"revenue": "9"}, {"owner_id": str(bob.id)}, {"score": 2}, {"region_id": str(ABSENT)}):
        with pytest.raises((InvalidError, ForbiddenError)):
            take(values)
    assert world.whole("client", pair[1]).archived is False
    assert take({"note": "both"}).winner["note"] == "both"


def test_a_merge_moves_what_is_hidden_and_tells_nothing_of_it(world: World, ann: Actor, bob: Actor) -> None:
    stays, goes = (world.create("region", ann, name=name) for name in ("Stays", "Goes"))
    theirs = world.create("client", bob, name="Secret", region_id=str(goes.id))
    mine = world.create("client", ann, name="Mine", region_id=str(goes.id))
    report = world.write(ann, lambda work: merge.merge(work, "region", stays.id, goes.id))
    assert (report.moved, report.kept) == (1, [])
    for record in (theirs, mine):
        assert world.whole("client", record.id)["region_id"] == stays.id
    with pytest.raises(NotFoundError) as hidden:
        world.write(bob, lambda work: merge.undo_merge(work, report.id))
    with pytest.raises(NotFoundError) as absent:
        world.write(bob, lambda work: merge.undo_merge(work, ABSENT))
    assert str(hidden.value).replace(str(report.id), "ID") == str(absent.value).replace(str(ABSENT), "ID")
    undone = world.write(ann, lambda work: merge.undo_merge(work, report.id))
    assert undone.conflicts == []
    assert world.whole("client", theirs.id)["region_id"] == goes.id


def test_taking_back_does_not_reach_what_the_actor_does_not(world: World, ann: Actor, bob: Actor) -> None:
    batch = new_id()
    with world.records.writing(ann, batch=batch) as work:
        ids = [work.create("client", {"name": name}).id for name in ("Kept", "Given away")]
    world.write(system("test"), lambda work: work.update("client", ids[1], {"owner_id": str(bob.id)}))
    report = world.write(ann, lambda work: undo_batch(work, batch))
    assert report.undone == 1
    assert world.whole("client", ids[1]).id == ids[1]
    assert all("Given" not in str(conflict) for conflict in report.conflicts)


# Checked and then done


@pytest.mark.postgresql
def test_what_is_revoked_during_a_bulk_update_is_not_written(postgres_url: str, tmp_path: Any) -> None:
    from tests.access.conftest import build_world

    world = build_world(postgres_url)
    ann, bob = world.hire("Ann", "shared"), world.hire("Bob", "rep")
    records = [world.create("client", bob, name=f"c{n}") for n in range(3)]
    for record in records:
        world.grant(record, ann)
    checked, revoked = threading.Event(), threading.Event()

    def wait(work: Work, change: Change) -> None:
        if work.actor.id == ann.id and not checked.is_set():
            checked.set()
            assert revoked.wait(10)

    world.records.signals.about_to_write.append(wait)
    results: list[Any] = []
    items = [(record.id, {"score": 9}, None) for record in records]
    writer = threading.Thread(
        target=lambda: results.extend(world.write(ann, lambda work: work.bulk_update("client", items)))
    )
    writer.start()
    assert checked.wait(10)
    world.revoke(records[1], ann)
    revoked.set()
    writer.join(20)
    assert [type(result) for result in results] == [Record, NotFoundError, Record]
    assert str(results[1].message) == f"There is no Client {records[1].id}"
    assert [world.whole("client", record.id)["score"] for record in records] == [9, None, 9]
    world.records.storage.close()


@pytest.mark.postgresql
def test_what_changes_hands_while_a_bulk_update_waits_is_not_written(postgres_url: str) -> None:
    from tests.access.conftest import build_world

    world = build_world(postgres_url)
    ann, bob = world.hire("Ann", "rep"), world.hire("Bob", "rep")
    records = [world.create("client", ann, name=f"c{n}") for n in range(2)]
    taken, go_on = threading.Event(), threading.Event()

    def take() -> None:
        with world.records.writing(system("test")) as work:
            work.update("client", records[0].id, {"owner_id": str(bob.id)})
            taken.set()
            assert go_on.wait(10)

    taker = threading.Thread(target=take)
    taker.start()
    assert taken.wait(10)
    results: list[Any] = []
    items = [(record.id, {"score": 9}, None) for record in records]
    writer = threading.Thread(
        target=lambda: results.extend(world.write(ann, lambda work: work.bulk_update("client", items)))
    )
    writer.start()
    writer.join(0.5)
    assert writer.is_alive()
    go_on.set()
    taker.join(20)
    writer.join(20)
    assert [type(result) for result in results] == [NotFoundError, Record]
    assert world.whole("client", records[0].id)["score"] is None
    world.records.storage.close()


def test_ids_that_nobody_has_are_refused_in_a_bulk_and_stop_nothing(world: World, ann: Actor) -> None:
    mine = world.create("client", ann, name="Mine")
    items = [(uuid4(), {"score": 1}, None), (mine.id, {"score": 1}, None)]
    results = world.write(ann, lambda work: work.bulk_update("client", items))
    assert [type(result) for result in results] == [NotFoundError, Record]
