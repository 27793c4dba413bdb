"""Fields that customers add at run time are fields like any other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from tenon.errors import ConflictError, DuplicateError, InvalidError
from tenon.records import Query, Where, custom
from tenon.records.custom import Definition
from tests.records.conftest import World

CHOICES = {"s": "Small", "l": "Large"}

KINDS: list[tuple[str, Any, Any, dict[str, Any]]] = [
    ("text", "abc", "abc", {}),
    ("long_text", "a\nb", "a\nb", {}),
    ("integer", 2**62, 2**62, {}),
    ("number", "3.5", Decimal("3.5"), {}),
    ("money", "1054.00", Decimal(1054), {"currency": "EUR"}),
    ("date", "2026-03-31", date(2026, 3, 31), {}),
    ("datetime", "2026-03-31T14:30:00Z", datetime(2026, 3, 31, 14, 30, tzinfo=UTC), {}),
    ("boolean", True, True, {}),
    ("choice", "s", "s", {"choices": CHOICES}),
    ("multi_choice", ["s", "l"], ["s", "l"], {"choices": CHOICES}),
    ("url", "https://example.com", "https://example.com", {}),
    ("email", "A@example.com", "a@example.com", {}),
    ("phone", "+49 30 1234567", "+49301234567", {}),
]


def define(world: World, key: str, kind: str, **options: Any) -> Definition:
    found: Definition = world.write(
        lambda work: custom.define(work, Definition("specimen", key, key, kind, **options))
    )
    return found


def redefine(world: World, definition: Definition) -> Definition:
    found: Definition = world.write(lambda work: custom.redefine(work, definition))
    return found


def names(world: World, where: Where) -> list[str]:
    return [r["name"] for r in world.read(lambda work: work.page("specimen", Query(filter=where))).data]


@pytest.mark.parametrize(("kind", "sent", "held", "options"), KINDS, ids=[k[0] for k in KINDS])
def test_a_value_of_each_kind_is_kept_filtered_and_emptied(
    world: World, kind: str, sent: Any, held: Any, options: dict[str, Any]
) -> None:
    define(world, "field", kind, **options)
    record = world.create("specimen", name="full", custom={"field": sent})
    world.create("specimen", name="bare")
    assert world.get("specimen", record.id).custom["field"] == held
    assert names(world, Where("custom.field", "empty", False)) == ["full"]
    assert names(world, Where("custom.field", "empty", True)) == ["bare"]
    if kind not in ("long_text", "multi_choice"):
        assert names(world, Where("custom.field", "eq", sent)) == ["full"]
    world.update(record, **{"custom.field": None})
    assert world.get("specimen", record.id).custom["field"] is None


def test_a_reference_leads_to_the_other_record(world: World) -> None:
    define(world, "home", "reference", to="shelf")
    shelf = world.create("shelf", name="upper")
    world.create("specimen", name="x", custom={"home": str(shelf.id)})
    assert names(world, Where("custom.home.name", "eq", "upper")) == ["x"]


def test_a_required_field_is_asked_of_new_records_and_filled_by_its_default(world: World) -> None:
    define(world, "size", "choice", choices=CHOICES, required=True)
    with pytest.raises(InvalidError) as refused:
        world.create("specimen", name="x")
    assert [p.pointer for p in refused.value.problems] == ["/custom/size"]
    redefine(
        world, Definition("specimen", "size", "Size", "choice", choices=CHOICES, required=True, default="l")
    )
    assert world.create("specimen", name="x").custom["size"] == "l"


def test_a_unique_field_is_unique_even_under_haste(world: World) -> None:
    define(world, "serial", "text", unique=True)
    world.create("specimen", name="a", custom={"serial": "1"})
    world.create("specimen", name="b")
    with pytest.raises(DuplicateError) as refused:
        world.create("specimen", name="c", custom={"serial": "1"})
    assert [p.pointer for p in refused.value.problems] == ["/custom/serial"]


def test_values_that_are_not_unique_refuse_to_become_so(world: World) -> None:
    found = define(world, "serial", "text")
    for name in ("a", "b"):
        world.create("specimen", name=name, custom={"serial": "1"})
    with pytest.raises(ConflictError):
        redefine(world, replace(found, unique=True))


def test_an_indexed_field_is_found_by_its_index(world: World) -> None:
    define(world, "score", "number", indexed=True)
    for number in range(200):
        world.create("specimen", name=f"s{number}", custom={"score": number})

    def plan(work: Any) -> str:
        type_ = work.type("specimen")
        column = type_.fields["custom.score"].expression(type_.table)
        found = sa.select(type_.table.c.id).where(column == Decimal(7))
        text = str(found.compile(work.unguarded, compile_kwargs={"literal_binds": True}))
        explain = "EXPLAIN QUERY PLAN " if work.dialect == "sqlite" else "EXPLAIN "
        if work.dialect == "postgresql":
            work.unguarded.exec_driver_sql("SET LOCAL enable_seqscan = off")
        return "\n".join(
            str(row) for row in work.unguarded.exec_driver_sql(explain + text.replace("%", "%%"))
        )

    assert "ix_specimens_specimen_custom_score" in world.write(plan)


def test_an_archived_definition_hides_the_field_and_keeps_its_values(world: World) -> None:
    found = define(world, "size", "text")
    record = world.create("specimen", name="x", custom={"size": "big"})
    redefine(world, replace(found, archived=True))
    assert "size" not in world.get("specimen", record.id).custom
    with pytest.raises(InvalidError):
        world.update(record, **{"custom.size": "small"})
    world.update(record, name="y")
    redefine(world, replace(found, archived=False))
    assert world.get("specimen", record.id).custom["size"] == "big"


def test_a_choice_in_use_cannot_be_dropped(world: World) -> None:
    found = define(world, "size", "choice", choices=CHOICES)
    world.create("specimen", name="x", custom={"size": "s"})
    with pytest.raises(ConflictError, match="1 records"):
        redefine(world, replace(found, choices={"l": "Large"}))
    assert redefine(world, replace(found, choices={"s": "Small"})).choices == {"s": "Small"}


def test_the_kind_of_a_field_stays(world: World) -> None:
    found = define(world, "size", "text")
    with pytest.raises(ConflictError):
        redefine(world, replace(found, kind="number"))


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"key": "Größe"}, "/key"),
        ({"key": "x'); DROP TABLE"}, "/key"),
        ({"label": " "}, "/label"),
        ({"kind": "json"}, "/kind"),
        ({"kind": "choice"}, "/choices"),
        ({"kind": "reference", "to": "nothing"}, "/to"),
        ({"kind": "boolean", "unique": True}, "/unique"),
        ({"kind": "number", "default": "many"}, "/default"),
        ({"scale": 30}, "/scale"),
    ],
)
def test_a_definition_that_cannot_work_is_refused(world: World, change: dict[str, Any], pointer: str) -> None:
    definition = replace(Definition("specimen", "size", "Size", "text"), **change)
    with pytest.raises(InvalidError) as refused:
        world.write(lambda work: custom.define(work, definition))
    assert pointer in [p.pointer for p in refused.value.problems]


def test_a_field_defined_twice_is_refused(world: World) -> None:
    define(world, "size", "text")
    with pytest.raises(DuplicateError):
        define(world, "size", "text")


def test_a_field_defined_elsewhere_is_known_within_a_second(world: World) -> None:
    from tenon.records import Records

    other = Records(
        world.records.storage, world.records.access, world.records.registry_without_customers, world.clock
    )
    assert "custom.size" not in other.registry["specimen"].fields
    define(world, "size", "text")
    other.forget_custom()
    assert "custom.size" in other.registry["specimen"].fields
