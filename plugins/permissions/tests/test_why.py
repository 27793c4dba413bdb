"""What is explained is what is decided."""

from __future__ import annotations

import random
import time

import pytest

from plugins.permissions.tests.sizes import size
from plugins.permissions.tests.worlds import Maker, write
from tenon.api import NotFoundError, system
from tenon_permissions.addressing import record_at
from tenon_permissions.why import who_can


def found(tenon, actor, entity, id_) -> bool:
    with tenon.records.reading(actor) as work:
        try:
            work.get(entity, id_)
        except NotFoundError:
            return False
        return True


def may_read(tenon, actor, entity, id_) -> bool:
    return tenon.access.allows(actor, "read", entity) and found(tenon, actor, entity, id_)


@pytest.mark.timeout(600)
def test_somebody_is_said_to_see_a_record_if_and_only_if_they_find_it(tenon):
    policy, seen, hidden = tenon.access.policy, 0, 0
    for seed in range(size(2, 12)):
        chance = random.Random(1000 + seed)
        maker = Maker(tenon, chance)
        rows = maker.rows()
        write(tenon, rows)
        policy.revisions.add(maker.policy(), policy.names, system("test"))
        policy.changed()
        with tenon.records.reading(system("test")) as work:
            people = tenon.identity.users.actors(work.connection)
        for _number in range(size(60, 300)):
            entity = chance.choice(list(rows.tables))
            id_ = chance.choice(rows.tables[entity])["id"]
            actor = chance.choice(people)
            told = policy.explain(actor, "read", entity, id_)
            assert told.allowed == may_read(tenon, actor, entity, id_), (seed, actor.name, str(told.reason))
            seen, hidden = seen + told.allowed, hidden + (not told.allowed)
        entity = chance.choice([kind for kind, found_rows in rows.tables.items() if found_rows])
        id_ = chance.choice(rows.tables[entity])["id"]
        listed = {seer.actor.id for seer in who_can(policy, "read", entity, id_)}
        assert listed == {a.id for a in people if may_read(tenon, a, entity, id_)}
    assert seen > 10
    assert hidden > 10


def test_a_denial_is_told_with_its_line(sales):
    sales.activate("manager, *, account, update, subtree, all, deny")
    id_ = sales.account("of rita", "rita")
    told = sales.policy.explain(sales.max, "update", "account", id_)
    assert not told.allowed
    assert "manager, *, account, update, subtree, all, deny" in str(told.reason)
    assert {s.effect for s in told.steps if s.holds} == {"allow", "deny"}


def test_nobody_without_a_line_may(sales):
    id_ = sales.account("of rita", "rita")
    told = sales.policy.explain(sales.nobody, "read", "account", id_)
    assert (told.allowed, told.steps) == (False, ())
    assert "no line allows it to any of their roles" in str(told.reason)


def test_a_record_that_is_not_there_is_not_explained(sales):
    with pytest.raises(NotFoundError):
        sales.policy.explain(sales.max, "read", "account", sales.max.id)


def test_a_child_is_explained_by_the_record_that_it_is_within(sales):
    account = sales.account("of rita", "rita")
    with sales.tenon.records.writing(system("test")) as work:
        contact = work.create("contact", {"last_name": "Kim", "owner_id": sales.rosa.id}).id
        place = work.create("account_contact", {"account_id": account, "contact_id": contact}).id
    told = sales.policy.explain(sales.max, "read", "account_contact", place)
    assert told.allowed
    assert "Max → Rita" in str(told.reason)


@pytest.mark.parametrize(
    "text",
    [
        "account:{}",
        "accounts/{}",
        "/accounts/{}",
        "https://crm.example.com/accounts/{}/history?x=1#y",
        "ACCOUNT:{}",
    ],
)
def test_a_record_is_named_as_people_have_it(sales, text):
    id_ = sales.account("of rita", "rita")
    assert record_at(sales.tenon, text.format(id_)) == ("account", id_)


def test_an_answer_takes_no_time_to_speak_of(sales):
    """A loose bound that holds on a busy machine too; the benchmark has the figures."""
    id_ = sales.account("of rita", "rita")
    sales.policy.explain(sales.max, "read", "account", id_)
    before = time.process_time()
    for _number in range(10):
        sales.policy.explain(sales.max, "read", "account", id_)
    assert (time.process_time() - before) / 10 < 0.05
