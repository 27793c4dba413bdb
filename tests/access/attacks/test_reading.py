"""Attacks that read by way of the API, with a policy in force: see docs/reference/attacks.md."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tenon.app import add_faces
from tenon.identity.actor import system
from tenon.testing.deployments import Deployments
from tenon.testing.people import PASSWORD
from tests.access.company import COLLECTIONS, REVENUE, SECRET, SETTINGS, Company, company, told

# 3 to 6: what is hidden, found out by asking for something else


def test_the_revenue_is_not_found_by_halving_its_range(still: Company) -> None:
    """And each refusal is that of a field which does not exist."""
    clerk, low, high = still.api("clerk"), 0, 10_000_000
    for _question in range(20):
        middle = (low + high) // 2
        asked = told(clerk.get(f"/accounts?filter[revenue][gte]={middle}", status=400), "revenue")
        assert asked == told(clerk.get(f"/accounts?filter[revenux][gte]={middle}", status=400), "revenux")
        low = middle
    assert still.api("boss").get("/accounts?filter[revenue][gte]=7000000&total=true")["total"] == 2


@pytest.mark.parametrize(
    "query",
    ["sort=%s", "sort=-%s", "sort=name,%s", "fields=name,%s", "filter[%s][empty]=true", "include=%s"],
)
@pytest.mark.parametrize("collection", ["accounts"])
def test_a_hidden_field_is_no_field_in_any_part_of_a_list(
    still: Company, collection: str, query: str
) -> None:
    clerk = still.api("clerk")
    hidden = told(clerk.get(f"/{collection}?{query % 'revenue'}", status=400), "revenue")
    assert hidden == told(clerk.get(f"/{collection}?{query % 'revenux'}", status=400), "revenux")


def test_a_cursor_of_somebody_who_sees_more_is_of_no_use(still: Company) -> None:
    cursor = still.api("boss").get("/accounts?sort=revenue&page[size]=1")["next"]
    assert cursor
    for sort in ("", "&sort=revenue", "&sort=name"):
        answer = still.api("clerk").get(f"/accounts?page[size]=1&page[after]={cursor}{sort}", status=400)
        assert REVENUE not in json.dumps(answer.json)


@pytest.mark.parametrize("query", ["by=%s", "of=%s", "by=industry&of=%s", "by=%s&of=employees"])
def test_a_hidden_field_is_neither_grouped_by_nor_summed(still: Company, query: str) -> None:
    clerk = still.api("clerk")
    hidden = told(clerk.get(f"/accounts/sums?{query % 'revenue'}", status=400), "revenue")
    assert hidden == told(clerk.get(f"/accounts/sums?{query % 'revenux'}", status=400), "revenux")


LISTS = (
    "/accounts?total=true", "/accounts?page[size]=1&total=true", "/accounts?sort=-created_at",
    "/accounts/sums?by=industry&of=revenue", "/opportunities/sums?by=stage&of=amount",
    "/opportunities?include=account_id&total=true", f"/search?q={SECRET}", "/search?q=Ltd",
    "/accounts?filter[name][contains]=Ltd&total=true", "/tasks?total=true", "/contacts?total=true",
)  # fmt: skip


@pytest.mark.parametrize("who", ["rep", "manager"])
def test_no_list_total_sum_or_tag_tells_that_more_is_there(firm: Company, who: str) -> None:
    """Byte for byte the same whether others have three records or three hundred."""
    api = firm.api(who)

    def everything() -> list[Any]:
        found = [api.get(path) for path in LISTS]
        return [(answer.json, answer.headers.get("ETag")) for answer in found]

    before = everything()
    stranger = str(firm.people["stranger"].id)
    with firm.tenon.records.writing(system("test")) as work:
        work.bulk_create(
            "account",
            [{"name": f"{SECRET} {n} Ltd", "owner_id": stranger, "revenue": "5"} for n in range(60)],
        )
        work.bulk_create("opportunity", [{"name": f"{SECRET} {n}", "owner_id": stranger} for n in range(60)])
    assert everything() == before
    assert firm.api("boss").get("/accounts?total=true")["total"] == 62


# 7: by way of a reference


@pytest.mark.parametrize(
    "path",
    [
        "account_id.owner_id",
        "account_id.opportunities",
        "account_id.parent_id.parent_id",
        "accounts",
        "*",
        ".",
    ],
)
def test_nothing_is_included_but_what_the_records_refer_to(still: Company, path: str) -> None:
    for who in ("rep", "boss"):
        still.api(who).get(f"/opportunities?include={path}", status=400)


def test_a_hidden_record_that_is_referred_to_stays_hidden(firm: Company) -> None:
    firm.make(
        "opportunity", name="Odd", owner_id=str(firm.people["rep"].id), account_id=firm.hidden["account"]
    )
    rep = firm.api("rep")
    for query in ("?include=account_id", "?filter[account_id.name][contains]=" + SECRET, "?sort=name"):
        assert SECRET not in json.dumps(rep.get("/opportunities" + query).json["data"])
        assert SECRET not in json.dumps(rep.get("/opportunities" + query).json.get("included", []))
    assert rep.get(f"/opportunities?filter[account_id.name][contains]={SECRET}")["data"] == []
    rep.get(f"/opportunities?filter[account_id.account_id.account_id.name]={SECRET}", status=400)


# 23: no patterns

CATASTROPHE = "^(a+)+$"


@pytest.mark.parametrize("op", ["regex", "regexp", "matches", "like", "~", "similar to", "glob", "rlike"])
def test_a_filter_knows_no_patterns(still: Company, op: str) -> None:
    still.api("rep").get(f"/accounts?filter[name][{op}]={CATASTROPHE}", status=400)
    body = {"filter": {"field": "name", "op": op, "value": CATASTROPHE}}
    still.api("rep").post("/accounts/search", body, status=400)


@pytest.mark.parametrize("op", ["eq", "contains", "starts_with"])
@pytest.mark.parametrize("value", [CATASTROPHE, "a" * 200, "%" * 200, "_%" * 100, "\\", "(?i)plain.*"])
def test_a_pattern_is_a_text_like_any_other(still: Company, op: str, value: str) -> None:
    begun = time.process_time()
    body = {"filter": {"field": "name", "op": op, "value": value}, "total": True}
    assert still.api("boss").post("/accounts/search", body)["total"] == 0
    assert time.process_time() - begun < 1


# 26: one deployment, one company


def test_naming_another_company_changes_nothing(still: Company) -> None:
    rep = still.api("rep")
    plain = rep.get("/accounts?total=true").json
    for header in ("X-Tenant", "X-Tenant-Id", "X-Company", "X-Forwarded-Host", "Host"):
        answer = rep._client.get(
            "/api/v1/accounts?total=true", headers={"Authorization": f"Bearer {rep._key}", header: "other"}
        )
        assert answer.json == plain or answer.status_code in (400, 404), header
    for name in ("tenant", "tenant_id", "company", "dom", "domain"):
        rep.get(f"/accounts?{name}=other", status=400)
        rep.get(f"/accounts?filter[{name}]=other", status=400)


def test_two_deployments_have_nothing_of_each_other(still: Company, tenon_deployments: Deployments) -> None:
    """Even in one process, even with the same secret key."""
    other = tenon_deployments.compose(SETTINGS)
    add_faces(other)
    other.app.testing = True
    elsewhere = company(other)
    key, browser = still.api("boss"), still.browser("boss")
    header = {"Authorization": f"Bearer {key._key}"}
    assert other.app.test_client().get("/api/v1/accounts", headers=header).status_code == 401
    cookie = browser.client.get_cookie("tenon_session") or next(iter(browser.client._cookies.values()))
    visitor = other.app.test_client()
    visitor.set_cookie(cookie.key, cookie.value)
    assert visitor.get("/accounts").status_code == 302
    for id_ in still.own.values():
        for collection in COLLECTIONS.values():
            elsewhere.api("boss").get(f"/{collection}/{id_}", status=404)
    tenon_deployments.discard(other)


# 33: being somebody else by saying so

NAMES = (
    "user",
    "user_id",
    "as",
    "as_user",
    "actor",
    "actor_id",
    "sudo",
    "run_as",
    "impersonate",
    "owner",
    "sid",
)
HEADERS = (
    "X-User", "X-User-Id", "X-Remote-User", "X-Forwarded-User", "X-Impersonate-User", "X-Run-As",
    "Remote-User", "REMOTE_USER", "From", "X-Original-User", "X-Auth-Request-Email", "X-WEBAUTH-USER",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_no_parameter_makes_somebody_another(still: Company, name: str) -> None:
    rep, boss = still.api("rep"), still.people["boss"]
    for value in (str(boss.id), str(boss.email), "admin"):
        rep.get(f"/accounts?{name}={value}", status=400)
        rep.post("/accounts/search", {name: value}, status=400)
        rep.post("/accounts", {"name": "New", name: value}, status=422)
        page = still.browser("rep").get(f"/accounts?{name}={value}")
        assert SECRET not in page.html


@pytest.mark.parametrize("name", HEADERS)
def test_no_header_or_cookie_makes_somebody_another(still: Company, name: str) -> None:
    rep, boss = still.api("rep"), still.people["boss"]
    browser = still.browser("rep").client
    for value in (str(boss.id), str(boss.email), "boss", "admin"):
        header = {"Authorization": f"Bearer {rep._key}", name: value}
        assert rep._client.get("/api/v1/me", headers=header).json["id"] == str(still.people["rep"].id)
        assert rep._client.get("/api/v1/accounts", headers={name: value}).status_code == 401
        assert SECRET not in browser.get("/accounts", headers={name: value}).text
        nobody = still.tenon.app.test_client()
        nobody.set_cookie(name.lower().replace("_", "-"), value)
        assert nobody.get("/accounts", headers={name: value}).status_code == 302


def test_a_password_of_basic_authentication_opens_nothing(still: Company) -> None:
    client = still.tenon.app.test_client()
    for path in ("/api/v1/accounts", "/accounts"):
        assert client.get(path, auth=("boss@example.com", PASSWORD)).status_code in (302, 401)
