"""What no well-meaning client sends: each is answered clearly, and nothing is lost or done by halves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from tenon.app import Tenon, add_faces
from tenon.settings import Settings
from tenon.testing import ApiClient
from tenon.testing.deployments import Deployments
from tenon.testing.people import make_actor
from tests.rest.conftest import Send

JSON = "application/json"


@pytest.fixture(scope="module")
def served(tenon_deployments: Deployments) -> Iterator[Tenon]:
    made = tenon_deployments.compose(Settings.for_tests(plugins=["b2b_accounts"]))
    add_faces(made)
    yield made
    tenon_deployments.discard(made)


@pytest.fixture(scope="module")
def api(served: Tenon) -> ApiClient:
    """The API of the module's deployment."""
    return ApiClient.of(served, make_actor(served))


@pytest.fixture(scope="module")
def send(served: Tenon) -> Send:
    """Send anything at all."""
    user = make_actor(served).id
    assert user is not None
    _row, key = served.identity.create_api_key(user, "raw")
    client = served.app.test_client(use_cookies=False)

    def sent(
        method: str, path: str, data: Any = None, *, content_type: str | None = JSON, **headers: str
    ) -> Any:
        given = {"Authorization": f"Bearer {key}"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        return client.open(
            f"/api/v1{path}", method=method, data=data, content_type=content_type, headers=given
        )

    return sent


def deep(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not-json"),
        (b"{", "not-json"),
        (b"nothing", "not-json"),
        (b'{"name": "Acme",}', "not-json"),
        (b'{"name": NaN}', "not-json"),
        (b'{"name": "\xff"}', "not-json"),
        ('{"name": "Ä"}'.encode("latin-1"), "not-json"),
        ('{"name": "Acme"}'.encode("utf-16"), "not-json"),
        (b'\xef\xbb\xbf{"name": "Acme"}', "not-json"),
        (b'{"name": "\\ud800"}', "not-json"),
        (deep(100_000), "not-json"),
        (deep(33), "too-deep"),
        (b'{"a":' + b"[" * 200 + b"]" * 200 + b"}", "too-deep"),
        (b"[]", "not-an-object"),
        (b"null", "not-an-object"),
        (b'"Acme"', "not-an-object"),
        (b"1", "not-an-object"),
        (b'{"name": "Acme", "name": "Bolt"}', "repeated-key"),
        (b'{"custom": {"a": 1, "\\u0061": 2}, "name": "Acme"}', "repeated-key"),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(send: Send, api: ApiClient, body: bytes, code: str) -> None:
    answer = send("POST", "/accounts", body)
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert [error["code"] for error in answer.json["errors"]] == [code]  # type: ignore[index]
    assert api.get("/accounts?total=true")["total"] == 0


@pytest.mark.parametrize("name", ['a "quoted": name', "back\\slash\\", '"', "{:}", "é\u2028é", '\\"x\\":'])
def test_a_text_may_look_like_json(api: ApiClient, name: str) -> None:
    made = api.post("/contacts", {"last_name": name, "custom": {}})
    assert made["last_name"] == name


def test_a_body_may_be_as_deep_as_the_limit(send: Send) -> None:
    answer = send("POST", "/accounts", deep(32))
    assert [e["code"] for e in answer.json["errors"]] == ["unknown-field", "required"]  # type: ignore[index]


@pytest.mark.parametrize(
    "kind",
    [None, "text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data"],
)
def test_another_content_type_is_415(send: Send, kind: str | None) -> None:
    answer = send("POST", "/accounts", b'{"name": "Acme"}', content_type=kind)
    assert (answer.status_code, answer.content_type) == (415, "application/problem+json")
    assert "application/json" in answer.json["detail"]  # type: ignore[index]


def test_the_charset_of_json_is_no_matter_but_its_encoding_is(send: Send) -> None:
    assert (
        send("POST", "/contacts/search", b"{}", content_type="application/json; charset=utf-8").status_code
        == 200
    )
    assert send("POST", "/contacts/search", b"{}", content_type="Application/JSON").status_code == 200
    assert send("POST", "/contacts/search", b"\x1f\x8b", Content_Encoding="gzip").status_code == 415


def test_a_body_that_is_too_large_is_413(send: Send) -> None:
    body = json.dumps({"description": "x" * 2_000_000}).encode()
    answer = send("POST", "/accounts", body)
    assert (answer.status_code, answer.content_type) == (413, "application/problem+json")
    assert "2000000 bytes" in answer.json["detail"]  # type: ignore[index]


def test_a_list_of_a_million_is_refused(send: Send) -> None:
    assert send("POST", "/accounts/bulk", b'{"archive": [' + b"1," * 900_000 + b"1]}").status_code == 400
    assert send("POST", "/accounts/bulk", b'{"archive": [' + b"1," * 1_000_000 + b"1]}").status_code == 413
    many = {"filter": {"field": "name", "op": "in", "value": ["x"] * 1001}}
    assert send("POST", "/accounts/search", json.dumps(many)).status_code == 400
    wide = {"filter": {"or": [{"field": "name", "value": "x"}] * 500}}
    assert send("POST", "/accounts/search", json.dumps(wide)).status_code == 400
    assert send("GET", "/accounts?filter[name][in]=" + "x," * 50_000).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {"page": {"size": 10**9}},
        {"page": {"size": "5"}},
        {"page": {"size": True}},
        {"page": {"size": 1.5}},
        {"page": {"after": 5}},
        {"page": [1]},
        {"page": {"limit": 1}},
        {"limit": 10**9},
        {"filter": []},
        {"filter": {}},
        {"filter": {"field": "name"}},
        {"filter": {"field": 5, "value": 1}},
        {"filter": {"field": "name", "op": ["eq"], "value": 1}},
        {"filter": {"field": "name", "op": "eq", "value": {"$ne": None}}},
        {"filter": {"field": "name", "op": "regex", "value": "^(a+)+$"}},
        {"filter": {"and": [], "or": []}},
        {"filter": {"and": {}}},
        {"filter": {"not": None}},
        {"sort": "name"},
        {"sort": [5]},
        {"fields": None},
        {"include": ["owner"]},
        {"archived": True},
        {"total": "true"},
        {"search": 5},
    ],
)
def test_a_search_that_cannot_be_read_is_refused(api: ApiClient, body: dict[str, Any]) -> None:
    assert (
        api.post("/accounts/search", body, status=400).headers["Content-Type"] == "application/problem+json"
    )


def test_filters_nested_beyond_reason_are_refused(api: ApiClient) -> None:
    found: dict[str, Any] = {"field": "name", "value": "x"}
    for _level in range(13):
        found = {"not": found}
    assert "too large" in api.post("/accounts/search", {"filter": found}, status=400)["detail"]
    api.post("/accounts/search", {"filter": found["not"]})


INJECTIONS = (
    "name'; DROP TABLE b2b_accounts_account; --",
    'name") OR 1=1 --',
    "name) UNION SELECT secret_hash FROM identity_api_key --",
    "$.name'",
    "custom.a' OR '1'='1",
    "custom.$.*",
    "__class__",
    "owner_id.password_hash",
)


@pytest.mark.parametrize("text", INJECTIONS)
def test_sql_in_a_name_is_an_unknown_name(api: ApiClient, text: str) -> None:
    for parameter in ("sort", "fields", "include"):
        api.post("/accounts/search", {parameter: [text]}, status=400)
    api.post("/accounts/search", {"filter": {"field": text, "value": "x"}}, status=400)
    api.get("/accounts/sums", status=400, by=text)
    api.get("/accounts/sums", status=400, of=text)
    assert api.post("/accounts", {"name": "Acme", text: "x"}, status=422).problems
    api.post("/accounts/fields", {"key": text, "label": "A", "kind": "text"}, status=422)
    api.get("/accounts?total=true")


@pytest.mark.parametrize("text", INJECTIONS)
def test_sql_in_a_value_is_a_value(api: ApiClient, text: str) -> None:
    contact = api.post("/contacts", {"last_name": text})["id"]
    for operator in ("eq", "contains", "starts_with"):
        found = {"field": "last_name", "op": operator, "value": text}
        assert [r["id"] for r in api.post("/contacts/search", {"filter": found})["data"]] == [contact]
    api.put(f"/contacts/by-external-id/{'sap;--'}/{UUID(contact)}", {"last_name": "Other"})
    api.delete(f"/contacts/{contact}")


@pytest.mark.parametrize(
    "id_", ["1", "x", "0" * 32, "../accounts", "%00", "%2e%2e", "null", "'--", "9" * 4000]
)
def test_what_is_no_id_is_no_address(send: Send, id_: str) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        answer = send(method, f"/contacts/{id_}")
        assert answer.status_code in (404, 405), answer.text
        assert answer.content_type == "application/problem+json"


def test_an_id_of_nothing_is_404_whatever_is_asked(api: ApiClient) -> None:
    none = UUID(int=5)
    for kind in ("accounts", "opportunities"):
        path = f"/{kind}/{none}"
        api.get(path, status=404)
        api.patch(path, {"name": "x"}, status=404)
        api.delete(path, status=404)
        api.post(f"{path}/restore", status=404)
        api.post(f"{path}/merge", {"loser": str(none)}, status=422)
        api.post(f"{path}/merge", {"loser": str(UUID(int=6))}, status=404)
        api.get(f"{path}/history", status=404)
        api.get(f"{path}/timeline", status=404)
    for part in ("transitions", "stage-history", "approvals"):
        api.get(f"/opportunities/{none}/{part}", status=404)
    api.post(f"/opportunities/{none}/transitions", {"to": "won"}, status=404)
    api.post("/opportunities", {"name": "Sale", "account_id": str(none)}, status=422)
    api.post(f"/merges/{none}/undo", status=404)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("revenue", "1e400"),
        ("revenue", "NaN"),
        ("revenue", "-Infinity"),
        ("revenue", "0.00001"),
        ("revenue", True),
        ("revenue", {}),
        ("employees", 2**63),
        ("employees", "-9223372036854775809"),
        ("employees", 1.5),
        ("employees", "9" * 5000),
        ("name", "x\x00y"),
        ("name", "x" * 201),
        ("name", ["x"]),
        ("website", "javascript:alert(1)"),
        ("email", "a@b"),
        ("parent_id", "1"),
        ("parent_id", ["x"]),
        ("type", 5),
        ("type", []),
    ],
)
def test_a_value_that_no_field_can_hold_is_named(api: ApiClient, field: str, value: Any) -> None:
    assert f"/{field}" in api.post("/accounts", {"name": "Acme", field: value}, status=422).problems


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-02-30", "now", ""]
)
def test_odd_moments_are_refused_or_understood(api: ApiClient, moment: str) -> None:
    for path in (
        "/tasks?filter[created_at][gt]=",
        "/tasks?filter[due_at]=",
        "/tasks?filter[created_at][within]=",
    ):
        api.get(path + moment.replace("+", "%2B"), status=400)
    api.get(f"/tasks/{UUID(int=1)}", as_of=moment, status=400 if moment in ("now", "", "2026-02-30") else 404)


@pytest.mark.parametrize("path", ["//accounts", "/accounts/", "/accounts//sums", "/accounts/sums/", "/", ""])
def test_slashes_too_many_lead_nowhere_and_never_elsewhere(send: Send, path: str) -> None:
    answer = send("GET", path)
    assert answer.status_code in (200, 404)
    assert answer.content_type in ("application/json", "application/problem+json")


def test_a_method_is_the_one_it_says(send: Send, api: ApiClient) -> None:
    contact = api.post("/contacts", {"last_name": "Berg"})["id"]
    for header in ("X_HTTP_Method_Override", "X_HTTP_Method", "X_Method_Override"):
        send("POST", f"/contacts/{contact}/restore", **{header: "DELETE"})
        send("GET", f"/contacts/{contact}", **{header: "DELETE"}, If_Match="*")
    assert send("GET", f"/contacts/{contact}?_method=DELETE").status_code == 400
    assert api.get(f"/contacts/{contact}")["archived_at"] is None


def test_nuls_and_strange_bytes_anywhere_are_refused(send: Send) -> None:
    for path in (
        "/accounts?filter[name]=%00",
        "/accounts?filter[name][contains]=%00",
        "/accounts?filter%00[name]=x",
        "/accounts?sort=%00",
        "/accounts/by-external-id/s/%00",
        "/accounts/by-external-id/%00/s",
        "/accounts/by-external-id/s/a%09b",
        "/accounts?page[after]=%00",
        "/accounts?page[after]=%ff%fe",
        "/accounts?filter[id]=%ff",
    ):
        answer = send("GET", path)
        assert answer.status_code == 400, path
    for path in (
        "/search?q=%00",
        "/accounts?search=%00",
        "/accounts?search=%ed%a0%80",
        "/accounts/%ed%a0%80",
    ):
        assert send("GET", path).status_code in (200, 400, 404), path
