"""A list holds what its filter means, in its order, page by page."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenon.errors import BadRequestError
from tenon.records import And, Filter, Not, Or, Query, Record, Where
from tests.records.conftest import World

TEXTS = st.sampled_from(["", "Ab", "ab", "aB%", "a_b", "ÄRGER", "ärger", "文件", "b\\c", "'; --"])
NUMBERS = st.integers(-3, 3)

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "code": TEXTS,
    "count": NUMBERS,
    "weight": NUMBERS.map(lambda n: str(Decimal(n) / 4)),
    "found_on": NUMBERS.map(lambda n: (date(2026, 1, 1) + timedelta(days=n)).isoformat()),
    "seen_at": NUMBERS.map(lambda n: (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=n)).isoformat()),
    "fragile": st.booleans(),
    "color": st.sampled_from(["red", "green", "blue"]),
    "tags": st.lists(st.sampled_from(["red", "green", "blue"]), max_size=2, unique=True),
    "custom.size": NUMBERS.map(lambda n: str(Decimal(n) / 2)),
    "custom.word": TEXTS,
    "custom.day": NUMBERS.map(lambda n: (date(2026, 1, 1) + timedelta(days=n)).isoformat()),
    "custom.flag": st.booleans(),
    "ext.care.keeper": TEXTS,
}
ORDERED = ("count", "weight", "found_on", "seen_at", "custom.size", "custom.day")


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A world with records of every value, empty ones among them, once for the module."""
    from tests.records.conftest import build_world

    world = build_world(f"sqlite:///{tmp_path_factory.mktemp('full')}/tenon.db")
    fill(world)
    return world


def fill(world: World) -> None:
    from tenon.records import custom
    from tenon.records.custom import Definition

    with world.records.writing(world.actor) as work:
        for key, kind in (("size", "number"), ("word", "text"), ("day", "date"), ("flag", "boolean")):
            custom.define(work, Definition("specimen", key, key.title(), kind))
    examples = [dict(zip(VALUES, row, strict=True)) for row in ROWS]
    with world.records.writing(world.actor) as work:
        for number, row in enumerate(examples):
            given = {p: v for p, v in row.items() if v is not None}
            # a code is unique: the row's number makes it so
            if given.get("code"):
                given["code"] = f"{given['code']}{number % 7}.{number}"
            work.create("specimen", {"name": f"s{number:03d}", **given})


def _rows() -> list[list[Any]]:
    import random

    rng = random.Random(7)
    texts = ["Ab", "ab", "aB%", "a_b", "ÄRGER", "ärger", "文件", "b\\c", "'; --"]
    colors = ["red", "green", "blue"]
    day, hour = date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)
    rows = []
    for _number in range(120):
        n = rng.randint(-3, 3)
        row = [
            rng.choice(texts),
            n,
            str(Decimal(n) / 4),
            (day + timedelta(days=n)).isoformat(),
            (hour + timedelta(hours=n)).isoformat(),
            rng.random() < 0.5,
            rng.choice(colors),
            rng.sample(colors, 2),
            str(Decimal(rng.randint(-3, 3)) / 2),
            rng.choice(texts),
            (day + timedelta(days=n)).isoformat(),
            rng.random() < 0.5,
            rng.choice(texts),
        ]
        rows.append([None if rng.random() < 0.25 else value for value in row])
    return rows


ROWS = _rows()


def meaning(record: Record, found: Filter) -> bool:
    """What a filter means, in Python."""
    if isinstance(found, And):
        return all(meaning(record, part) for part in found.parts)
    if isinstance(found, Or):
        return any(meaning(record, part) for part in found.parts)
    if isinstance(found, Not):
        return not meaning(record, found.part)
    field = record.entity.fields[found.field]
    value, op = record[found.field], found.op
    if op == "empty":
        return (value is None) == found.value
    if op in ("in", "not_in"):
        inside = value is not None and value in [field.load(v) for v in found.value]
        return inside == (op == "in")
    if op == "ne":
        return bool(value != field.load(found.value))
    if op == "not_contains":
        return not meaning(record, Where(found.field, "contains", found.value))
    if value is None:
        return False
    if op == "contains" and field.kind == "multi_choice":
        return found.value in value
    if op in ("contains", "starts_with", "ends_with"):
        text, part = value.casefold(), found.value.casefold()
        tests = {
            "contains": part in text,
            "starts_with": text.startswith(part),
            "ends_with": text.endswith(part),
        }
        return tests[op]
    other = field.load(found.value)
    return {
        "eq": value == other,
        "gt": value > other,
        "gte": value >= other,
        "lt": value < other,
        "lte": value <= other,
    }[op]


@st.composite
def one_test(draw: st.DrawFn) -> Where:
    path = draw(st.sampled_from(sorted(VALUES)))
    value = draw(VALUES[path].filter(lambda v: v not in ("", [])))
    if path == "tags":
        return Where(path, draw(st.sampled_from(["contains", "not_contains"])), value[0])
    operators = ["eq", "ne", "empty"]
    if path in ORDERED:
        operators += ["gt", "gte", "lt", "lte", "in", "not_in"]
    elif path not in ("fragile", "color", "custom.flag"):
        operators += ["contains", "not_contains", "starts_with", "ends_with", "in", "not_in"]
    op: Any = draw(st.sampled_from(operators))
    if op == "empty":
        return Where(path, op, draw(st.booleans()))
    return Where(path, op, [value] if op in ("in", "not_in") else value)


FILTERS = st.recursive(
    one_test(),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(inner, max_size=3).map(lambda parts: Or(tuple(parts))),
        inner.map(Not),
    ),
    max_leaves=5,
)


def everything(world: World) -> list[Record]:
    found: list[Record] = world.read(lambda work: work.page("specimen", Query(size=500, sort=("id",)))).data
    return found


def check_meaning(world: World, found: Filter) -> None:
    records = everything(world)
    expected = {r.id for r in records if meaning(r, found)}
    page = world.read(
        lambda work: work.page("specimen", Query(filter=found, size=500, sort=("id",), total=True))
    )
    assert {r.id for r in page.data} == expected
    assert page.total == len(expected)
    assert world.read(lambda work: work.count("specimen", Query(filter=found))) == len(expected)


@settings(max_examples=120, deadline=None)
@given(FILTERS)
def test_a_filter_means_in_sqlite_what_it_means_in_python(full: World, found: Filter) -> None:
    check_meaning(full, found)


@pytest.mark.postgresql
def test_a_filter_means_in_postgresql_what_it_means_in_python(postgres_url: str) -> None:
    from tests.records.conftest import build_world

    world = build_world(postgres_url)
    fill(world)

    @settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.nested_given])
    @given(FILTERS)
    def law(found: Filter) -> None:
        check_meaning(world, found)

    law()
    world.records.storage.close()


@pytest.mark.parametrize(
    "sort", ["name", "-count", "weight", "-found_on", "custom.size", "-custom.word", "ext.care.keeper"]
)
@pytest.mark.parametrize("size", [1, 7, 50])
def test_the_pages_of_a_list_are_the_list(full: World, sort: str, size: int) -> None:
    check_pages(full, (sort, "-color") if size == 7 else (sort,), size)


@pytest.mark.postgresql
def test_the_pages_of_a_list_are_the_list_on_postgresql(postgres_url: str) -> None:
    from tests.records.conftest import build_world

    world = build_world(postgres_url)
    fill(world)
    for sort in ("name", "-count", "weight", "-custom.size", "ext.care.keeper", "-seen_at"):
        check_pages(world, (sort, "-color"), 7)
    world.records.storage.close()


def check_pages(world: World, sort: tuple[str, ...], size: int) -> None:
    whole = [r.id for r in world.read(lambda work: work.page("specimen", Query(sort=sort, size=500))).data]
    found: list[Any] = []
    after = None
    while True:
        page = world.read(
            lambda work, after=after: work.page("specimen", Query(sort=sort, size=size, after=after))
        )
        found += [r.id for r in page.data]
        after = page.next
        if after is None:
            break
    assert found == whole
    assert len(set(found)) == 120


def test_empty_values_count_as_the_smallest(world: World) -> None:
    for name, count in (("a", 1), ("b", None), ("c", 2)):
        world.create("specimen", name=name, count=count)
    up = world.read(lambda work: work.page("specimen", Query(sort=("count",)))).data
    down = world.read(lambda work: work.page("specimen", Query(sort=("-count",)))).data
    assert [r["name"] for r in up] == ["b", "a", "c"]
    assert [r["name"] for r in down] == ["c", "a", "b"]


@pytest.mark.parametrize(
    "query",
    [
        Query(filter=Where("nothing", "eq", 1)),
        Query(filter=Where("name", "within", "today")),
        Query(filter=Where("name", "eq", None)),
        Query(filter=Where("count", "eq", "many")),
        Query(filter=Where("count", "in", "1,2,x")),
        Query(filter=Where("found_on", "within", "someday")),
        Query(filter=Where("found_on", "between", ["2026-01-01"])),
        Query(filter=Where("custom", "empty", True)),
        Query(filter=Where("note", "eq", "x")),
        Query(filter=Where("name.x", "eq", "x")),
        Query(filter=Where("code", "empty", "perhaps")),
        Query(sort=("nothing",)),
        Query(sort=("note",)),
        Query(fields=("nothing",)),
        Query(after="nonsense"),
        Query(after="W10"),
    ],
)
def test_what_is_not_understood_is_refused_and_never_every_row(world: World, query: Query) -> None:
    world.create("specimen", name="x")
    with pytest.raises(BadRequestError):
        world.read(lambda work: work.page("specimen", query))


def test_a_cursor_of_another_list_is_refused(full: World) -> None:
    page = full.read(lambda work: work.page("specimen", Query(size=5)))
    for other in (
        Query(after=page.next, sort=("count",)),
        Query(after=page.next, filter=Where("count", "gt", 0)),
    ):
        with pytest.raises(BadRequestError, match="another list"):
            full.read(lambda work, other=other: work.page("specimen", other))


def test_a_filter_reaches_through_references(world: World) -> None:
    upper = world.create("shelf", name="upper")
    lower = world.create("shelf", name="lower", parent_id=upper.id)
    world.create("specimen", name="on lower", shelf_id=lower.id)
    world.create("specimen", name="on upper", shelf_id=upper.id)
    world.create("specimen", name="nowhere")
    found = world.read(
        lambda work: work.page("specimen", Query(filter=Where("shelf_id.parent_id.name", "eq", "upper")))
    )
    assert [r["name"] for r in found.data] == ["on lower"]


def test_sums_add_money_within_one_currency_only(world: World) -> None:
    for price, currency in (("1.10", "EUR"), ("2.20", "EUR"), ("5", "USD")):
        world.create("specimen", name="x", price=price, price_currency=currency, color="red", count=2)
    rows = world.read(lambda work: work.sums("specimen", by=["color"], of=["price"]))
    found = {row["price_currency"]: (row["count"], row["price"]) for row in rows}
    assert found == {"EUR": (2, Decimal("3.3")), "USD": (1, Decimal(5))}


def test_search_finds_every_word_in_any_script(world: World) -> None:
    for name in ("Ärger GmbH", "文件 公司", "100% sure"):
        world.create("specimen", name=name)
    for text, expected in (
        ("ärger", 1),
        ("gmbh ÄR", 1),
        ("公司", 1),
        ("100%", 1),
        ("%", 1),
        ("_", 0),
        ("", 3),
    ):
        found = world.read(lambda work, text=text: work.page("specimen", Query(search=text)))
        assert len(found.data) == expected, text


def test_a_filter_of_absurd_size_is_refused(world: World) -> None:
    deep: Filter = Where("count", "eq", 1)
    for _level in range(40):
        deep = Not(deep)
    wide = And(tuple(Where("count", "eq", n) for n in range(500)))
    for found in (deep, wide, Where("count", "in", list(range(5000)))):
        with pytest.raises(BadRequestError):
            world.read(lambda work, found=found: work.page("specimen", Query(filter=found)))
