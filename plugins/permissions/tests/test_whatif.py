"""What a proposal is said to change is what it changes."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
import sqlalchemy as sa

from plugins.permissions.tests.sizes import size
from plugins.permissions.tests.worlds import Maker, write
from tenon.api import NamedFieldSet, system
from tenon_permissions.line import Line
from tenon_permissions.snapshot import Snapshot
from tenon_permissions.whatif import OF_NO_RECORD, compare

SHOWN = ("read", "update", "export", "assign")


def line(text: str) -> Line:
    return Line(*(token.strip() for token in text.split(",")))


def proposal(sales, *added: str, without: str = "", **parts):
    document = sales.policy.snapshot.document
    kept = tuple(found for found in document.lines if not without or str(found) != without)
    return replace(document, lines=kept + tuple(map(line, added)), **parts)


def rows_of(policy, work, snapshot, actor, entity, action):
    """The ids within reach, asked for by itself."""
    table = policy.names.entities[entity].table
    where = policy.reach(snapshot, actor).rows(entity, action, table)
    found = sa.select(table.c.id)
    return set(work.connection.scalars(found if where is None else found.where(where)))


def by_brute_force(tenon, proposed):
    """What everybody gains and loses: every person's rows, asked for and subtracted."""
    policy = tenon.access.policy
    snapshots = policy.snapshot, Snapshot("then", proposed, policy.names)
    found = {}
    with tenon.records.reading(system("test")) as work:
        for actor in tenon.identity.users.actors(work.connection):
            for entity in policy.names.entities:
                for action in SHOWN:
                    was, will = (rows_of(policy, work, s, actor, entity, action) for s in snapshots)
                    if was != will:
                        found[actor.id, entity, action] = (len(will - was), len(was - will))
    return found


def said(comparison):
    return {
        (s.actor.id, s.entity, s.action): (s.gained, s.lost) for s in comparison.shifts if s.gained or s.lost
    }


@pytest.mark.timeout(600)
def test_the_counts_are_those_of_brute_force_in_random_worlds(tenon):
    policy, counted = tenon.access.policy, 0
    for seed in range(size(3, 20)):
        chance = random.Random(seed)
        maker = Maker(tenon, chance)
        write(tenon, maker.rows())
        before = maker.policy()
        policy.revisions.add(before, policy.names, system("test"))
        policy.changed()
        kept = [found for found in before.lines if chance.random() < 0.9]
        added = [found for found in maker.policy().lines if found.sub in before.roles][:6]
        proposed = before.with_lines((*kept, *added))
        found = compare(policy, proposed, actions=SHOWN, most_asked=10_000)
        assert said(found) == by_brute_force(tenon, proposed), f"world {seed}"
        assert found.unasked == 0
        counted += len(said(found))
    assert counted > 20


def test_a_line_is_told_as_people_and_records(sales):
    for number in range(3):
        sales.account(f"of rosa {number}", "rosa")
    sales.account("of rita", "rita")
    found = compare(sales.policy, proposal(sales, "sales, *, account, read, all, all, allow"))
    gains = {s.actor.name: s.gained for s in found.shifts if (s.entity, s.action) == ("account", "read")}
    assert gains == {"Rita": 3, "Ravi": 4, "Rosa": 1}
    assert found.people == 3
    assert found.added == ["sales, *, account, read, all, all, allow"]
    total = next(t for t in found.totals() if (t.entity, t.action) == ("account", "read"))
    assert (total.gainers, total.gained, total.most_gained, total.losers) == (3, 8, 4, 0)


def test_a_line_taken_away_is_told_as_a_loss(sales):
    sales.account("pool", None)
    lost = compare(sales.policy, proposal(sales, without="sales, *, *, read, unowned, all, allow"))
    assert {s.actor.name: s.lost for s in lost.shifts if s.entity == "account"} == {
        "Rita": 1,
        "Ravi": 1,
        "Rosa": 1,
    }
    assert lost.removed == ["sales, *, *, read, unowned, all, allow"]


def test_fields_that_go_are_told_without_any_record(sales):
    quiet = {"quiet": NamedFieldSet("quiet", "Quiet", show={"account": ("revenue",)})}
    found = compare(
        sales.policy, proposal(sales, "sales, *, account, read, all, quiet, deny", field_sets=quiet)
    )
    shift = next(s for s in found.shifts if (s.actor.name, s.entity, s.action) == ("Rita", "account", "read"))
    assert shift.fields_lost == {"revenue"}
    assert (shift.gained, shift.lost, shift.may) == (0, 0, None)


def test_an_action_that_makes_records_is_told_as_may_or_may_not(sales):
    found = compare(sales.policy, proposal(sales, "viewer, *, account, create, own, all, allow"))
    assert not found.shifts
    sales.tenon.identity.users.set_access(sales.nobody.id, roles=["viewer"])
    found = compare(sales.policy, proposal(sales, "viewer, *, account, create, own, all, allow"))
    assert [(s.actor.name, s.action, s.may) for s in found.shifts] == [("Nobody", "create", True)]
    assert "create" in OF_NO_RECORD


def test_the_policy_in_force_changes_nothing(sales):
    found = compare(sales.policy, sales.policy.snapshot.document)
    assert (found.shifts, found.added, found.removed, found.findings) == ([], [], [], [])


def test_a_scope_that_looks_at_other_records_is_followed_there(sales):
    """The line for contacts stays as it is; what it reaches changes with the line for accounts."""
    sales.activate("sales, *, opportunity, read, via:account_id, all, allow")
    account = sales.account("of rosa", "rosa")
    with sales.tenon.records.writing(system("test")) as work:
        work.create("opportunity", {"name": "deal", "account_id": account, "owner_id": sales.rosa.id})
    found = compare(sales.policy, proposal(sales, "sales, *, account, read, all, all, allow"))
    gained = {s.actor.name for s in found.shifts if (s.entity, s.action) == ("opportunity", "read")}
    assert gained == {"Rita", "Ravi"}


def test_what_was_not_asked_for_everybody_is_said(sales):
    sales.activate("sales, *, opportunity, read, via:account_id, all, allow")
    proposed = proposal(sales, "sales, *, account, read, all, all, allow")
    assert compare(sales.policy, proposed, most_asked=1).unasked == 2


def test_a_policy_that_leaves_nobody_to_administer_is_warned_of(sales):
    found = compare(sales.policy, proposal(sales, without="admin, *, **, *, all, all, allow"))
    assert any("Nobody could look after people" in str(f) for f in found.findings)
    assert found.sound


def test_a_role_that_goes_is_warned_of_with_those_who_have_it(sales):
    document = sales.policy.snapshot.document
    rest = {key: role for key, role in document.roles.items() if key != "sales"}
    proposed = replace(document, roles=rest, lines=tuple(x for x in document.lines if x.sub != "sales"))
    assert "roles.sales: 3 people have this role, and lose what it gives them" in map(
        str, compare(sales.policy, proposed).findings
    )


def test_nothing_is_compared_for_a_policy_with_errors(sales):
    found = compare(sales.policy, proposal(sales, "sales, *, account, read, owns, all, allow"))
    assert not found.sound
    assert found.shifts == []
