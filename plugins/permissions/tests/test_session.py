"""Plugins' own queries show what the policy lets somebody read: on random worlds and policies."""

from __future__ import annotations

import random

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import aliased

from plugins.permissions.tests.sizes import size
from plugins.permissions.tests.worlds import PLUGIN, Maker, write
from tenon.api import Base, system
from tenon.settings import Settings
from tenon.testing.plugin_factory import PluginFactory

WORLDS = size(1, 8)


@pytest.fixture(scope="module")
def factory(tmp_path_factory):
    made = PluginFactory(tmp_path_factory.mktemp("plugins"))
    made.make("extra_scopes", PLUGIN)
    yield made
    made.close()


@pytest.fixture
def tenon_settings(factory):
    return Settings.for_tests(
        plugins=["b2b_accounts", "permissions", "extra_scopes"], access="policy", modes=["b2b"]
    )


def models(tenon):
    """The mapped class of each kind of record."""
    by_table = {mapper.local_table: mapper.class_ for mapper in Base.registry.mappers}
    return {type_.name: by_table[type_.table] for type_ in tenon.records.registry}


def readable(tenon, actor, kind):
    """The ids that the kernel's own predicate gives."""
    if not tenon.access.allows(actor, "read", kind):
        return set()
    type_ = tenon.records.registry[kind]
    within = tenon.access.scope(actor, "read", kind, type_.table)
    asked = sa.select(type_.table.c.id)
    with tenon.records.reading(system("to compare")) as work:
        return set(work.connection.scalars(asked if within is None else asked.where(within)))


@pytest.mark.timeout(size(300, 3600))
def test_the_session_shows_what_the_policy_lets_read(tenon) -> None:
    compared = 0
    for seed in range(WORLDS):
        maker = Maker(tenon, random.Random(seed))
        rows, document = maker.rows(), maker.policy()
        write(tenon, rows)
        tenon.access.policy.revisions.add(document, tenon.access.policy.names, system("test"))
        tenon.access.policy.changed()
        with tenon.records.reading(system("test")) as work:
            actors = list(tenon.identity.users.actors(work.connection))
        known = models(tenon)
        for actor in actors:
            expected = {kind: readable(tenon, actor, kind) for kind in rows.tables}
            with tenon.records.reading(actor) as work:
                for kind, ids in expected.items():
                    model, user = aliased(known[kind]), known["user"]
                    assert set(work.session.scalars(sa.select(model.id))) == ids, (seed, actor.name, kind)
                    # With a table that predicates look at, as far as the actor sees it.
                    beside = sa.select(model.id).outerjoin(user, user.id == model.id)
                    assert set(work.session.scalars(beside)) == ids, (seed, actor.name, kind)
                    compared += 1
    assert compared >= 20 * WORLDS


def test_all_kinds_in_one_statement_are_each_within_reach(sales) -> None:
    sales.account("of rita", "rita")
    sales.account("of rosa", "rosa")
    known = models(sales.tenon)
    account, user = known["account"], known["user"]
    for name in ("rita", "max", "mia", "bea"):
        with sales.tenon.records.reading(sales.people[name]) as work:
            joined = sa.select(account.name).outerjoin(user, user.id == account.owner_id)
            assert sorted(work.session.scalars(joined)) == sorted(sales.seen(name))
