"""Attacks by way of the pages, with a policy in force: see docs/reference/attacks.md."""

from __future__ import annotations

import csv
import io
import re
from uuid import UUID, uuid4

import openpyxl
import pytest

from tenon.identity.actor import system
from tests.access.company import COLLECTIONS, PLAIN, REVENUE, SECRET, Company, upload
from tests.access.routes import pages, paths, rules

# 2: values that no form has


def test_a_form_takes_no_more_than_it_shows(firm: Company) -> None:
    rep, id_ = firm.browser("rep"), firm.own["account"]
    before = firm.values("account", id_)
    forged = {
        "name": before["name"],
        "admin": "1",
        "created_by": str(uuid4()),
        "version": "1",
        "archived_at": "x",
    }
    rep.post(f"/accounts/{id_}/edit", {**forged, "id": firm.hidden["account"]})
    after = firm.values("account", id_)
    assert {k for k in after if after[k] != before[k]} <= {"version", "updated_at"}
    assert firm.values("account", firm.hidden["account"])["name"] == f"{SECRET} Ltd"
    clerk = firm.browser("clerk")
    clerk.post(f"/accounts/{id_}/edit", {"name": f"{PLAIN} Ltd", "revenue": "1", "revenue_currency": "EUR"})
    assert firm.values("account", id_)["revenue"] == before["revenue"]


# 9: what leaves the house


def exported(firm: Company, who: str, query: str) -> bytes:
    """What comes of asking for a file."""
    with firm.browser(who).client.get(f"/accounts/export?{query}") as answer:
        return bytes(answer.get_data())


def words(content: bytes, kind: str) -> str:
    """All that stands in an exported file."""
    if kind != "xlsx":
        return content.decode()
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    return " ".join(str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row)


@pytest.mark.parametrize("kind", ["csv", "xlsx", "jsonl"])
@pytest.mark.parametrize("who", ["rep", "manager", "clerk", "boss"])
def test_an_export_is_what_the_list_shows(still: Company, who: str, kind: str) -> None:
    columns = "name,description" if who == "clerk" else "name,description,revenue"
    text = words(exported(still, who, f"format={kind}&columns={columns}"), kind)
    assert f"{PLAIN} Ltd" in text
    assert (SECRET in text) == (who in ("clerk", "boss"))
    assert ("7654321" in text) == (who != "clerk")


@pytest.mark.parametrize("query", ["columns=name,%s", "sort=%s", "filter[%s][gte]=1"])
def test_no_query_brings_a_hidden_column_into_an_export(still: Company, query: str) -> None:
    hidden, absent = (exported(still, "clerk", query % name).decode() for name in ("revenue", "revenux"))
    assert REVENUE not in hidden
    assert SECRET not in exported(still, "rep", query % "revenue").decode()
    assert len(hidden) == len(absent)


def test_who_may_not_export_gets_no_file(still: Company) -> None:
    assert still.browser("nobody").get("/accounts/export?format=csv").status == 403
    assert still.browser("clerk").get("/opportunities/export?format=csv").status == 403


# 10: cells that a spreadsheet would calculate


def test_no_exported_cell_is_a_formula(firm: Company) -> None:
    for begin in "=+-@\t\r":
        text = f'{begin}HYPERLINK("http://evil.example","x")'
        firm.make("account", name="F", owner_id=str(firm.people["rep"].id), description=text, industry=text)
    text = exported(firm, "rep", "format=csv&columns=description,industry").decode()
    cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    found = [cell for cell in cells if "evil.example" in cell]
    assert len(found) == 12
    assert not [cell for cell in found if cell[0] in "=+-@\t\r"]


# 12: markup in what people type

MARKUP = '"><svg onload=alert(1)><script>alert(2)</script>'


def poisoned(firm: Company) -> dict[str, str]:
    """A record of each kind with markup in every text, about each other; and the names around them."""
    owner = str(firm.people["rep"].id)
    admin = firm.api("odd")
    admin.post("/accounts/fields", {"key": "odd", "label": MARKUP, "kind": "text"})
    admin.post("/teams", {"name": MARKUP, "region": MARKUP})
    account = firm.make(
        "account", name=MARKUP, owner_id=owner, industry=MARKUP, description=MARKUP, custom={"odd": MARKUP}
    )
    made = {
        "account": account,
        "opportunity": firm.make(
            "opportunity", name=MARKUP, owner_id=owner, account_id=account, next_step=MARKUP
        ),
        "contact": firm.make("contact", last_name=MARKUP, owner_id=owner),
        "task": firm.make("task", subject=MARKUP, owner_id=owner, about_entity="account", about_id=account),
        "activity": firm.make(
            "activity", type="note", subject=MARKUP, body=MARKUP, about_entity="account", about_id=account,
            owner_id=owner,
        ),
        "product": firm.make("product", name=MARKUP, description=MARKUP),
    }  # fmt: skip
    rep = firm.browser("rep")
    rep.post("/accounts/views", {"name": MARKUP, "query": "sort=name"})
    upload(rep, b"Name\nA\n", f"{MARKUP}.csv".replace("/", "_"))
    return made


def test_markup_is_text_on_every_page(firm: Company) -> None:
    with firm.tenon.records.writing(system("test")) as work:
        admin = work.create("user", {"name": MARKUP, "email": "odd@example.com"}).id
    firm.tenon.identity.users.set_access(admin, admin=True)
    firm.people["odd"] = firm.tenon.identity.actor_for_user(admin)  # type: ignore[assignment]
    made, client = poisoned(firm), firm.browser("odd").client
    wrong, seen = [], 0
    addresses = [
        address
        for rule, method in rules(firm.tenon)
        if method == "GET" and not rule.rule.startswith("/api/") and "sign-out" not in rule.rule
        for address in (
            *pages(firm.tenon, rule),
            *(found for _name, found in paths(firm.tenon, rule, made)),
        )
    ]
    for address in [*dict.fromkeys(addresses), f"/search?q={MARKUP}", f"/accounts?filter[name][eq]={MARKUP}"]:
        with client.get(address) as answer:
            if answer.mimetype != "text/html":
                continue
            html = answer.get_data(as_text=True)
        seen += "svg onload" in html
        if re.search(r"<svg onload|<script>alert|href=\"\s*javascript:", html, re.I):
            wrong.append(address)
    assert wrong == []
    assert seen > 20, "the markup has to be on these pages for the test to mean something"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(3)//", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\tscript:alert(1)",
        "data:text/html,<script>", "vbscript:x", "//evil.example", 'https://x"onclick=alert(1)',
    ],
)  # fmt: skip
def test_a_link_leads_to_the_web_or_is_none(still: Company, url: str) -> None:
    address = f"accounts/{still.own['account']}"
    rep = still.api("rep")
    rep._send("PATCH", f"/{address}", 422, {"website": url}, {"If-Match": '"1"'})
    assert "alert" not in still.browser("rep").get(f"/{address}").html


# 24: names that would be SQL

KEYS = (
    "x'); DROP TABLE identity_user; --",
    'a" OR 1=1',
    "a.b",
    "$.x",
    "a[0]",
    "é",
    "",
    "a" * 200,
    "A b",
    "x'",
)


def test_a_custom_field_has_a_plain_key(firm: Company) -> None:
    firm.tenon.identity.users.set_access(firm.people["boss"].id, admin=True)
    admin = firm.api("boss")
    for key in KEYS:
        admin.post("/accounts/fields", {"key": key, "label": "X", "kind": "text"}, status=422)
        admin.post("/accounts/search", {"filter": {"field": f"custom.{key}", "value": "x"}}, status=400)
    assert admin.get("/accounts?total=true")["total"] == 2


# 28: what was open before


def test_a_page_that_was_open_is_closed_with_what_it_showed(firm: Company) -> None:
    rep, id_ = firm.browser("rep"), firm.own["account"]
    form = rep.get(f"/accounts/{id_}/edit")
    assert form.status == 200
    with firm.tenon.records.writing(system("test")) as work:
        work.update("account", UUID(id_), {"owner_id": str(firm.people["stranger"].id)})
    assert rep.get(f"/accounts/{id_}").status == 404
    assert rep.get(f"/accounts/{id_}/edit").status == 404
    assert rep.post(f"/accounts/{id_}/edit", {"name": "Mine again", "version": "1"}).status == 404
    assert rep.get(f"/accounts/{id_}/history").status == 404
    assert f"{PLAIN} Ltd" not in rep.get("/accounts").text
    assert firm.values("account", id_)["name"] == f"{PLAIN} Ltd"
    firm.tenon.identity.users.set_access(firm.people["rep"].id, roles=[])
    for collection in COLLECTIONS.values():
        assert PLAIN not in rep.get(f"/{collection}").text
