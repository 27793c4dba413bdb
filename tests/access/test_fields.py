"""A field that somebody may not see answers as one that does not exist, wherever it is named."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import pytest

from tenon.errors import BadRequestError, DuplicateError, InvalidError, StaleError, TenonError
from tenon.identity import Actor
from tenon.identity.actor import system
from tenon.records import Query, Record, Registry, Where, Work, audit, visible
from tenon.records.exporting import export
from tests.access.conftest import World
from tests.access.policies import Role

HIDDEN = ("revenue", "custom.size", "ext.care.keeper")
Ask = Callable[[Work, str], Any]

ASKS: dict[str, Ask] = {
    "filter": lambda work, p: work.page("client", Query(filter=Where(p, "gte", "1"))),
    "filter wrongly": lambda work, p: work.page("client", Query(filter=Where(p, "within", "x"))),
    "filter through": lambda work, p: work.page("client", Query(filter=Where(f"{p}.name", "eq", "1"))),
    "filter a count": lambda work, p: work.count("client", Query(filter=Where(p, "empty", True))),
    "sort": lambda work, p: work.page("client", Query(sort=(p,))),
    "sort down": lambda work, p: work.page("client", Query(sort=(f"-{p}", "name"))),
    "fields": lambda work, p: work.page("client", Query(fields=("name", p))),
    "group": lambda work, p: work.sums("client", by=[p]),
    "sum": lambda work, p: work.sums("client", by=[], of=[p]),
    "create": lambda work, p: work.create("client", {"name": "x", p: "9"}),
    "create wrongly": lambda work, p: work.create("client", {"name": "x", p: ["no"]}),
    "update": lambda work, p: work.update("client", mine(work), {p: "9"}),
    "bulk update": lambda work, p: first(work.bulk_update("client", [(mine(work), {p: "9"}, None)])),
    "misspelt": lambda work, p: work.update("client", mine(work), {p[:-1]: "9"}),
}


def mine(work: Work) -> UUID:
    (found,) = work.page("client").data
    return found.id


def first(results: list[Any]) -> Record:
    (result,) = results
    if isinstance(result, TenonError):
        raise result
    return result  # type: ignore[no-any-return]


@pytest.fixture
def shy(world: World) -> Actor:
    return world.hire("Sky", "shy")


@pytest.fixture
def client(world: World, shy: Actor) -> Record:
    return world.create(
        "client", shy, name="Acme", revenue="1234567.89", custom={"size": 77}, ext={"care": {"keeper": "Zed"}}
    )


def answer(world: World, who: Actor, do: Callable[[Work], Any]) -> tuple[Any, ...]:
    with pytest.raises(TenonError) as refused:
        world.write(who, do)
    error = refused.value
    return (type(error), str(error.message), str(error.hint), repr(error.problems))


def without(world: World, shy: Actor) -> Registry:
    """The kinds of record of a company that does not have the fields that ``shy`` does not see."""
    return cast("Registry", world.read(shy, visible.registry))


@pytest.mark.parametrize("path", HIDDEN)
@pytest.mark.parametrize("name", ASKS)
def test_naming_a_hidden_field_is_naming_one_that_does_not_exist(
    world: World, shy: Actor, client: Record, name: str, path: str
) -> None:
    """Word for word as in a company without such a field, whose people see all there is."""
    other, ask = world.hire("Otto", "shared"), ASKS[name]
    world.grant(client, other)
    registry = without(world, shy)

    def elsewhere(work: Work) -> Any:
        work.registry = registry
        return ask(work, path)

    hidden = answer(world, shy, lambda work: ask(work, path))
    assert hidden == answer(world, other, elsewhere)
    assert hidden[0] in (BadRequestError, InvalidError)


def test_the_control_sees_the_field_in_all_of_these_ways(world: World, client: Record) -> None:
    boss = world.hire("Bo", "boss")
    for name in ("filter", "sort", "fields", "group", "sum"):
        world.read(boss, lambda work, name=name: ASKS[name](work, "revenue"))
    assert world.read(boss, lambda work: work.get("client", client.id))["custom.size"] == 77


def test_hints_never_name_a_hidden_field(world: World, shy: Actor, client: Record) -> None:
    asks: tuple[Ask, ...] = (
        lambda work, p: work.page("client", Query(filter=Where("revenu", "eq", 1))),
        lambda work, p: work.page("client", Query(sort=("revenu",))),
        lambda work, p: work.page("client", Query(fields=("revenu",))),
        lambda work, p: work.update("client", client.id, {"revenu": 1, "custom": {"siz": 1}}),
    )
    for ask in asks:
        with pytest.raises(TenonError) as refused:
            world.write(shy, lambda work, ask=ask: ask(work, ""))
        text = f"{refused.value} {refused.value.problems!r}"
        assert "revenue" not in text
        assert "size" not in text


def test_a_record_is_given_without_its_hidden_values(world: World, shy: Actor, client: Record) -> None:
    def every_way(work: Work) -> list[Record]:
        return [
            work.get("client", client.id),
            *work.page("client").data,
            *work.page("client", Query(sort=("custom.word",))).data,
            *work.search("acme")["client"],
            work.update("client", client.id, {"note": "seen"}),
            audit.as_of(work, "client", client.id, work.now + timedelta(days=1)),
            audit.as_of(work, "client", client.id, work.now),
        ]

    for record in world.write(shy, every_way):
        text = repr(world.records.dump(record.entity)(record))
        assert not any(value in text for value in ("1234567.89", "revenue", "size", "keeper", "Zed"))
        assert record.get("revenue") is None
        assert "size" not in record.custom


def test_history_tells_nothing_of_hidden_fields(world: World, shy: Actor, client: Record) -> None:
    change = {"revenue": "5", "custom": {"size": 3}}
    world.write(system("test"), lambda work: work.update("client", client.id, change))
    world.write(
        system("test"), lambda work: work.update("client", client.id, {"note": "n", **change, "revenue": 6})
    )
    entries = world.read(shy, lambda work: audit.entries(work, "client", client.id))
    assert [sorted(entry.changes) for entry in entries] == [["note"], ["name", "owner_id"]]
    pages = world.read(shy, lambda work: world.records.timeline.page(work, "client", client.id)).data
    assert not any(word in repr(item.data) for item in pages for word in ("revenue", "size", "keeper"))
    past = world.read(shy, lambda work: audit.as_of(work, "client", client.id, world.clock.now()))
    assert "size" not in past.custom


def test_a_page_of_history_is_as_long_as_asked_however_much_is_hidden(
    world: World, shy: Actor, client: Record
) -> None:
    for number in range(8):
        values = {"revenue": str(number)} if number % 2 else {"note": f"n{number}"}
        world.write(system("test"), lambda work, values=values: work.update("client", client.id, values))
    found = world.read(shy, lambda work: audit.entries(work, "client", client.id, size=3))
    assert [sorted(entry.changes) for entry in found] == [["note"]] * 3
    rest = world.read(shy, lambda work: audit.entries(work, "client", client.id, before=found[-1].id, size=3))
    assert [entry.action for entry in rest] == ["update", "create"]


@pytest.mark.parametrize("format", ["csv", "jsonl", "xlsx"])
def test_an_export_is_the_list_and_its_fields(world: World, shy: Actor, client: Record, format: str) -> None:
    world.create("client", None, name="Out of reach", revenue="99")
    out = io.BytesIO()
    assert export(world.records, shy, "client", Query(), out, format=format) == 1
    if format != "xlsx":
        text = out.getvalue().decode()
        assert "Acme" in text
        assert not any(word in text for word in ("1234567", "revenue", "size", "keeper", "Out of reach"))
    for path in (*HIDDEN, "revenue.title"):
        with pytest.raises(BadRequestError, match="has no field"):
            export(world.records, shy, "client", Query(), io.BytesIO(), fields=["name", path])


def test_an_export_holds_what_may_be_exported_of_what_may_be_read(world: World) -> None:
    world.policy.roles["intern"] = Role({"read": ("all",), "export": ("own",)})
    intern = world.hire("Ian", "intern")
    world.create("client", intern, name="Own")
    world.create("client", None, name="Other")
    assert world.read(intern, lambda work: work.count("client")) == 2
    out = io.BytesIO()
    assert export(world.records, intern, "client", Query(), out, format="csv") == 1
    assert "Other" not in out.getvalue().decode()


# What a record is called


def test_a_hidden_title_comes_out_nowhere(world: World) -> None:
    sam = world.hire("Sam", "nameless")
    region = world.create("region", sam, name="Atlantis")
    record = world.create("client", sam, name="Secret name", note="visible", region_id=str(region.id))
    short = str(record.id)[:8]

    def asked(work: Work) -> list[str]:
        page = work.page("client").data
        return [
            work.get("client", record.id).title,
            page[0].title,
            *work.titles("client", [record.id]).values(),
            *work.search("visible")["client"][0].title.split("|"),
            work.update("client", record.id, {"score": 2}).title,
            visible.title(work, page[0]),
        ]

    assert set(world.write(sam, asked)) == {short}
    assert world.read(sam, lambda work: work.search("secret")) == {}
    titles = world.read(sam, lambda work: work.reference_titles("client", work.page("client").data))
    assert titles[region.id] == str(region.id)[:8]
    with pytest.raises(StaleError) as stale:
        world.write(sam, lambda work: work.update("client", record.id, {"score": 1}, expect=9))
    assert "Secret" not in str(stale.value)
    assert short in str(stale.value)
    out = io.BytesIO()
    export(world.records, sam, "client", Query(), out, format="csv")
    assert "Secret" not in out.getvalue().decode()
    assert "Atlantis" not in out.getvalue().decode()


# Fields that are only to be written, or only to be read


@pytest.fixture
def clerk(world: World) -> Actor:
    """May give a revenue and not see it, may see a score and not give it."""
    world.policy.roles["clerk"] = Role(
        {"*": ("own",)},
        hidden={"client": frozenset({"revenue"})},
        fixed={"client": frozenset({"score"})},
    )
    return world.hire("Cleo", "clerk")


def test_a_field_to_write_and_not_to_see_is_written_and_not_shown(world: World, clerk: Actor) -> None:
    made = world.write(clerk, lambda work: work.create("client", {"name": "A", "revenue": "5"}))
    assert made.get("revenue") is None
    assert world.whole("client", made.id)["revenue"] == 5
    changed = world.write(clerk, lambda work: work.update("client", made.id, {"revenue": "6"}))
    assert changed.get("revenue") is None
    with pytest.raises(InvalidError) as refused:
        world.write(clerk, lambda work: work.update("client", made.id, {"revenue": "much"}))
    assert {p.pointer for p in refused.value.problems} == {"/revenue"}
    with pytest.raises(BadRequestError):
        world.read(clerk, lambda work: work.page("client", Query(sort=("revenue",))))


def test_a_field_to_see_and_not_to_write_is_shown_and_refused(world: World, clerk: Actor) -> None:
    record = world.create("client", clerk, name="A", score=3)
    assert world.read(clerk, lambda work: work.get("client", record.id))["score"] == 3
    for do in (
        lambda work: work.update("client", record.id, {"score": 4}),
        lambda work: work.create("client", {"name": "B", "score": 4}),
    ):
        with pytest.raises(InvalidError) as refused:
            world.write(clerk, do)
        assert [(p.pointer, p.code) for p in refused.value.problems] == [("/score", "read-only")]


def test_what_a_guard_says_of_a_hidden_field_is_not_said(world: World, shy: Actor, client: Record) -> None:
    def guard(work: Work, change: Any) -> None:
        change.refuse("/revenue", "too-low", "A revenue of 1234567.89 is too low", limit="2000000")

    world.records.signals.about_to_write.append(guard)
    with pytest.raises(InvalidError) as refused:
        world.write(shy, lambda work: work.update("client", client.id, {"note": "x"}))
    assert "1234567" not in str(refused.value)
    assert "evenue" not in f"{refused.value} {refused.value.problems!r}"
    with pytest.raises(InvalidError, match="1234567"):
        world.write(world.hire("Bo", "boss"), lambda work: work.update("client", client.id, {"note": "x"}))


def test_a_collision_in_a_hidden_field_names_neither_field_nor_value(world: World) -> None:
    world.policy.roles["blind"] = Role({"*": ("own",)}, hidden={"client": frozenset({"code"})})
    blind = world.hire("Ben", "blind")
    world.create("client", None, name="Other", code="K-1")
    # They give the value, so they know it; what is told is no more.
    with pytest.raises(DuplicateError) as refused:
        world.write(blind, lambda work: work.create("client", {"name": "A", "code": "K-1"}))
    assert "Other" not in str(refused.value)
