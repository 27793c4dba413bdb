"""What is written of users by identity itself stands in their history, and holds at once."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from click.testing import CliRunner

from tenon.app import Tenon, create_tenon
from tenon.cli.user import user as command
from tenon.clock import ManualClock
from tenon.identity import Actor, NewUser
from tenon.records import audit
from tenon.records.audit import Entry
from tenon.records.timeline import TimelineItem

PASSWORD = "correct horse battery"
ADA = Actor(id=UUID(int=1), name="Ada", admin=True)


@pytest.fixture
def ana(tenon: Tenon) -> UUID:
    return tenon.identity.create_user(NewUser("Ana", "ana@example.com"), PASSWORD, actor=ADA, via="web")


@pytest.fixture
def history(tenon: Tenon, ana: UUID) -> Callable[[], list[Entry]]:
    """Ana's history, newest first."""

    def read() -> list[Entry]:
        with tenon.records.reading(ADA) as work:
            return audit.entries(work, "user", ana)

    return read


def test_a_history_tells_who_changed_what_somebody_may_do(
    tenon: Tenon, ana: UUID, history: Callable[[], list[Entry]]
) -> None:
    tenon.identity.users.set_access(ana, roles=["sales"], actor=ADA, via="web")
    tenon.identity.users.set_active(ana, False, actor=ADA, via="web")
    tenon.identity.set_password(ana, "another good password", actor=ADA, via="web")
    password, active, roles, made = history()
    assert made.action == "create"
    assert made.changes["name"] == (None, "Ana")
    assert roles.changes == {"roles": ([], ["sales"])}
    assert active.changes == {"active": (True, False)}
    assert (password.action, password.changes) == ("password", {})
    assert {(e.actor_name, e.via) for e in (password, active, roles, made)} == {("Ada", "web")}
    assert [e.version for e in (password, active, roles, made)] == [4, 3, 2, 1]


def test_no_history_holds_a_password(tenon: Tenon, ana: UUID, history: Callable[[], list[Entry]]) -> None:
    tenon.identity.set_password(ana, "another good password")
    with tenon.storage.reading() as connection:
        rows = connection.exec_driver_sql("select * from tenon_audit").all()
    assert len(rows) == len(history())
    assert "another good" not in str(rows)
    assert "argon2" not in str(rows)


def test_what_changes_nothing_leaves_no_trace(
    tenon: Tenon, ana: UUID, history: Callable[[], list[Entry]]
) -> None:
    tenon.identity.users.set_access(ana, admin=False, roles=[])
    tenon.identity.users.set_active(ana, True)
    assert [entry.action for entry in history()] == ["create"]


def test_the_timeline_tells_of_a_new_password(tenon: Tenon, ana: UUID) -> None:
    tenon.identity.set_password(ana, "another good password")
    with tenon.records.reading(ADA) as work:
        items: list[TimelineItem] = tenon.records.timeline.page(work, "user", ana).data
    assert [item.kind for item in items] == ["password", "create"]


def test_commands_sign_with_their_name(tenon: Tenon, ana: UUID, history: Callable[[], list[Entry]]) -> None:
    CliRunner().invoke(command, ["disable", "ana@example.com"], obj=lambda: tenon, catch_exceptions=False)
    assert (history()[0].actor_name, history()[0].via) == ("system: tenon user", "cli")


def test_a_write_that_is_taken_back_leaves_no_row(tenon: Tenon) -> None:
    def make_and_fail() -> None:
        with tenon.storage.writing() as connection:
            tenon.identity.users.create_in(connection, NewUser("Ghost"))
            raise TimeoutError

    with pytest.raises(TimeoutError):
        make_and_fail()
    with tenon.storage.reading() as connection:
        assert connection.exec_driver_sql("select count(*) from tenon_audit").scalar() == 0
        assert connection.exec_driver_sql("select count(*) from identity_reporting_line").scalar() == 0


def test_who_loses_a_role_loses_it_at_once_here_and_within_a_second_elsewhere(
    tenon: Tenon, ana: UUID, clock: ManualClock
) -> None:
    other = create_tenon(tenon.settings, clock=clock, plugins=tenon.plugins)
    tenon.identity.users.set_access(ana, admin=True, roles=["manager"])
    session = tenon.identity.sign_in("ana@example.com", PASSWORD).secret
    _row, key = tenon.identity.create_api_key(ana, "ERP")
    try:

        def seen(at: Tenon) -> list[tuple[bool, frozenset[str]]]:
            actors = [at.identity.actor_for_session(session), at.identity.actor_for_key(key)]
            return [(actor.admin, actor.roles) for actor in actors if actor is not None]

        before, after = (True, frozenset({"manager"})), (False, frozenset[str]())
        assert seen(tenon) == seen(other) == [before, before]
        tenon.identity.users.set_access(ana, admin=False, roles=[])
        assert seen(tenon) == [after, after]
        clock.advance(seconds=1)
        assert seen(other) == [after, after]
    finally:
        other.storage.close()
