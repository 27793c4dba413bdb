"""Who sees which records under the suggested policy."""

from __future__ import annotations

import pytest

from tenon.api import NotFoundError


@pytest.fixture
def owned(sales):
    for owner in ("rita", "ravi", "rosa", "max", "mia", "bea"):
        sales.account(f"of {owner}", owner)
    return sales


def test_a_salesperson_sees_their_own(owned):
    assert owned.seen("rita") == ["of rita"]


def test_a_manager_sees_their_peoples(owned):
    assert owned.seen("max") == ["of max", "of ravi", "of rita"]


def test_the_boss_sees_all(owned):
    assert len(owned.seen("bea")) == 6


def test_the_pool_is_seen_by_salespeople(sales):
    sales.account("lost", None)
    assert sales.seen("rita") == ["lost"]


def test_what_is_hidden_is_not_found(sales):
    hidden = sales.account("of rosa", "rosa")
    with sales.tenon.records.reading(sales.rita) as work, pytest.raises(NotFoundError):
        work.get("account", hidden)


def test_why_says_the_path_through_the_org_tree(owned):
    id_ = owned.account("big one", "rita")
    found = owned.policy.explain(owned.max, "read", "account", id_)
    assert found.allowed
    assert "Max → Rita" in str(found.reason)


def test_a_managers_list_leaves_out_what_is_denied(owned):
    """Also where each person's first records are asked for in turn."""
    owned.activate("manager, *, account, read, own, all, deny")
    assert owned.seen("max") == ["of ravi", "of rita"]
