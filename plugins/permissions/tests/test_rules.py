"""Sharing rules: what matches is shared, and what no longer does is not."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugins.permissions.tests.shared import GRANT, change, give, grants, make, may, rule
from tenon.api import ForbiddenError, InvalidError, system
from tenon.records.custom import Definition, define
from tenon_permissions.rules import look_again


def test_what_matches_is_shared_when_the_rule_is_made(sales):
    sales.account("Acme", "rita", industry="Energy")
    sales.account("Bolt", "rita", industry="Steel")
    rule(sales, "industry", "Energy")
    assert sales.seen("rosa") == ["Acme"]


def test_a_rule_without_a_filter_shares_every_record_of_the_kind(sales):
    sales.account("Acme", "rita")
    rule(sales)
    sales.account("Bolt", None)
    make(sales, "contact", last_name="Hidden", owner_id=sales.rita.id)
    assert sales.seen("rosa") == ["Acme", "Bolt"]
    assert sales.seen("rosa", "contact") == []


def test_a_rule_follows_creations_edits_and_bulk_edits(sales):
    rule(sales, "industry", "Energy")
    acme = sales.account("Acme", "rita", industry="Energy")
    bolt = sales.account("Bolt", "rita")
    assert sales.seen("rosa") == ["Acme"]
    change(sales, "account", bolt, industry="Energy")
    assert sales.seen("rosa") == ["Acme", "Bolt"]
    with sales.tenon.records.writing(system("test")) as work:
        work.bulk_update("account", [(id_, {"industry": "Steel"}, None) for id_ in (acme, bolt)])
    assert sales.seen("rosa") == []


def test_a_rule_follows_what_is_created_in_bulk(sales):
    rule(sales, "industry", "Energy")
    items = [{"name": f"A {n:04}", "industry": "Energy" if n % 2 else "Steel"} for n in range(1200)]
    with sales.tenon.records.writing(sales.rita, via="import") as work:
        work.bulk_create("account", items)
    with sales.tenon.records.reading(sales.rosa) as work:
        assert work.count("account") == 600


def test_a_rule_follows_changes_of_itself(sales):
    acme = sales.account("Acme", "rita", industry="Energy")
    bolt = sales.account("Bolt", "rita", industry="Steel")
    made = rule(sales, "industry", "Energy")
    change(sales, "sharing_rule", made, filter=json.dumps({"field": "industry", "value": "Steel"}))
    assert (grants(sales, acme), grants(sales, bolt)) == (set(), {("rule", "read")})
    change(sales, "sharing_rule", made, level="change", user_id=sales.mia.id)
    assert sales.seen("rosa") == []
    assert may(sales, "mia", "update", bolt)
    change(sales, "sharing_rule", made, entity="contact", filter=None)
    assert grants(sales, bolt) == set()
    with sales.tenon.records.writing(system("test")) as work:
        work.update("sharing_rule", made, {"entity": "account"})
        work.archive("sharing_rule", made)
    assert grants(sales, acme) == set()
    with sales.tenon.records.writing(system("test")) as work:
        work.restore("sharing_rule", made)
    assert grants(sales, acme) == {("rule", "change")}


def test_a_rule_shares_with_several_at_once(sales, as_role):
    team = make(sales, "team", name="Engineers")
    sales.people["eva"] = as_role("sales", name="Eva", team_id=team)
    acme = sales.account("Acme", "rita")
    made = rule(sales, user_id=sales.rosa.id, team_id=team)
    assert may(sales, "eva", "read", acme)
    assert may(sales, "rosa", "read", acme)
    change(sales, "sharing_rule", made, user_id=None)
    assert may(sales, "eva", "read", acme)
    assert not may(sales, "rosa", "read", acme)


def test_each_rule_takes_back_its_own(sales):
    acme = sales.account("Acme", "rita", industry="Energy")
    first, second = rule(sales, "industry", "Energy"), rule(sales, "name", "Acme", level="change")
    change(sales, "sharing_rule", second, active=False)
    assert grants(sales, acme) == {("rule", "read")}
    change(sales, "sharing_rule", first, active=False)
    assert grants(sales, acme) == set()


def test_a_rule_shares_an_owner_s_records_and_follows_when_they_are_given_away(sales):
    rule(sales, "owner_id", str(sales.rita.id))
    acme = sales.account("Acme", "rita")
    assert may(sales, "rosa", "read", acme)
    change(sales, "account", acme, owner_id=sales.ravi.id)
    assert not may(sales, "rosa", "read", acme)


def test_a_rule_shares_the_party_with_the_account(sales):
    acme = sales.account("Acme", "rita")
    rule(sales)
    assert may(sales, "rosa", "read", acme, "party")


def test_a_rule_shares_by_a_field_of_the_customers_own(sales):
    with sales.tenon.records.writing(sales.ada) as work:
        define(work, Definition("account", "region", "Region", "text"))
    rule(sales, "custom.region", "North")
    acme = sales.account("Acme", "rita", custom={"region": "North"})
    assert grants(sales, acme) == {("rule", "read")}
    change(sales, "account", acme, custom={"region": "South"})
    assert grants(sales, acme) == set()


@pytest.mark.parametrize(
    ("values", "pointer", "told"),
    [
        ({"entity": "acount"}, "/entity", "account"),
        ({"entity": "user"}, "/entity", "by itself"),
        ({"entity": "party"}, "/entity", "by itself"),
        ({"filter": "industry = Energy"}, "/filter", "not JSON"),
        ({"filter": '{"field": "industri", "value": "x"}'}, "/filter", "industry"),
        ({"filter": '{"field": "industry", "op": "like", "value": "x"}'}, "/filter", "no operator"),
        ({"filter": '{"field": "owner_id", "value": "$me"}'}, "/filter", "nobody"),
        ({"filter": '{"field": "employees", "value": "many"}'}, "/filter", "not a value"),
        ({"filter": "[" * 5000}, "/filter", "not JSON"),
        ({"user_id": None}, "/team_id", "Name a person"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(sales, values, pointer, told):
    fine = {"name": "A rule", "entity": "account", "user_id": sales.rosa.id}
    with pytest.raises(InvalidError) as refused:
        make(sales, "sharing_rule", **{**fine, **values})
    assert [p.pointer for p in refused.value.problems] == [pointer]
    assert told in str(refused.value.problems[0].detail)


def test_a_rule_names_somebody_who_is_there(sales):
    with pytest.raises(InvalidError) as refused:
        make(sales, "sharing_rule", name="A rule", entity="account", team_id=sales.rosa.id)
    assert "/team_id" in {p.pointer for p in refused.value.problems}


def test_only_administrators_make_rules(sales):
    values = {"name": "All mine", "entity": "account", "user_id": sales.bea.id}
    for name in ("rita", "max", "bea"):
        with sales.tenon.records.writing(sales.people[name]) as work, pytest.raises(ForbiddenError):
            work.create("sharing_rule", values)
    with sales.tenon.records.writing(sales.ada) as work:
        work.create("sharing_rule", values)


def test_a_rule_whose_field_is_gone_shares_nothing_and_stops_nobody(sales):
    acme = sales.account("Acme", "rita")
    made = rule(sales, "name", "Acme")
    rules = sales.tenon.records.registry["sharing_rule"].table
    with sales.tenon.storage.writing() as connection:
        gone = sa.update(rules).where(rules.c.id == made).values(filter='{"field": "gone", "value": 1}')
        connection.execute(gone)
    change(sales, "account", acme, industry="Energy")
    look_again({}, sales.tenon)
    assert grants(sales, acme) == set()


def test_a_filter_of_time_is_looked_at_again(sales, clock):
    rule(sales, "created_at", "today", op="within")
    acme = sales.account("Acme", "rita")
    assert grants(sales, acme) == {("rule", "read")}
    look_again({}, sales.tenon)
    assert grants(sales, acme) == {("rule", "read")}
    clock.set(clock.now() + timedelta(days=1))
    look_again({}, sales.tenon)
    assert grants(sales, acme) == set()


def test_a_filter_through_another_record_is_looked_at_again(sales):
    top = sales.account("Group", "rita")
    acme = sales.account("Acme", "rita", parent_id=top)
    rule(sales, "parent_id.industry", "Energy")
    change(sales, "account", top, industry="Energy")
    assert grants(sales, acme) == set()
    look_again({}, sales.tenon)
    assert grants(sales, acme) == {("rule", "read")}
    change(sales, "account", acme, parent_id=None)
    assert grants(sales, acme) == set()


def test_an_archived_record_stays_shared(sales):
    acme = sales.account("Acme", "rita")
    rule(sales)
    with sales.tenon.records.writing(system("test")) as work:
        work.archive("account", acme)
    assert may(sales, "rosa", "read", acme)


FIELDS = {"industry": ("Energy", "Steel", None), "city": ("Ulm", "Bonn", None)}
MOVE = st.one_of(
    st.tuples(st.just("account"), st.fixed_dictionaries({k: st.sampled_from(v) for k, v in FIELDS.items()})),
    st.tuples(
        st.just("edit"),
        st.integers(0, 9),
        st.dictionaries(st.sampled_from(["industry", "city"]), st.sampled_from(["Energy", "Ulm", None])),
    ),
    st.tuples(
        st.just("rule"),
        st.sampled_from(["industry", "city"]),
        st.sampled_from(["Energy", "Ulm", "Steel"]),
        st.sampled_from(["read", "change", "full"]),
        st.sampled_from(["rosa", "mia"]),
    ),
    st.tuples(st.just("switch"), st.integers(0, 9)),
    st.tuples(st.just("owner"), st.integers(0, 9), st.sampled_from(["rita", "ravi"])),
    st.tuples(st.just("hand"), st.integers(0, 9), st.sampled_from(["rosa", "mia"])),
    st.tuples(st.just("archive"), st.integers(0, 9)),
)


class Model:
    """What should be so, kept by plain rules beside the deployment."""

    def __init__(self, sales) -> None:
        self.sales = sales
        self.accounts: dict = {}
        self.rules: dict = {}
        self.hand: set = set()

    def apply(self, move) -> None:
        kind, *rest = move
        chosen = list(self.rules if kind == "switch" else self.accounts)
        if kind in ("account", "rule"):
            getattr(self, kind)(*rest)
        elif chosen:
            getattr(self, kind)(chosen[rest[0] % len(chosen)], *rest[1:])

    def account(self, values) -> None:
        id_ = self.sales.account("A", "rita", **values)
        self.accounts[id_] = {**values, "owner": "rita"}

    def edit(self, id_, values) -> None:
        change(self.sales, "account", id_, **values)
        self.accounts[id_].update(values)

    def rule(self, field, value, level, who) -> None:
        whom = self.sales.people[who].id
        id_ = rule(self.sales, field, value, level=level, user_id=whom)
        self.rules[id_] = [field, value, level, whom, True]

    def switch(self, id_) -> None:
        self.rules[id_][4] = not self.rules[id_][4]
        change(self.sales, "sharing_rule", id_, active=self.rules[id_][4])

    def owner(self, id_, who) -> None:
        change(self.sales, "account", id_, owner_id=self.sales.people[who].id)
        if self.accounts[id_]["owner"] != who:
            self.hand = {found for found in self.hand if found[0] != id_}
        self.accounts[id_]["owner"] = who

    def hand_(self, id_, who) -> None:
        give(self.sales, "bea", id_, who)
        self.hand.add((id_, self.sales.people[who].id, "hand", 1))

    def archive(self, id_) -> None:
        with self.sales.tenon.records.writing(system("test")) as work:
            work.archive("account", id_)

    def due(self) -> set:
        """Every grant that there should be, found by looking at each record under each rule."""
        levels = {"read": 1, "change": 2, "full": 3}
        return self.hand | {
            (id_, whom, "rule", rule_id, levels[level])
            for id_, values in self.accounts.items()
            for rule_id, (field, value, level, whom, active) in self.rules.items()
            if active and values.get(field) == value
        }

    def stored(self) -> set:
        mine = GRANT.c.record_id.in_(self.accounts)
        asked = sa.select(GRANT).where(GRANT.c.entity == "account", mine)
        with self.sales.tenon.records.reading(system("test")) as work:
            return {
                (row.record_id, row.principal_id, row.cause, row.level)
                if row.cause == "hand"
                else (row.record_id, row.principal_id, row.cause, row.cause_id, row.level)
                for row in work.connection.execute(asked)
            }


@given(st.lists(MOVE, min_size=5, max_size=25))
@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_grants_are_what_looking_at_everything_anew_would_find(sales, moves):
    with sales.tenon.records.writing(system("test")) as work:
        work.connection.execute(sa.delete(work.type("sharing_rule").table))
    model = Model(sales)
    for move in moves:
        kind = "hand_" if move[0] == "hand" else move[0]
        model.apply((kind, *move[1:]))
    assert model.stored() == model.due()


def test_a_control_grants_that_nobody_follows_are_found_out(sales):
    model = Model(sales)
    model.account({"industry": "Energy"})
    model.rule("industry", "Energy", "read", "rosa")
    table = sales.tenon.records.registry["account"].table
    with sales.tenon.storage.writing() as connection:
        connection.execute(sa.update(table).values(industry="Steel"))
    model.accounts[next(iter(model.accounts))]["industry"] = "Steel"
    assert model.stored() != model.due()
