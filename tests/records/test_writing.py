"""What the write path takes, refuses and remembers."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from tenon.errors import DuplicateError, ForbiddenError, InvalidError, NotFoundError, StaleError, TenonError
from tenon.records import Change, Record, Work
from tests.records.conftest import World

WHOLE: dict[str, Any] = {
    "name": "Ammonite",
    "code": "A-1",
    "note": "two\nlines",
    "count": 3,
    "weight": "1.250",
    "price": "1054.00",
    "found_on": "2026-03-31",
    "seen_at": "2026-03-31T14:30:00+02:00",
    "fragile": True,
    "color": "red",
    "tags": ["green", "red"],
    "website": "example.com",
    "email": "Ann@Example.COM",
    "phone": "+49 30 1234567",
    "ext": {"care": {"keeper": "Bo", "fee": "2.5"}},
}


def test_a_record_holds_python_values_of_what_was_sent_as_json(world: World) -> None:
    record = world.get("specimen", world.create("specimen", **WHOLE).id)
    assert record["weight"] == Decimal("1.25")
    assert record["price"] == Decimal(1054)
    assert record["price_currency"] == "EUR"
    assert record["found_on"] == date(2026, 3, 31)
    assert record["seen_at"] == datetime(2026, 3, 31, 12, 30, tzinfo=UTC)
    assert record["tags"] == ["red", "green"]
    assert record["website"] == "https://example.com"
    assert record["email"] == "ann@example.com"
    assert record["phone"] == "+49301234567"
    assert record.ext["care"]["keeper"] == "Bo"
    assert record["ext.care.fee_currency"] == "EUR"
    assert record.version == 1
    assert record.created_at == world.clock.now()
    assert record["created_by"] == world.actor.id


def test_every_problem_is_told_at_once_with_a_pointer(world: World) -> None:
    with pytest.raises(InvalidError) as refused:
        world.create("specimen", nam="x", count="many", color="pink", version=9, ext={"care": {"feed": 1}})
    found = {p.pointer: p.code for p in refused.value.problems}
    assert found == {
        "/nam": "unknown-field",
        "/count": "invalid",
        "/color": "invalid",
        "/version": "read-only",
        "/ext/care/feed": "unknown-field",
        "/name": "required",
    }
    assert "did you mean name?" in str(refused.value)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", 5),
        ("name", "a\x00b"),
        ("name", "x" * 201),
        ("count", "1.5"),
        ("count", 2**63),
        ("count", True),
        ("weight", "1.2345"),
        ("weight", "NaN"),
        ("price", "1e30"),
        ("price_currency", "EURO"),
        ("found_on", "31.3.2026"),
        ("found_on", 20260331),
        ("seen_at", "yesterday"),
        ("fragile", "perhaps"),
        ("tags", ["pink"]),
        ("shelf_id", "somewhere"),
        ("website", "javascript:alert(1)"),
        ("email", "nobody"),
        ("phone", "call me"),
    ],
)
def test_a_value_of_the_wrong_shape_is_refused(world: World, path: str, value: Any) -> None:
    with pytest.raises(InvalidError) as refused:
        world.create("specimen", **{"name": "x", path: value})
    assert [p.pointer for p in refused.value.problems] == [f"/{path}"]
    assert world.read(lambda work: work.count("specimen")) == 0


def test_a_taken_value_names_the_field(world: World) -> None:
    world.create("specimen", name="one", code="A")
    with pytest.raises(DuplicateError) as refused:
        world.create("specimen", name="two", code="A")
    assert [p.pointer for p in refused.value.problems] == ["/code"]


def test_a_reference_to_nothing_names_the_field(world: World) -> None:
    with pytest.raises(InvalidError) as refused:
        world.create("specimen", name="one", shelf_id=str(uuid4()))
    assert [p.pointer for p in refused.value.problems] == ["/shelf_id"]


def test_an_update_writes_what_changed_and_counts_the_version_up(world: World) -> None:
    record = world.create("specimen", **WHOLE)
    world.clock.advance(hours=1)
    changed = world.update(record, count=4, color="red")
    assert (changed.version, changed["count"]) == (2, 4)
    assert world.get("specimen", record.id).values == changed.values
    assert changed["updated_at"] == world.clock.now()


def test_an_update_that_changes_nothing_writes_nothing(world: World) -> None:
    record = world.create("specimen", **WHOLE)
    assert world.update(record, weight="1.25", tags=["red", "green"]).version == 1


def test_a_stale_version_is_refused(world: World) -> None:
    record = world.create("specimen", name="one")
    world.update(record, name="two")
    with pytest.raises(StaleError) as refused:
        world.write(lambda work: work.update("specimen", record.id, {"name": "three"}, expect=1))
    assert refused.value.extra["version"] == 2


def test_of_many_writers_with_one_version_one_wins(world: World) -> None:
    record = world.create("specimen", name="one", count=0)
    won: list[int] = []
    lost: list[TenonError] = []

    def write(number: int) -> None:
        try:
            world.write(lambda work: work.update("specimen", record.id, {"count": number}, expect=1))
            won.append(number)
        except StaleError as error:
            lost.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 7)
    assert world.get("specimen", record.id)["count"] == won[0]


def test_an_absent_record_cannot_be_changed(world: World) -> None:
    with pytest.raises(NotFoundError):
        world.write(lambda work: work.update("specimen", uuid4(), {"name": "x"}))


def test_a_reading_work_does_not_write(world: World) -> None:
    with pytest.raises(ForbiddenError):
        world.read(lambda work: work.create("specimen", {"name": "x"}))


def test_archived_records_leave_lists_and_come_back(world: World) -> None:
    record = world.create("specimen", name="one")
    world.write(lambda work: work.archive("specimen", record.id))
    assert world.read(lambda work: work.count("specimen")) == 0
    assert world.get("specimen", record.id).archived
    world.write(lambda work: work.restore("specimen", record.id))
    assert world.read(lambda work: work.count("specimen")) == 1


def test_a_refusal_takes_the_whole_transaction_back(world: World) -> None:
    def two(work: Work) -> None:
        work.create("specimen", {"name": "kept?"})
        work.create("specimen", {"name": ""})

    with pytest.raises(InvalidError):
        world.write(two)
    assert world.read(lambda work: work.count("specimen")) == 0


def test_subscribers_refuse_together_and_see_values_after_the_write(world: World) -> None:
    def refuse(work: Work, change: Change) -> None:
        if change.value("count") == 13:
            change.refuse("/count", "unlucky", "Not thirteen")

    world.records.signals.about_to_write += [refuse, refuse]
    with pytest.raises(InvalidError) as refused:
        world.create("specimen", name="x", count=13)
    assert [p.code for p in refused.value.problems] == ["unlucky", "unlucky"]


def test_a_bulk_gives_a_result_for_each_item(world: World) -> None:
    world.create("specimen", name="old", code="taken")
    items = [
        {"name": "a", "code": "1"},
        {"nam": "b"},
        {"name": "c", "code": "taken"},
        {"name": "d", "code": "1"},
    ]
    results = world.write(lambda work: work.bulk_create("specimen", items))
    assert [type(r).__name__ for r in results] == [
        "Record",
        "InvalidError",
        "DuplicateError",
        "DuplicateError",
    ]
    assert world.read(lambda work: work.count("specimen")) == 2


def test_a_bulk_leaves_what_single_writes_leave(world: World) -> None:
    one = world.create("specimen", **WHOLE)
    (many,) = world.write(lambda work: work.bulk_create("specimen", [{**WHOLE, "code": "A-2"}]))
    assert isinstance(many, Record)
    alike = {p: v for p, v in one.values.items() if p not in ("id", "code")}
    assert {p: v for p, v in many.values.items() if p not in ("id", "code")} == alike
    changed = world.write(
        lambda work: work.bulk_update("specimen", [(one.id, {"count": 9}, 1), (many.id, {"count": 9}, 7)])
    )
    assert [type(r).__name__ for r in changed] == ["Record", "StaleError"]
