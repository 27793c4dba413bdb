"""The net in the database: what code that forgets to ask gets to see."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tenon.api import UnavailableError, system
from tenon_permissions.rowsecurity import RowSecurity


@pytest.fixture(params=["postgresql"])
def tenon_database(request):
    return str(request.getfixturevalue("postgres_server").render_as_string(hide_password=False))


@pytest.fixture
def net(sales):
    found = RowSecurity(sales.policy)
    assert found.install() > 5
    return found


def forgetful(sales, net, name, table="b2b_accounts_account"):
    """What a query without any condition gives."""
    with sales.tenon.storage.reading() as connection:
        net.assume(connection, sales.people[name] if name else None)
        try:
            return sorted(connection.execute(sa.text(f"SELECT name FROM {table}")).scalars())
        finally:
            net.assume(connection, None)


def test_a_query_that_forgets_to_ask_gives_what_the_policy_does(sales, net):
    for owner in ("rita", "ravi", "rosa", "mia"):
        sales.account(f"of {owner}", owner)
    sales.account("pool", None)
    for name in ("rita", "max", "mia", "bea"):
        assert forgetful(sales, net, name) == sorted(sales.seen(name)), name
    assert forgetful(sales, net, "nobody") == []
    assert len(forgetful(sales, net, None)) == 5


def test_a_denied_scope_is_denied_below_too(sales, net):
    sales.account("of rita", "rita")
    sales.activate("sales, *, account, read, own, all, deny")
    assert forgetful(sales, net, "rita") == []


def test_a_connection_that_goes_back_keeps_nothing(sales, net):
    sales.account("of rosa", "rosa")
    forgetful(sales, net, "rita")
    with sales.tenon.records.reading(system("after")) as work:
        assert work.connection.execute(sa.text("SELECT current_user")).scalar_one() == "postgres"
        assert len(work.connection.execute(sa.text("SELECT name FROM b2b_accounts_account")).all()) == 1


def test_a_rule_of_another_version_is_noticed(sales, net):
    assert net.differences() == []
    with sales.tenon.storage.writing() as connection:
        connection.execute(sa.text("COMMENT ON POLICY tenon_net ON b2b_accounts_account IS 'old'"))
    assert net.differences() == ["b2b_accounts_account"]


def test_it_can_be_switched_off(sales, net):
    net.remove()
    assert "b2b_accounts_account" in net.differences()
    sales.account("of rosa", "rosa")
    assert forgetful(sales, net, "rita") == ["of rosa"]


def test_a_unit_of_work_is_held_to_its_actor(sales, net):
    sales.account("of rita", "rita")
    sales.account("of rosa", "rosa")
    sales.tenon.records.net = net
    beneath = sa.text("SELECT name FROM b2b_accounts_account ORDER BY name")
    with sales.tenon.records.reading(sales.rita) as work:
        assert work.unguarded.execute(beneath).scalars().all() == ["of rita"]
        assert len(work.as_system("look at all").connection.execute(beneath).all()) == 2
    with sales.tenon.records.snapshot(sales.rita) as work:
        assert work.unguarded.execute(beneath).scalars().all() == ["of rita"]
    with sales.tenon.records.reading(system("after")) as work:
        assert len(work.connection.execute(beneath).all()) == 2


def test_everything_goes_on_as_before_with_it(sales, net):
    sales.tenon.records.net = net
    with sales.tenon.records.writing(sales.rita) as work:
        made = work.create("account", {"name": "hers"})
        work.update("account", made.id, {"industry": "Tea"})
        work.archive("account", made.id)
        work.restore("account", made.id)
    assert sales.seen("rita") == ["hers"]
    assert sales.seen("rosa") == []


def test_a_unit_that_fails_leaves_nothing_behind(sales, net):
    sales.tenon.records.net = net
    sales.account("of rosa", "rosa")
    with pytest.raises(sa.exc.ProgrammingError), sales.tenon.records.snapshot(sales.rita) as work:
        work.unguarded.execute(sa.text("SELECT nothing FROM nowhere"))
    for _again in range(20):
        with sales.tenon.records.reading(system("after")) as work:
            assert work.connection.execute(sa.text("SELECT current_user")).scalar_one() == "postgres"


def test_what_signs_people_in_cannot_be_read_at_all(sales, net):
    with sales.tenon.storage.reading() as connection:
        net.assume(connection, sales.bea)
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            connection.execute(sa.text("SELECT * FROM identity_credential"))
        net.assume(connection, None)


def test_without_the_rules_it_says_what_to_run(sales):
    sales.tenon.records.net = RowSecurity(sales.policy)
    with pytest.raises(UnavailableError, match="net install"):
        sales.seen("rita")
