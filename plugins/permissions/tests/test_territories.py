"""Territories: who works one sees its records, and those of the territories within it."""

from __future__ import annotations

import json

import pytest

from plugins.permissions.tests.shared import change, give, grants, make, may, take
from tenon.api import ForbiddenError, InvalidError, system


def territory(sales, name: str, city: str | None = None, **more):
    text = json.dumps({"field": "city", "value": city}) if city else None
    return make(sales, "territory", name=name, **{"entity": "account", "filter": text, **more})


def member(sales, who: str, territory_id):
    return make(sales, "territory_member", territory_id=territory_id, user_id=sales.people[who].id)


@pytest.fixture
def germany(sales):
    """Germany with the south in it; an account in each, owned by Rita."""
    whole = territory(sales, "Germany", "Berlin")
    south = territory(sales, "South", "Munich", parent_id=whole, level="change")
    sales.berlin = sales.account("Spree", "rita", city="Berlin")
    sales.munich = sales.account("Isar", "rita", city="Munich")
    return whole, south


def test_members_see_their_territory_and_those_within(sales, germany):
    whole, south = germany
    member(sales, "rosa", whole)
    member(sales, "ravi", south)
    assert sales.seen("rosa") == ["Isar", "Spree"]
    assert sales.seen("ravi") == ["Isar"]
    assert may(sales, "ravi", "update", sales.munich)
    assert may(sales, "rosa", "read", sales.berlin)
    assert not may(sales, "rosa", "update", sales.berlin)


def test_a_territory_follows_the_records_that_its_filter_finds(sales, germany):
    member(sales, "ravi", germany[1])
    change(sales, "account", sales.berlin, city="Munich")
    assert sales.seen("ravi") == ["Isar", "Spree"]
    change(sales, "account", sales.munich, city="Rome")
    assert sales.seen("ravi") == ["Spree"]
    change(sales, "territory", germany[1], filter=None)
    assert sales.seen("ravi") == []


def test_who_leaves_a_territory_sees_it_no_longer(sales, germany):
    there = member(sales, "ravi", germany[1])
    assert sales.seen("ravi") == ["Isar"]
    with sales.tenon.records.writing(system("test")) as work:
        work.archive("territory_member", there)
    assert sales.seen("ravi") == []


def test_a_move_in_the_tree_takes_effect_at_once(sales, germany):
    whole, south = germany
    member(sales, "rosa", whole)
    assert sales.seen("rosa") == ["Isar", "Spree"]
    change(sales, "territory", south, parent_id=None)
    assert sales.seen("rosa") == ["Spree"]
    change(sales, "territory", south, parent_id=whole)
    assert sales.seen("rosa") == ["Isar", "Spree"]


def test_a_territory_is_not_within_itself(sales, germany):
    whole, south = germany
    for id_, parent in ((whole, south), (whole, whole)):
        with pytest.raises(InvalidError) as refused:
            change(sales, "territory", id_, parent_id=parent)
        assert {p.pointer: p.code for p in refused.value.problems} == {"/parent_id": "cycle"}


def test_an_archived_territory_gives_nothing_until_it_is_restored(sales, germany):
    whole, south = germany
    member(sales, "ravi", south)
    member(sales, "rosa", whole)
    with sales.tenon.records.writing(system("test")) as work:
        with pytest.raises(InvalidError, match="South"):
            work.archive("territory", whole)
        work.archive("territory", south)
    assert sales.seen("ravi") == []
    assert sales.seen("rosa") == ["Spree"]
    with sales.tenon.records.writing(system("test")) as work:
        work.restore("territory", south)
    assert sales.seen("ravi") == ["Isar"]


def test_a_record_is_put_in_a_territory_by_hand_and_stays_with_another_owner(sales, germany):
    _whole, south = germany
    member(sales, "ravi", south)
    rome = sales.account("Tiber", "rita", city="Rome")
    give(sales, "ada", rome, ("territory", south), cause="territory")
    assert grants(sales, rome) == {("territory", "change")}
    change(sales, "territory", south, level="full")
    change(sales, "account", rome, owner_id=sales.mia.id)
    assert may(sales, "ravi", "archive", rome)
    take(sales, "ada", rome, ("territory", south), cause="territory")
    assert not may(sales, "ravi", "read", rome)


def test_a_record_in_a_territory_twice_stays_when_one_of_both_ends(sales, germany):
    member(sales, "ravi", germany[1])
    give(sales, "ada", sales.munich, ("territory", germany[1]), cause="territory")
    change(sales, "account", sales.munich, city="Rome")
    assert may(sales, "ravi", "read", sales.munich)


def test_only_who_keeps_the_territories_puts_records_there(sales, germany):
    with pytest.raises((ForbiddenError, InvalidError)):
        give(sales, "rita", sales.berlin, ("territory", germany[1]), cause="territory")
    assert grants(sales, sales.berlin) == {("territory", "read")}


def test_a_control_a_filter_finds_nobody_without_members(sales, germany):
    assert sales.seen("rosa") == []
    assert grants(sales, sales.munich) == {("territory", "change")}
