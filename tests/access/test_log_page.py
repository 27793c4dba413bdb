"""The access log as a page and as a file, for administrators."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tenon.access.kinds import KINDS
from tenon.access.models import AccessEntry
from tenon.app import Tenon
from tenon.clock import ManualClock
from tenon.identity.actor import Actor
from tenon.settings import Settings
from tenon.testing.people import PASSWORD, sign_in
from tests.access.watching import OwnRecords, clear, logged
from tests.web.visitor import Page, Visitor


@pytest.fixture
def tenon_settings() -> Settings:
    return Settings.for_tests(plugins=["b2b_accounts"])


@pytest.fixture
def admin(tenon: Tenon, tenon_app: object, as_role: Callable[..., Actor]) -> Visitor:
    who = as_role(admin=True, name="Ada", email="ada@example.com", password=PASSWORD)
    client = tenon.app.test_client()
    sign_in(tenon, client, str(who.email))
    clear(tenon, "signed_in", "user", "password")
    return Visitor(client)


@pytest.fixture
def entries(tenon: Tenon, actor: Actor, clock: ManualClock) -> None:
    """A denial of Anna's on Monday the 5th, and something that the system did the day after."""
    tenon.access_log.record("denied", actor=actor, action="merge", entity="account", reason="policy")
    tenon.access_log.flush()
    clock.advance(days=1)
    tenon.access_log.record("system", name="system", entity="order", reason="nightly totals")
    tenon.access_log.flush()


def rows(page: Page) -> list[str]:
    """The lines of the table, as a person reads them."""
    body = page.html.partition("<tbody>")[2].partition("</tbody>")[0]
    cells = (re.sub(r"<[^>]+>", " ", row) for row in re.findall(r"<tr>(.*?)</tr>", body, re.S))
    return [" ".join(unescape(cell).split()) for cell in cells]


def test_it_is_for_administrators_alone(signed_in: FlaskClient, admin: Visitor) -> None:
    for path in ("/settings/access-log", "/settings/access-log/export"):
        assert signed_in.get(path).status_code == 403
        assert admin.get(path).status == 200


def test_the_newest_entry_comes_first_in_words(entries: None, admin: Visitor) -> None:
    second, first = rows(admin.get("/settings/access-log"))[:2]
    assert "Done with the system's rights" in second
    assert "nightly totals" in second
    assert "Refused" in first
    for word in ("Anna Example", "Merge", "Account", "The policy does not allow it"):
        assert word in first


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("kind=denied", ["Refused"]),
        ("kind=system", ["Done"]),
        ("kind=policy", []),
        ("entity=account", ["Refused"]),
        ("actor=system", ["Done"]),
        ("day=2026-01-05", ["Refused"]),
        ("day=2026-01-06", ["Done"]),
        ("day=2026-01-07", []),
        ("kind=denied&entity=order", []),
        ("kind=&entity=&actor=&day=", ["Done", "Refused"]),
    ],
)
def test_it_is_filtered_by_person_kind_record_and_day(
    entries: None, admin: Visitor, query: str, found: list[str]
) -> None:
    page = admin.get(f"/settings/access-log?{query}")
    assert [row.split()[0] for row in rows(page)] == found
    assert bool(found) is not ("There are no such entries" in page.text)


def test_one_persons_entries_are_a_link_away(entries: None, admin: Visitor, actor: Actor) -> None:
    for page in ("/settings/access-log", f"/settings/people/{actor.id}"):
        link = next(url for url in admin.get(page).links if f"actor={actor.id}" in url)
        assert [row.split()[0] for row in rows(admin.get(link))] == ["Refused"]


@pytest.mark.parametrize(
    "query", ["actor=x", "day=yesterday", "day=9999-12-31", "before=x", "before=2026-01-01_x", "before=_"]
)
def test_a_filter_that_cannot_be_read_says_so(admin: Visitor, query: str) -> None:
    assert admin.get(f"/settings/access-log?{query}").status == 400


def test_a_day_is_the_readers_own(admin: Visitor, tenon: Tenon, clock: ManualClock) -> None:
    """At eleven in the morning of UTC the day after has begun on Kiritimati."""
    with tenon.storage.writing() as connection:
        connection.execute(sa.text("UPDATE identity_user SET timezone = 'Pacific/Kiritimati'"))
    clock.advance(hours=2)
    tenon.access_log.record("other", action="late")
    tenon.access_log.flush()
    assert rows(admin.get("/settings/access-log?day=2026-01-05")) == []
    assert len(rows(admin.get("/settings/access-log?day=2026-01-06"))) == 1


def test_pages_follow_each_other_without_a_gap_while_new_entries_come(
    admin: Visitor, tenon: Tenon, clock: ManualClock
) -> None:
    with tenon.storage.writing() as connection:
        moments = [clock.now() + timedelta(seconds=number // 3) for number in range(120)]
        kept = [
            {"at": at, "kind": "other", "actor_name": "", "via": "", "count": number, "action": f"n{number}"}
            for number, at in enumerate(moments)
        ]
        connection.execute(sa.insert(AccessEntry), kept)
    seen: list[str] = []
    url: str | None = "/settings/access-log?kind=other"
    while url is not None:
        page = admin.get(url)
        seen += re.findall(r"\bn\d+\b", " ".join(rows(page)))
        url = next((link for link in page.links if "before=" in link), None)
        tenon.access_log.record("other", action="newer")
        tenon.access_log.flush()
    assert seen == [f"n{number}" for number in reversed(range(120))]


def test_a_record_is_named_to_whoever_may_see_it(
    admin: Visitor, tenon: Tenon, actor: Actor, as_role: Callable[..., Actor]
) -> None:
    with tenon.records.writing(actor) as work:
        found = work.create("account", {"name": "Acme"}).id
    tenon.access_log.record("hidden", actor=actor, action="read", entity="account", record_id=found)
    tenon.access_log.flush()
    page = admin.get("/settings/access-log?kind=hidden")
    assert "Acme" in rows(page)[0]
    assert f"/accounts/{found}" in page.links
    tenon.access.policy = OwnRecords()
    unnamed = admin.get("/settings/access-log?kind=hidden")
    assert "Acme" not in unnamed.text
    assert str(found) in unnamed.text


def test_the_export_has_what_the_filter_leaves_and_calculates_nothing(
    entries: None, admin: Visitor, tenon: Tenon
) -> None:
    tenon.access_log.record("sign_in_failed", name='=HYPERLINK("http://evil","x")', reason="@SUM(1)")
    tenon.access_log.flush()
    answer = admin.get("/settings/access-log/export?kind=sign_in_failed")
    (line,) = csv.DictReader(io.StringIO(answer.html.lstrip("\ufeff")))
    assert line["actor_name"].startswith("'=HYPERLINK")
    assert line["reason"] == "'@SUM(1)"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    told = logged(tenon, "exported")[0]
    assert (told.actor_name, told.count, told.detail) == ("Ada", 1, {"kind": "sign_in_failed"})


def test_a_text_of_strangers_is_text_on_the_page(admin: Visitor, tenon: Tenon) -> None:
    tenon.access_log.record("sign_in_failed", name="<svg onload=alert(1)>", detail={"<b>": "</code><script>"})
    tenon.access_log.flush()
    html = admin.get("/settings/access-log").html
    assert "<svg onload" not in html
    assert "</code><script>" not in html


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"hidden"}))
def test_every_kind_is_shown_in_words(admin: Visitor, tenon: Tenon, kind: Any) -> None:
    tenon.access_log.record(kind, name="somebody")
    tenon.access_log.flush()
    assert rows(admin.get(f"/settings/access-log?kind={kind}"))[0].startswith(str(KINDS[kind]))
