"""Modes choose what a deployment has; data outlives the choice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tenon.app import Tenon, add_faces, create_tenon
from tenon.errors import ConfigError, NotFoundError
from tenon.identity.actor import system
from tenon.settings import Settings
from tenon.testing.api_client import ApiClient
from tenon.testing.people import PASSWORD, make_actor, sign_in
from tenon_permissions.line import Line

B2B = {"account", "account_contact", "opportunity"}
SHARED = {"user", "team", "party", "contact", "product", "order", "order_line", "activity", "task"}
BUILDS = [("b2b",), ("b2c",), ("b2b", "b2c")]


@contextmanager
def deployment(database: str, *modes: str, **more: Any) -> Iterator[Tenon]:
    """The build for those modes, migrated, with every face."""
    given = {"plugins": ["b2b_accounts"]} | more
    tenon = create_tenon(Settings.for_tests(database=database, modes=modes, **given))
    tenon.migrations.upgrade()
    add_faces(tenon)
    try:
        yield tenon
    finally:
        tenon.storage.close()


@pytest.mark.parametrize("modes", BUILDS, ids="+".join)
def test_a_mode_has_its_own_records_and_those_that_all_share(database: str, modes: tuple[str, ...]) -> None:
    with deployment(database, *modes) as tenon:
        expected = SHARED | (B2B if "b2b" in modes else set())
        assert {type_.name for type_ in tenon.records.registry} == expected
        api = ApiClient.of(tenon, make_actor(tenon, (), admin=True))
        paths = api.get("/openapi.json")["paths"]
        assert ("/opportunities" in paths) == ("b2b" in modes)
        assert api.get("/contacts")["data"] == []
        api.get("/opportunities", status=200 if "b2b" in modes else 404)
        assert bool(api.get("/pipelines")["data"]) == ("b2b" in modes)


@pytest.mark.parametrize("modes", BUILDS, ids="+".join)
def test_pages_lead_to_what_the_mode_has(database: str, modes: tuple[str, ...]) -> None:
    with deployment(database, *modes) as tenon:
        somebody = make_actor(tenon, (), name="Anna", email="anna@example.com", password=PASSWORD, admin=True)
        client = tenon.app.test_client()
        sign_in(tenon, client, str(somebody.email))
        home = client.get("/").get_data(as_text=True)
        assert 'href="/contacts"' in home
        assert ('href="/opportunities"' in home) == ("b2b" in modes)
        assert client.get("/opportunities").status_code == (200 if "b2b" in modes else 404)


def test_a_mode_that_was_off_finds_its_data_again(database: str) -> None:
    with deployment(database, "b2b") as tenon:
        actor = make_actor(tenon, ())
        with tenon.records.writing(actor) as work:
            account = work.create("account", {"name": "Acme"})
            contact = work.create("contact", {"last_name": "Both"})
    with deployment(database, "b2c") as tenon, tenon.records.reading(actor) as work:
        assert work.get("contact", contact.id).title == "Both"
        with pytest.raises(NotFoundError):
            work.get("account", account.id)
    with deployment(database, "b2b", "b2c") as tenon, tenon.records.reading(actor) as work:
        assert work.get("account", account.id)["name"] == "Acme"


GUARDED = {"plugins": ["b2b_accounts", "permissions"], "access": "policy"}


def with_suggested_policy(tenon: Tenon) -> None:
    """Put the policy in force that the plugins of this deployment suggest."""
    from tenon_permissions.defaults import default_document

    policy: Any = tenon.access.policy
    policy.revisions.add(default_document(tenon), policy.names, system("test"))
    policy.changed()


@pytest.mark.parametrize("modes", BUILDS, ids="+".join)
def test_a_policy_holds_in_every_mode(database: str, modes: tuple[str, ...]) -> None:
    with deployment(database, *modes, **GUARDED) as tenon:
        with_suggested_policy(tenon)
        anna, ben = make_actor(tenon, ("sales",)), make_actor(tenon, ("sales",))
        boss = make_actor(tenon, ("boss",))
        made = {"contact": {"last_name": "Hers"}}
        if "b2b" in modes:
            made["account"] = {"name": "Hers"}
        for entity, values in made.items():
            with tenon.records.writing(anna) as work:
                work.create(entity, values)
            for somebody, sees in ((anna, 1), (ben, 0), (boss, 1)):
                with tenon.records.reading(somebody) as work:
                    assert work.count(entity) == sees


def test_one_policy_serves_every_mode_and_outlives_being_switched_off(database: str) -> None:
    with deployment(database, "b2b", "b2c", **GUARDED) as tenon:
        with_suggested_policy(tenon)
        policy: Any = tenon.access.policy
        line = Line("sales", "b2b", "account", "read", "all", "all", "allow")
        wider = policy.snapshot.document.with_lines([*policy.snapshot.document.lines, line])
        policy.revisions.add(wider, policy.names, system("test"))
        anna, ben = make_actor(tenon, ("sales",)), make_actor(tenon, ("sales",))
        with tenon.records.writing(anna) as work:
            work.create("account", {"name": "Hers"})
            work.create("contact", {"last_name": "Hers"})
    with deployment(database, "b2b", "b2c") as tenon, tenon.records.reading(ben) as work:
        assert (work.count("account"), work.count("contact")) == (1, 1)
    with deployment(database, "b2c", **GUARDED) as tenon, tenon.records.reading(ben) as work:
        assert work.count("contact") == 0
    with deployment(database, "b2b", "b2c", **GUARDED) as tenon, tenon.records.reading(ben) as work:
        assert (work.count("account"), work.count("contact")) == (1, 0)


def test_without_a_policy_a_deployment_starts_only_when_it_says_open(sqlite_url: str) -> None:
    with (
        pytest.raises(ConfigError, match="Nobody decides"),
        deployment(sqlite_url, "b2b", access="policy"),
    ):
        pass
