"""``tenon user`` and ``tenon apikey`` on a terminal."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace

import click
import pyotp
import pytest
from click.testing import CliRunner, Result

from tenon.cli.totp import totp
from tenon.cli.user import apikey, user
from tenon.clock import ManualClock
from tenon.errors import NotFoundError
from tenon.identity import Identity

Run = Callable[..., Result]
PASSWORD = "correct horse battery"


@pytest.fixture
def run(identity: Identity, clock: ManualClock) -> Run:
    """Run a command: ``run(user, "list")``."""
    deployment = SimpleNamespace(identity=identity, clock=clock)

    def invoke(group: click.Group, *arguments: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(group, arguments, input=typed, obj=lambda: deployment)

    return invoke


def test_a_user_who_was_added_signs_in_and_one_who_was_disabled_does_not(
    run: Run, identity: Identity
) -> None:
    added = run(user, "add", "Ana", "ana@example.com", "--admin", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert added.exit_code == 0
    assert PASSWORD not in added.output
    token = identity.sign_in("ana@example.com", PASSWORD)

    assert run(user, "disable", "ana@example.com").exit_code == 0
    assert identity.actor_for_session(token.secret) is None
    assert run(user, "enable", "ana@example.com").exit_code == 0
    identity.sign_in("ana@example.com", PASSWORD)


def test_a_password_may_come_from_a_pipe_or_be_made_up(run: Run, identity: Identity) -> None:
    run(user, "add", "Ana", "ana@example.com", "--password-stdin", typed=f"{PASSWORD}\n")
    identity.sign_in("ana@example.com", PASSWORD)

    given = run(user, "password", "ana@example.com", "--generate").output
    made_up = re.search(r"Password: (\S+)", given)
    assert made_up is not None
    identity.sign_in("ana@example.com", made_up[1])


def test_the_list_says_who_may_do_what(run: Run) -> None:
    run(user, "add", "Ana", "ana@example.com", "--admin", "--generate")
    run(user, "add", "Bob", "bob@example.com", "--no-password", "--role", "rep")
    run(user, "access", "ana@example.com", "--no-admin", "--role", "manager", "--role", "rep")
    heading, ana, bob = run(user, "list").output.splitlines()
    assert heading.split("  ")[0] == "NAME"
    assert ana.split() == ["Ana", "ana@example.com", "yes", "yes", "no", "manager,", "rep"]
    assert bob.split() == ["Bob", "bob@example.com", "yes", "no", "no", "rep"]
    assert run(user, "access", "ana@example.com", "--no-roles").output.splitlines()[1].split() == [
        "Ana",
        "no",
    ]


def test_a_key_is_shown_once_and_revoked_by_what_the_list_shows(
    run: Run, identity: Identity, clock: ManualClock
) -> None:
    run(user, "add", "Ana", "ana@example.com", "--no-password")
    made = run(apikey, "create", "ana@example.com", "erp", "--scope", "*:read", "--days", "30")
    secret = made.stdout.strip()
    assert identity.actor_for_key(secret) is not None

    listed = run(apikey, "list").output.splitlines()[1]
    shown = listed.split()[0]
    assert secret not in listed
    assert secret.startswith(shown)
    assert f"until {clock.now():%Y}" in listed

    run(apikey, "revoke", shown)
    assert identity.actor_for_key(secret) is None
    assert "revoked" in run(apikey, "list").output


def test_somebody_unknown_is_an_error(run: Run) -> None:
    for command in ("password", "disable", "enable", "access"):
        assert isinstance(run(user, command, "nobody@example.com").exception, NotFoundError)
    assert isinstance(run(apikey, "create", "nobody@example.com", "x").exception, NotFoundError)


def test_a_second_step_is_listed_and_taken_away(run: Run, identity: Identity, clock: ManualClock) -> None:
    run(user, "add", "Ana", "ana@example.com", "--password-stdin", typed=f"{PASSWORD}\n")
    ana = identity.users.find("ana@example.com").id
    assert run(totp, "list").output.splitlines()[1].split() == ["Ana", "ana@example.com", "–"]
    assert "has no second step" in run(totp, "reset", "ana@example.com").output

    here = identity.sign_in("ana@example.com", PASSWORD)
    app = pyotp.TOTP(identity.second_step.start(ana).secret)
    identity.second_step.confirm(ana, app.at(clock.now()), here=here.secret)
    assert f"{clock.now():%Y-%m-%d}" in run(totp, "list").output
    assert "password alone now" in run(totp, "reset", "ana@example.com").output
    identity.sign_in("ana@example.com", PASSWORD)
