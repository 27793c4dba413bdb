"""Creating, changing, archiving, many at once, by another system's id, merged, and customers' fields."""

from __future__ import annotations

import pytest

from tenon.testing import ApiClient
from tests.rest.conftest import Send


def test_a_new_record_has_an_address_and_a_version(api: ApiClient, send: Send) -> None:
    made = api.post("/accounts", {"name": "Acme", "revenue": "1054.5"})
    assert made.status == 201
    assert made.headers["Location"] == f"/api/v1/accounts/{made['id']}"
    assert made.headers["ETag"] == '"1"'
    assert (made["version"], made["revenue"], made["revenue_currency"]) == (1, "1054.50", "EUR")
    assert send("GET", made.headers["Location"].removeprefix("/api/v1")).json == made.json


def test_every_wrong_value_is_told_at_once_with_its_place(api: ApiClient) -> None:
    refused = api.post(
        "/accounts",
        {"name": " ", "revenue": "much", "type": "friend", "nmae": "x", "id": "1", "website": 5},
        status=422,
    )
    assert refused.problems == {
        "/name": "required",
        "/revenue": "invalid",
        "/type": "invalid",
        "/nmae": "unknown-field",
        "/id": "read-only",
        "/website": "invalid",
    }


@pytest.mark.parametrize("field", ["id", "version", "created_at", "created_by", "archived_at"])
def test_what_the_system_sets_cannot_be_given(api: ApiClient, accounts: dict[str, str], field: str) -> None:
    refused = api.patch(f"/accounts/{accounts['Acme']}", {field: None}, status=422)
    assert refused.problems == {f"/{field}": "read-only"}


def test_a_patch_changes_what_it_names_and_null_empties(api: ApiClient, accounts: dict[str, str]) -> None:
    path = f"/accounts/{accounts['Acme']}"
    changed = api.patch(path, {"industry": None, "city": "Ulm"}, version=1)
    assert (changed["name"], changed["industry"], changed["city"]) == ("Acme", None, "Ulm")
    assert changed["revenue"] == "1000.00"
    assert changed.headers["ETag"] == '"2"'
    assert api.patch(path, {"name": None}, status=422).problems == {"/name": "required"}


def test_a_patch_that_changes_nothing_makes_no_version(api: ApiClient, accounts: dict[str, str]) -> None:
    path = f"/accounts/{accounts['Acme']}"
    assert api.patch(path, {"name": "Acme"})["version"] == 1
    assert api.patch(path, {})["version"] == 1
    assert len(api.get(f"{path}/history")["data"]) == 1


def test_custom_values_are_patched_one_by_one(api: ApiClient, accounts: dict[str, str]) -> None:
    for key, kind in (("size", "integer"), ("motto", "text")):
        api.post("/accounts/fields", {"key": key, "label": key.title(), "kind": kind})
    path = f"/accounts/{accounts['Acme']}"
    api.patch(path, {"custom": {"size": 5, "motto": "More"}})
    assert api.patch(path, {"custom": {"motto": None}})["custom"] == {"size": 5, "motto": None}
    assert api.patch(path, {"custom": {}})["custom"]["size"] == 5
    assert api.patch(path, {"custom": None}, status=422).problems == {"/custom": "unknown-field"}
    assert api.patch(path, {"custom": {"sise": 1}}, status=422).problems == {"/custom/sise": "unknown-field"}
    assert api.patch(path, {"ext": {"nobody": {"x": 1}}}, status=422).problems == {
        "/ext/nobody/x": "unknown-field"
    }
    assert [a["name"] for a in api.get("/accounts?filter[custom.size][gt]=4&sort=-custom.size")["data"]] == [
        "Acme"
    ]


def test_a_change_names_the_version_it_is_of(api: ApiClient, accounts: dict[str, str], send: Send) -> None:
    path = f"/accounts/{accounts['Acme']}"
    json = "application/merge-patch+json"
    assert send("PATCH", path, b"{}", content_type=json).status_code == 428
    assert send("DELETE", path).status_code == 428
    api.patch(path, {"name": "Acme 2"}, version=1)
    stale = api.patch(path, {"name": "Acme 3"}, version=1, status=412)
    assert stale["version"] == 2
    assert "you had 1" in stale["hint"]
    for text in ("3", '"x"', '"1', "W/", '"99999999999999999999"', "*, *"):
        assert send("PATCH", path, b"{}", content_type=json, If_Match=text).status_code == 412
    for text in ('"2"', 'W/"2"', "2", "*"):
        assert send("PATCH", path, b"{}", content_type=json, If_Match=text).status_code == 200
    assert api.get(path)["name"] == "Acme 2"


def test_an_archived_record_can_be_restored(api: ApiClient, accounts: dict[str, str]) -> None:
    path = f"/accounts/{accounts['Acme']}"
    assert api.delete(path, version=1)["archived_at"]
    assert api.delete(path, version=1, status=412)["code"] == "stale"
    restored = api.post(f"{path}/restore")
    assert (restored["archived_at"], restored["version"]) == (None, 3)


def test_a_bulk_write_does_what_it_can_and_says_what_it_could_not(
    api: ApiClient, accounts: dict[str, str]
) -> None:
    made = api.post("/accounts/bulk", {"create": [{"name": "New"}, {"name": ""}, {"nmae": "x"}]})["results"]
    assert [r["status"] for r in made] == [201, 422, 422]
    assert made[1]["error"]["errors"][0]["pointer"] == "/name"
    ids = accounts["Acme"], accounts["Bolt"]
    items = [
        {"id": ids[0], "version": 1, "values": {"city": "Ulm"}},
        {"id": ids[1], "version": 7, "values": {"city": "Ulm"}},
        {"id": made[0]["record"]["id"], "values": {"city": None}},
        {"id": "00000000-0000-0000-0000-000000000001", "values": {"city": "Ulm"}},
    ]
    changed = api.post("/accounts/bulk", {"update": items})["results"]
    assert [r["status"] for r in changed] == [200, 412, 200, 404]
    assert api.get("/accounts?filter[city]=Ulm&total=true")["total"] == 1
    gone = api.post("/accounts/bulk", {"archive": [*ids, "00000000-0000-0000-0000-000000000001"]})["results"]
    assert [r["status"] for r in gone] == [200, 200, 404]
    assert [r["status"] for r in api.post("/accounts/bulk", {"restore": [ids[0]]})["results"]] == [200]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"create": []},
        {"create": [{}], "archive": []},
        {"delete": []},
        {"create": {"name": "x"}},
        {"create": ["x"]},
        {"update": [{"id": "x", "values": {}}]},
        {"update": [{"id": "00000000-0000-0000-0000-000000000001"}]},
        {"update": [{"id": "00000000-0000-0000-0000-000000000001", "values": {}, "version": "1"}]},
        {"archive": [5]},
        {"create": [{"name": "x"}] * 1001},
    ],
)
def test_a_bulk_write_that_cannot_be_understood_does_nothing(still: ApiClient, body: object) -> None:
    still.post("/accounts/bulk", body, status=400)
    assert still.get("/accounts?total=true&archived=all")["total"] == 4


def test_another_system_writes_by_its_own_ids(api: ApiClient, send: Send) -> None:
    path = "/accounts/by-external-id/sap/4711%2FA"
    api.get(path, status=404)
    made = api.put(path, {"name": "Acme"})
    assert (made.status, made.headers["ETag"]) == (201, '"1"')
    again = api.put(path, {"city": "Ulm"})
    assert (again.status, again["id"], again["version"], again["name"]) == (200, made["id"], 2, "Acme")
    assert api.get(path)["id"] == made["id"]
    assert send("GET", path, If_None_Match='"2"').status_code == 304
    api.put(path, {"city": "Bonn"}, status=412, If_Match='"1"')
    api.put(path, {"city": "Bonn"}, status=412, If_None_Match="*")
    api.put("/accounts/by-external-id/sap/2", {"name": "Bolt"}, status=412, If_Match="*")
    api.put("/accounts/by-external-id/sap/2", {"name": "Bolt"}, status=201, If_None_Match="*")
    assert api.get("/accounts?total=true")["total"] == 2
    for bad in (f"/accounts/by-external-id/{'s' * 61}/1", f"/accounts/by-external-id/s/{'1' * 201}"):
        api.put(bad, {"name": "x"}, status=400)
        api.get(bad, status=400)


def test_duplicates_are_merged_and_taken_apart_again(api: ApiClient, accounts: dict[str, str]) -> None:
    keep, lose = accounts["Acme"], accounts["Cobra"]
    sale = api.post("/opportunities", {"name": "Sale", "account_id": lose})["id"]
    merged = api.post(f"/accounts/{keep}/merge", {"loser": lose})
    assert (merged["record"]["founded"], merged["kept"]) == (1990, [])
    assert merged["moved"] >= 1
    assert api.get(f"/opportunities/{sale}")["account_id"] == keep
    assert api.get(f"/accounts/{lose}")["archived_at"]
    assert api.post(f"/merges/{merged['id']}/undo")["conflicts"] == []
    assert api.get(f"/opportunities/{sale}")["account_id"] == lose
    assert api.get(f"/accounts/{lose}")["archived_at"] is None
    api.post(f"/merges/{merged['id']}/undo", status=409)
    api.post(f"/accounts/{keep}/merge", {"loser": keep}, status=422)
    api.post(f"/accounts/{keep}/merge", {"loser": sale}, status=404)
    api.post(f"/accounts/{keep}/merge", {"loser": "x"}, status=400)


def test_customers_add_fields_of_their_own(api: ApiClient) -> None:
    new = {"key": "tier", "label": "Tier", "kind": "choice", "choices": {"a": "A", "b": "B"}}
    assert api.post("/accounts/fields", new)["key"] == "tier"
    api.post("/accounts/fields", new, status=409)
    assert api.post("/accounts", {"name": "Acme", "custom": {"tier": "c"}}, status=422).problems == {
        "/custom/tier": "invalid"
    }
    api.post("/accounts", {"name": "Acme", "custom": {"tier": "a"}})
    api.patch("/accounts/fields/tier", {"choices": {"b": "B"}}, status=409)
    assert api.patch("/accounts/fields/tier", {"label": "Rank", "archived": True})["label"] == "Rank"
    assert "tier" not in api.get("/accounts")["data"][0]["custom"]
    assert [d["label"] for d in api.get("/accounts/fields")["custom"]] == ["Rank"]
    api.patch("/accounts/fields/none", {"label": "x"}, status=404)
    wrong = {"key": "Bad key", "label": "", "kind": "colour", "scale": 9, "extra": 1}
    assert set(api.post("/accounts/fields", wrong, status=422).problems) >= {"/extra"}
