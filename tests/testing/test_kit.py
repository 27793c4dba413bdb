"""The fixtures that a plugin's author is given, in use."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tenon.app import Tenon
from tenon.clock import ManualClock
from tenon.identity.actor import Actor
from tenon.testing import ApiClient, Events


def test_a_test_has_a_migrated_deployment_of_the_kernel_alone(tenon: Tenon) -> None:
    assert [plugin.name for plugin in tenon.plugins.order] == ["identity", "nouns"]
    tenon.migrations.ensure_current()


@pytest.mark.tenon(plugins=["b2b_accounts"], modes=["b2b"], locale={"currency": "EUR"})
def test_a_marker_says_which_plugins_modes_and_settings_a_test_has(tenon: Tenon) -> None:
    assert "account" in tenon.records.registry
    assert tenon.modes == {"b2b"}
    assert tenon.settings.locale.currency == "EUR"


@pytest.mark.parametrize("time", ["first", "second"])
def test_no_test_sees_the_records_of_another(tenon: Tenon, actor: Actor, time: str) -> None:
    with tenon.records.writing(actor) as work:
        assert work.find("contact", last_name="Only one") is None
        work.create("contact", {"last_name": "Only one"})


def test_the_clock_stands_still_until_it_is_moved(tenon: Tenon, actor: Actor, clock: ManualClock) -> None:
    with tenon.records.writing(actor) as work:
        made = work.create("task", {"subject": "Call"})
    assert made["created_at"] == clock.now()
    clock.advance(days=1)
    with tenon.records.writing(actor) as work:
        assert work.now > made["created_at"]


def test_the_api_is_spoken_with_a_key_of_the_actor(api: ApiClient, actor: Actor) -> None:
    made = api.post("/contacts", {"last_name": "Berg"})
    assert made.status == 201
    assert api.get(f"/contacts/{made['id']}")["created_by"] == str(actor.id)
    assert api.patch(f"/contacts/{made['id']}", {"first_name": "Ina"}, version=1)["version"] == 2


def test_an_answer_that_was_not_expected_fails_the_test_and_shows_it(api: ApiClient) -> None:
    with pytest.raises(AssertionError, match=r"POST /contacts answered 422, not success:(.|\n)*lastname"):
        api.post("/contacts", {"lastname": "Berg"})
    refused = api.post("/contacts", {"lastname": "Berg"}, status=422)
    assert refused.problems["/lastname"] == "unknown-field"


def test_somebody_else_has_a_key_of_their_own(api: ApiClient, as_role: Callable[..., Actor]) -> None:
    boss = as_role("manager", admin=True)
    assert boss.roles == {"manager"}
    assert api.acting_as(boss).get("/me")["id"] == str(boss.id)


def test_pages_are_seen_by_who_is_signed_in(client: FlaskClient, tenon: Tenon, actor: Actor) -> None:
    from tenon.testing.people import sign_in

    assert client.get("/").status_code == 302
    sign_in(tenon, client, str(actor.email))
    assert client.get("/").status_code == 200


def test_events_are_collected_and_the_worker_runs_when_told(api: ApiClient, events: Events) -> None:
    api.post("/contacts", {"last_name": "Berg"})
    assert "record.created" in events.names
    assert events.named("record.created", "contact")[0].payload["record"]["last_name"] == "Berg"
    events.clear()
    assert events.names == []
    assert events.run_worker() > 0
    assert events.failures() == []
