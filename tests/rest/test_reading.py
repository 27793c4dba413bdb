"""Lists, searches, single records and sums: the grammar of reading."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from tenon.clock import ManualClock
from tenon.testing import ApiClient
from tests.rest.conftest import Send


def names(api: ApiClient, query: str = "", **body: Any) -> list[str]:
    """The names in a list of accounts, by its URL or by the body of a search."""
    answer = api.post("/accounts/search", body) if body else api.get(f"/accounts{query}")
    return [record["name"] for record in answer["data"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("filter[name]=Acme", ["Acme"]),
        ("filter[industry]=retail", ["Acme", "Cobra"]),
        ("filter[industry][ne]=retail", ["Bolt", "Delta"]),
        ("filter[revenue][gte]=250.5", ["Acme", "Bolt"]),
        ("filter[revenue][gt]=70&filter[revenue][lt]=1000", ["Bolt"]),
        ("filter[name][in]=Acme,Delta", ["Acme", "Delta"]),
        ("filter[name][not_in]=Acme,Delta", ["Bolt", "Cobra"]),
        ("filter[city][contains]=BERLIN", ["Acme", "Bolt"]),
        ("filter[city][starts_with]=100%25 ort_", ["Delta"]),
        ("filter[city][contains]=_", ["Delta"]),
        ("filter[industry][empty]=true", ["Delta"]),
        ("filter[revenue][empty]=false", ["Acme", "Bolt", "Delta"]),
        ("filter[founded][between]=1990,2000", ["Cobra"]),
        ("filter[owner_id]=$me", ["Acme", "Bolt", "Cobra", "Delta"]),
        ("filter[owner_id.name]=Anna Example&filter[industry]=software", ["Bolt"]),
        ("filter[created_at][within]=today&search=elt", ["Delta"]),
        ("search=nothing", []),
    ],
)
def test_a_filter_finds_what_it_says(still: ApiClient, query: str, found: list[str]) -> None:
    assert names(still, f"?sort=name&{query}") == found


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ({"field": "industry", "value": "retail"}, ["Acme", "Cobra"]),
        ({"not": {"field": "industry", "value": "retail"}}, ["Bolt", "Delta"]),
        (
            {
                "or": [
                    {"field": "name", "value": "Delta"},
                    {
                        "and": [
                            {"field": "industry", "value": "retail"},
                            {"field": "founded", "op": "empty", "value": True},
                        ]
                    },
                ]
            },
            ["Acme", "Delta"],
        ),
        ({"and": []}, ["Acme", "Bolt", "Cobra", "Delta"]),
        ({"or": []}, []),
        ({"field": "name", "op": "in", "value": ["Bolt", "a,b"]}, ["Bolt"]),
    ],
)
def test_a_search_nests_and_or_and_not(still: ApiClient, filter_: dict[str, Any], found: list[str]) -> None:
    assert names(still, filter=filter_, sort=["name"]) == found


def test_a_list_sorts_by_several_fields_and_empty_values_are_least(still: ApiClient) -> None:
    assert names(still, "?sort=-industry,name") == ["Bolt", "Acme", "Cobra", "Delta"]
    assert names(still, "?sort=industry,-name") == ["Delta", "Cobra", "Acme", "Bolt"]


@pytest.mark.parametrize("sort", ["name", "-revenue,name", "industry,-founded", "-id"])
def test_pages_hold_every_record_once(still: ApiClient, sort: str) -> None:
    seen, after = [], ""
    while True:
        page = still.get(f"/accounts?sort={sort}&page[size]=1{after}")
        seen += [record["name"] for record in page["data"]]
        if page["next"] is None:
            break
        after = f"&page[after]={page['next']}"
    whole = [record["name"] for record in still.get(f"/accounts?sort={sort}")["data"]]
    assert seen == whole
    assert len(set(seen)) == 4


def test_the_total_is_there_when_asked_for(still: ApiClient) -> None:
    assert "total" not in still.get("/accounts").json
    assert still.get("/accounts?total=true&page[size]=1&filter[industry]=retail")["total"] == 2
    assert still.post("/accounts/search", {"total": True, "page": {"size": 1}})["total"] == 4


def test_fields_are_those_asked_for(accounts: dict[str, str], api: ApiClient) -> None:
    (record,) = api.get("/accounts?filter[name]=Acme&fields=name,revenue")["data"]
    assert record == {"id": accounts["Acme"], "name": "Acme", "revenue": "1000.00"}
    assert api.get(f"/accounts/{accounts['Acme']}?fields=name").json == {
        "id": accounts["Acme"],
        "name": "Acme",
    }


def test_a_reference_is_included_beside_its_id(accounts: dict[str, str], api: ApiClient) -> None:
    api.patch(f"/accounts/{accounts['Bolt']}", {"parent_id": accounts["Acme"]})
    one = api.get(f"/accounts/{accounts['Bolt']}?include=parent_id,owner_id")
    assert one["included"]["parent_id"]["name"] == "Acme"
    assert one["included"]["owner_id"]["email"] == "anna@example.com"
    (slim,) = api.get("/accounts?filter[name]=Bolt&fields=name&include=parent_id")["data"]
    assert set(slim) == {"id", "name", "included"}
    assert slim["included"]["parent_id"]["revenue"] == "1000.00"


@pytest.mark.parametrize("path", ["/accounts?filter[name]=none&include=", "/accounts?include="])
@pytest.mark.parametrize("asked", ["parent", "name", "parent_id.parent_id"])
def test_only_references_are_included_even_in_an_empty_list(still: ApiClient, path: str, asked: str) -> None:
    assert still.get(path + asked, status=400)["errors"][0]["parameter"] == "include"


def test_archived_records_are_in_a_list_when_asked_for(accounts: dict[str, str], api: ApiClient) -> None:
    api.delete(f"/accounts/{accounts['Bolt']}", version=1)
    assert "Bolt" not in names(api)
    assert names(api, "?archived=only") == ["Bolt"]
    assert len(names(api, "?archived=all")) == 4
    assert api.get(f"/accounts/{accounts['Bolt']}")["archived_at"]


def test_sums_are_grouped_and_never_across_currencies(accounts: dict[str, str], api: ApiClient) -> None:
    api.patch(f"/accounts/{accounts['Cobra']}", {"revenue": "5", "revenue_currency": "USD"})
    rows = api.get("/accounts/sums?by=industry&of=revenue&filter[industry]=retail")["data"]
    assert sorted(rows, key=lambda row: row["revenue_currency"]) == [
        {"industry": "retail", "revenue_currency": "EUR", "count": 1, "revenue": "1000.00"},
        {"industry": "retail", "revenue_currency": "USD", "count": 1, "revenue": "5.00"},
    ]
    assert api.get("/accounts/sums")["data"] == [{"count": 4}]


def test_a_record_can_be_read_as_it_once_was(
    accounts: dict[str, str], api: ApiClient, clock: ManualClock
) -> None:
    path, then = f"/accounts/{accounts['Acme']}", clock.now()
    clock.advance(hours=1)
    api.patch(path, {"name": "Acme Ltd", "industry": None})
    before = api.get(path, as_of=then.isoformat())
    assert (before["name"], before["industry"], before["version"]) == ("Acme", "retail", 1)
    assert api.get(path, as_of=clock.now().isoformat())["name"] == "Acme Ltd"
    clock.advance(days=-10)
    api.get(path, as_of=clock.now().isoformat(), status=404)
    api.get(path, as_of="yesterday", status=400)


def test_what_a_client_has_already_is_not_sent_again(
    accounts: dict[str, str], api: ApiClient, send: Send
) -> None:
    path = f"/accounts/{accounts['Acme']}"
    etag = send("GET", path).headers["ETag"]
    assert etag == '"1"'
    for known in (etag, f"W/{etag}", f'"7", {etag}', "*"):
        again = send("GET", path, If_None_Match=known)
        assert (again.status_code, again.headers["ETag"], again.data) == (304, etag, b"")
    assert send("GET", f"{path}?include=owner_id", If_None_Match=etag).status_code == 200
    api.patch(path, {"name": "Acme Ltd"})
    assert send("GET", path, If_None_Match=etag).status_code == 200


def test_history_and_timeline_tell_who_changed_what(accounts: dict[str, str], api: ApiClient) -> None:
    path = f"/accounts/{accounts['Acme']}"
    api.patch(path, {"name": "Acme Ltd"})
    newest = api.get(f"{path}/history?page[size]=1")
    assert newest["data"][0]["changes"] == {"name": {"before": "Acme", "after": "Acme Ltd"}}
    assert newest["data"][0]["via"] == "api"
    older = api.get(f"{path}/history?page[after]={newest['next']}")
    assert [entry["action"] for entry in older["data"]] == ["create"]
    assert {item["kind"] for item in api.get(f"{path}/timeline")["data"]} == {"create", "update"}


def test_one_search_goes_over_every_kind_of_record(accounts: dict[str, str], api: ApiClient) -> None:
    api.post("/contacts", {"last_name": "Acmeson"})
    found = api.get("/search?q=acme")["data"]
    assert {(item["entity"], item["title"]) for item in found} >= {
        ("account", "Acme"),
        ("contact", "Acmeson"),
    }
    api.get("/search", status=400)
    api.get("/search?q=acme&size=1000000000", status=400)
    api.get("/search?q=acme&size=" + "9" * 5000, status=400)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("filter[nmae]=x", None),
        ("filter[name][like]=x", "filter"),
        ("filter[name]", None),
        ("filter=name", "filter"),
        ("filter[]=x", "filter[]"),
        ("filter[name][eq][x]=1", "filter[name][eq][x]"),
        ("filters[name]=x", "filters[name]"),
        ("filter[revenue]=much", None),
        ("filter[created_at][gt]=0000-99-99", None),
        ("filter[industry][within]=today", None),
        ("filter[name.first]=x", None),
        ("filter[custom]=x", None),
        ("sort=nmae", None),
        ("sort=name,name,id,city,type,industry", None),
        ("fields=name,secret", None),
        ("page[size]=0", "page[size]"),
        ("page[size]=1000000000", "page[size]"),
        ("page[size]=1e3", "page[size]"),
        ("limit=1000000000", "limit"),
        ("total=yes", "total"),
        ("archived=maybe", "archived"),
        ("sort=name&sort=city", "sort"),
        ("page[after]=zzz", None),
        ("colour=red", "colour"),
    ],
)
def test_what_is_not_understood_is_refused_rather_than_passed_over(
    still: ApiClient, query: str, parameter: str | None
) -> None:
    answer = still.get(f"/accounts?{query}", status=400)
    assert answer.headers["Content-Type"] == "application/problem+json"
    if parameter is not None:
        assert answer["errors"][0]["parameter"] == parameter


@pytest.mark.parametrize(
    "path",
    [
        "/", "/me", "/openapi.json", "/pipelines", "/approvals", "/accounts/sums", "/accounts/fields",
        "/accounts/{id}", "/accounts/{id}/history", "/accounts/{id}/timeline",
        "/opportunities/{id}/transitions", "/opportunities/{id}/stage-history",
        "/opportunities/{id}/approvals", "/accounts/by-external-id/sap/1",
    ],
)  # fmt: skip
def test_every_address_refuses_parameters_that_it_does_not_have(still: ApiClient, path: str) -> None:
    asked = path.replace("{id}", str(UUID(int=1)))
    answer = still.get(f"{asked}?deep=1", status=400)
    assert answer["errors"] == [
        {"pointer": "", "code": "unknown-parameter", "detail": "Unknown parameter deep", "parameter": "deep"}
    ]


def test_a_misspelt_name_is_told_with_the_nearest_right_one(still: ApiClient) -> None:
    assert "did you mean 'sort'" in still.get("/accounts?sorts=name", status=400)["detail"]
    assert "name" in still.get("/accounts?filter[nmae]=x", status=400)["hint"]


def test_a_cursor_is_good_for_its_own_list_alone(still: ApiClient) -> None:
    cursor = still.get("/accounts?sort=name&page[size]=1")["next"]
    for other in ("sort=-name", "sort=name&filter[industry]=retail", "sort=name&archived=all"):
        assert "another list" in still.get(f"/accounts?{other}&page[after]={cursor}", status=400)["detail"]
    still.get(f"/contacts?page[after]={cursor}", status=400)
    still.get(f"/accounts/{UUID(int=1)}/timeline?page[after]={cursor}", status=404)
