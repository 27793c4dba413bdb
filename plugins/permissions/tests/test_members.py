"""The team on a record."""

from __future__ import annotations

import pytest

from plugins.permissions.tests.shared import change, grants, may
from tenon.api import ForbiddenError, InvalidError, system
from tenon_permissions.grants import grants_of
from tenon_permissions.members import Member, join, leave, members_of
from tenon_permissions.sharing import Given, Sharing


@pytest.fixture
def acme(sales):
    return sales.account("Acme", "rita")


def team(sales, record):
    with sales.tenon.records.reading(system("test")) as work:
        return members_of(grants_of(work, "account", record))


def enter(sales, who: str, record, whom: str, function: str, level: str = "read") -> None:
    member = Member(sales.people[whom].id, function, level)
    join(Sharing(sales.tenon), sales.people[who], "account", record, member, via="test")


def test_members_have_a_function_and_a_level(sales, acme):
    enter(sales, "rita", acme, "rosa", "engineer", "change")
    assert team(sales, acme) == [Member(sales.rosa.id, "engineer", "change")]
    assert may(sales, "rosa", "update", acme)


def test_taking_somebody_in_twice_changes_what_they_do(sales, acme):
    enter(sales, "rita", acme, "rosa", "engineer", "change")
    enter(sales, "rita", acme, "rosa", "lawyer")
    assert team(sales, acme) == [Member(sales.rosa.id, "lawyer", "read")]


def test_who_leaves_the_team_keeps_what_others_shared(sales, acme):
    enter(sales, "rita", acme, "rosa", "engineer")
    leave(Sharing(sales.tenon), sales.rita, "account", acme, sales.rosa.id, via="test")
    assert grants(sales, acme) == set()
    assert not may(sales, "rosa", "read", acme)


def test_the_team_stays_when_the_record_is_given_away(sales, acme):
    enter(sales, "rita", acme, "rosa", "engineer")
    change(sales, "account", acme, owner_id=sales.ravi.id)
    assert may(sales, "rosa", "read", acme)


def test_only_people_are_members_and_only_who_may_share_takes_them_in(sales, acme):
    with pytest.raises(InvalidError):
        Sharing(sales.tenon).give(
            sales.rita, "account", acme, Given("team", sales.rosa.id, cause="team"), via="test"
        )
    enter(sales, "rita", acme, "rosa", "engineer")
    with pytest.raises(ForbiddenError):
        enter(sales, "rosa", acme, "mia", "friend")
