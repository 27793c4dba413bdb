"""Every denial is in the access log, and a record that is not there leaves no trace in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from tenon.access.kinds import KINDS
from tenon.access.models import AccessEntry
from tenon.app import Tenon
from tenon.clock import ManualClock
from tenon.errors import ForbiddenError, NotFoundError
from tenon.identity.actor import Actor
from tenon.settings import Settings
from tenon.testing import ApiClient
from tenon.testing.deployments import Deployments
from tenon.testing.people import PASSWORD
from tests.access.watching import OwnRecords, clear, logged

ABSENT = UUID("00000000-0000-7000-8000-000000000001")


@pytest.fixture
def tenon_settings() -> Settings:
    return Settings.for_tests(plugins=["b2b_accounts"])


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def tenon_database(request: pytest.FixtureRequest) -> str:
    """Each test on both kinds of database."""
    if request.param == "sqlite":
        return "sqlite"
    return str(request.getfixturevalue("postgres_server").render_as_string(hide_password=False))


@pytest.fixture
def hidden(tenon: Tenon, api: ApiClient, as_role: Callable[..., Actor]) -> UUID:
    """An account of somebody else, who alone may see it."""
    found = UUID(api.acting_as(as_role()).post("/accounts", {"name": "Hidden"})["id"])
    tenon.access.policy = OwnRecords()
    clear(tenon)
    return found


def test_what_the_policy_refuses_is_logged_with_who_and_what(
    tenon: Tenon, api: ApiClient, actor: Actor, hidden: UUID, clock: ManualClock
) -> None:
    api.post(f"/accounts/{ABSENT}/merge", {"loser": str(hidden)}, status=403)
    (entry,) = logged(tenon)
    assert (entry.kind, entry.action, entry.entity, entry.reason) == ("denied", "merge", "account", "policy")
    assert (entry.actor_id, entry.actor_name, entry.count) == (actor.id, "Anna Example", 1)
    assert (entry.via, entry.address, entry.at) == ("api", "127.0.0.1", clock.now())
    assert entry.key_id is not None


def test_what_goes_beyond_a_keys_scopes_says_so(tenon: Tenon, api: ApiClient, actor: Actor) -> None:
    assert actor.id is not None
    _key, secret = tenon.identity.create_api_key(actor.id, "narrow", scopes=["account:read"])
    answer = tenon.app.test_client().post(
        "/api/v1/contacts", json={}, headers={"Authorization": f"Bearer {secret}"}
    )
    assert answer.status_code == 403
    (entry,) = logged(tenon, "denied")
    assert (entry.reason, entry.action, entry.entity) == ("key", "create", "contact")


def test_a_hidden_record_leaves_an_entry_and_an_absent_one_none(
    tenon: Tenon, api: ApiClient, hidden: UUID
) -> None:
    for id_ in (ABSENT, hidden):
        api.get(f"/accounts/{id_}", status=404)
        api.patch(f"/accounts/{id_}", {"name": "x"}, version=1, status=404)
        api.delete(f"/accounts/{id_}", version=1, status=404)
    found = logged(tenon)
    assert {(e.kind, e.record_id, e.entity) for e in found} == {("hidden", hidden, "account")}
    assert sorted(str(e.action) for e in found) == ["archive", "read", "update"]


def test_a_bulk_write_leaves_an_entry_for_each_hidden_record(
    tenon: Tenon, api: ApiClient, hidden: UUID
) -> None:
    api.post("/accounts/bulk", {"archive": [str(hidden), str(ABSENT)]})
    assert [(e.kind, e.record_id) for e in logged(tenon)] == [("hidden", hidden)]


def test_a_hidden_record_that_a_new_one_refers_to_leaves_an_entry(
    tenon: Tenon, api: ApiClient, hidden: UUID
) -> None:
    for id_ in (ABSENT, hidden):
        api.post("/opportunities", {"name": "x", "account_id": str(id_)}, status=422)
    assert [(e.kind, e.record_id) for e in logged(tenon)] == [("hidden", hidden)]


class ReadOnly(OwnRecords):
    """Everybody reads everything and changes what they own; what they own they cannot give away."""

    def scope(
        self, actor: Actor, action: str, entity: str, table: sa.FromClause
    ) -> sa.ColumnElement[bool] | None:
        return None if action == "read" else super().scope(actor, action, entity, table)


def test_a_record_that_may_be_read_and_not_changed_is_denied_by_its_id(
    tenon: Tenon, api: ApiClient, hidden: UUID
) -> None:
    tenon.access.policy = ReadOnly()
    api.patch(f"/accounts/{hidden}", {"name": "x"}, version=1, status=403)
    (entry,) = logged(tenon)
    assert (entry.kind, entry.action, entry.record_id) == ("denied", "update", hidden)


def test_a_record_put_out_of_ones_own_reach_is_denied_by_its_id(
    tenon: Tenon, api: ApiClient, hidden: UUID, as_role: Callable[..., Actor]
) -> None:
    mine = api.post("/accounts", {"name": "Mine"})["id"]
    api.patch(f"/accounts/{mine}", {"owner_id": str(as_role().id)}, version=1, status=403)
    (entry,) = logged(tenon, "denied")
    assert (entry.reason, str(entry.record_id)) == ("reach", mine)


def test_work_with_the_systems_rights_is_logged_with_the_reason(
    tenon: Tenon, actor: Actor, hidden: UUID
) -> None:
    with tenon.records.writing(actor, via="web") as work:
        work.as_system("count what nobody may see").count("account")
    (entry,) = logged(tenon, "system")
    assert (entry.actor_id, entry.reason, entry.via) == (actor.id, "count what nobody may see", "web")


def test_everyday_work_with_the_systems_rights_is_one_entry_a_day(
    tenon: Tenon, actor: Actor, hidden: UUID, clock: ManualClock
) -> None:
    for hours in (1, 1, 24):
        for _time in range(5):
            tenon.records.system_used(actor, "nightly totals", "job")
        last = clock.now()
        tenon.access_log.flush()
        clock.advance(hours=hours)
    found = logged(tenon, "system")
    assert [(e.count, e.at) for e in found] == [(15, last)]
    tenon.records.system_used(actor, "nightly totals", "job")
    assert [e.count for e in logged(tenon, "system")] == [1, 15]


def test_sql_that_nobody_can_look_into_leaves_an_entry(tenon: Tenon, actor: Actor, hidden: UUID) -> None:
    with tenon.records.reading(actor) as work:
        with pytest.raises(ForbiddenError):
            work.session.execute(sa.text("SELECT 1"))
        with pytest.raises(ForbiddenError):
            work.session.connection()
        with pytest.raises(ForbiddenError):
            _bare = work.connection
    found = logged(tenon)
    assert {(e.kind, e.action, e.reason) for e in found} == {("denied", "sql", "sql")}
    assert sum(e.count for e in found) == 3


def test_what_happens_at_the_door_is_logged(tenon: Tenon, client: Any, actor: Actor) -> None:
    """Each once: in, out, a wrong password, a name that nobody has, a password changed, a key made."""
    assert actor.id is not None

    def sign_in(email: str, password: str) -> None:
        page = client.get("/sign-in").get_data(as_text=True)
        token = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
        client.post("/sign-in", data={"email": email, "password": password, "csrf_token": token})

    sign_in("anna@example.com", "not the password")
    sign_in("nobody@example.com", "not the password")
    sign_in("a password in the wrong box", "x")
    tenon.identity.sign_out(tenon.identity.sign_in("anna@example.com", PASSWORD).secret)
    tenon.identity.create_api_key(actor.id, "ERP")
    tenon.identity.set_password(actor.id, "another password for tests")
    found = logged(tenon)
    failed = [(e.actor_id, e.actor_name, e.address) for e in found if e.kind == "sign_in_failed"]
    assert sorted(failed, key=str) == sorted(
        [
            (actor.id, "Anna Example", "127.0.0.1"),
            (None, "nobody@example.com", "127.0.0.1"),
            (None, "", "127.0.0.1"),
        ],
        key=str,
    )
    others = {e.kind: e.actor_id for e in found if e.kind != "sign_in_failed"}
    assert others == dict.fromkeys(("signed_in", "signed_out", "key", "password"), actor.id)


def test_the_request_that_is_refused_asks_the_log_nothing(
    tenon: Tenon, api: ApiClient, hidden: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it look whether the record is there: that is asked where nobody waits for it."""
    said: list[str] = []
    monkeypatch.setattr(tenon.access_log, "_start", lambda: None)
    tenon.access_log.flush()

    def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(statement)

    event.listen(tenon.storage.engine, "before_cursor_execute", listen)
    counts = []
    for id_ in (hidden, ABSENT):
        said.clear()
        api.get(f"/accounts/{id_}", status=404)
        assert not [s for s in said if "tenon_access_log" in s]
        counts.append(len([s for s in said if "account" in s]))
    assert counts[0] == counts[1] == 1
    said.clear()
    tenon.access_log.flush()
    assert [s for s in said if "tenon_access_log" in s]


def test_a_refusal_stays_in_the_log_when_the_transaction_is_taken_back(
    tenon: Tenon, actor: Actor, hidden: UUID
) -> None:
    def refused() -> None:
        with tenon.records.writing(actor) as work:
            work.create("account", {"name": "Mine"})
            work.access.require(actor, "merge", "account")

    with pytest.raises(ForbiddenError):
        refused()
    assert [e.kind for e in logged(tenon)] == ["denied"]
    with tenon.records.reading(actor) as work:
        assert work.count("account") == 0


def test_the_system_is_refused_nothing_and_leaves_no_entry(tenon: Tenon, hidden: UUID) -> None:
    from tenon.identity.actor import system

    with tenon.records.reading(system("a test")) as work, pytest.raises(NotFoundError):
        work.get("account", ABSENT)
    assert [e for e in logged(tenon) if e.kind in ("hidden", "denied")] == []


def test_the_settings_closed_to_somebody_leave_an_entry(tenon: Tenon, signed_in: Any) -> None:
    assert signed_in.get("/settings/people").status_code == 403
    (entry,) = logged(tenon, "denied")
    assert (entry.action, entry.reason, entry.via) == ("settings", "admin", "web")


def test_the_same_refusal_many_times_is_one_entry_with_a_number(
    tenon: Tenon, actor: Actor, hidden: UUID
) -> None:
    for _time in range(7):
        with pytest.raises(ForbiddenError):
            tenon.access.require(actor, "merge", "account")
    assert sum(e.count for e in logged(tenon)) == 7
    assert len(logged(tenon)) <= 2


def test_a_plugin_records_events_of_its_own(tenon: Tenon, actor: Actor) -> None:
    tenon.access_log.record("policy", actor=actor, action="activated", detail={"revision": 7})
    tenon.access_log.record("denied", actor=actor, action="discount", entity="order", reason="Above 20 %")
    tenon.access_log.record("nonsense", actor=actor)  # type: ignore[arg-type]
    found = {e.kind: e for e in logged(tenon)}
    assert set(found) == {"policy", "denied", "other"} <= set(KINDS)
    assert found["policy"].detail == {"revision": 7}
    assert found["denied"].reason == "Above 20 %"


def test_what_no_database_can_hold_is_written_all_the_same(tenon: Tenon) -> None:
    odd = "a\x00b\ud800c" + "long " * 100
    tenon.access_log.record(
        "other",
        name=odd,
        action=odd,
        entity=odd,
        reason=odd,
        address=odd,
        via=odd,
        detail={odd: [odd, 2**80]},
    )
    (entry,) = logged(tenon)
    assert entry.actor_name.startswith("a\ufffdb\ufffdc")
    assert len(entry.actor_name) == 200


def test_old_entries_are_deleted_by_a_job_and_newer_ones_stay(
    tenon: Tenon, clock: ManualClock, actor: Actor
) -> None:
    tenon.access_log.record("policy", actor=actor, action="old")
    tenon.access_log.flush()
    clock.advance(days=390)
    tenon.access_log.record("policy", actor=actor, action="newer")
    tenon.access_log.flush()
    clock.advance(days=11)
    tenon.exchange.run_due()
    assert [e.action for e in logged(tenon, "policy")] == ["newer"]


def test_a_log_kept_for_good_forgets_nothing(
    tenon_deployments: Deployments, clock: ManualClock, tmp_path: Path
) -> None:
    made = tenon_deployments.compose(Settings.for_tests(limits={"access_log_days": 0}), clock=clock)
    made.access_log.record("policy", action="old")
    made.access_log.flush()
    clock.advance(days=4000)
    assert made.access_log.forget() == 0
    assert [e.action for e in logged(made)] == ["old"]
    tenon_deployments.discard(made)


def test_many_old_entries_are_deleted_in_parts(tenon: Tenon, clock: ManualClock) -> None:
    with tenon.storage.writing() as connection:
        rows = [
            {
                "at": clock.now() - timedelta(days=500),
                "kind": "other",
                "actor_name": "",
                "via": "",
                "count": 1,
            }
            for _number in range(1203)
        ]
        connection.execute(sa.insert(AccessEntry), rows)
    tenon.access_log.record("other", action="new")
    tenon.access_log.flush()
    assert tenon.access_log.forget() == 1203
    assert [e.action for e in logged(tenon)] == ["new"]
