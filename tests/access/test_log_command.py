"""``tenon accesslog``."""

from __future__ import annotations

import json
from collections.abc import Callable

import click
import pytest
from click.testing import CliRunner, Result

from tenon.app import Tenon
from tenon.cli import main
from tenon.cli.context import Deployment
from tenon.clock import ManualClock
from tenon.identity.actor import Actor

Run = Callable[..., Result]


@pytest.fixture
def run(tenon: Tenon, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(Deployment, "tenon", tenon)
    return lambda *words: CliRunner().invoke(main, ["accesslog", *words])


@pytest.fixture(autouse=True)
def entries(tenon: Tenon, actor: Actor, clock: ManualClock) -> None:
    tenon.access_log.record("policy", actor=actor, action="old")
    tenon.access_log.flush()
    clock.advance(days=6)
    tenon.access_log.record("denied", actor=actor, action="merge", entity="account", reason="policy")
    tenon.access_log.flush()
    clock.advance(days=2)
    tenon.access_log.record("sign_in_failed", name="mallory@example.com", address="198.51.100.7")
    tenon.access_log.flush()


def words(result: Result) -> list[str]:
    assert result.exit_code == 0, result.output
    return [json.loads(line)["kind"] for line in result.output.splitlines()]


def test_it_shows_a_week_unless_asked_for_more(run: Run) -> None:
    assert words(run("--json")) == ["sign_in_failed", "denied"]
    assert words(run("--json", "--since", "30d")) == ["sign_in_failed", "denied", "policy"]
    assert words(run("--json", "--since", "1h")) == ["sign_in_failed"]
    assert words(run("--json", "--since", "2026-01-12")) == ["sign_in_failed"]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (["--kind", "denied"], ["denied"]),
        (["--user", "anna@example.com"], ["denied"]),
        (["--entity", "account"], ["denied"]),
        (["--limit", "1"], ["sign_in_failed"]),
        (["--kind", "exported"], []),
    ],
)
def test_it_filters(run: Run, given: list[str], found: list[str]) -> None:
    assert words(run("--json", *given)) == found


def test_it_reads_well_on_a_terminal(run: Run) -> None:
    lines = run().output.splitlines()
    assert lines[0].split() == ["AT", "KIND", "WHO", "ABOUT", "WHY", "ADDRESS", "NUMBER"]
    assert "mallory@example.com" in lines[1]
    assert "merge account" in lines[2]
    assert run("--kind", "exported").output == "There are no such entries.\n"


@pytest.mark.parametrize("since", ["tomorrow", "7 days", "-1d", "2026-13-01"])
def test_a_time_that_cannot_be_read_says_what_can(run: Run, since: str) -> None:
    result = run("--since", since)
    assert result.exit_code == click.UsageError.exit_code
    assert "as 7d or 12h" in result.output
