"""Every route answers for a record out of reach, byte for byte, as for one that is not there.

Taken from the URL map of the API and of the pages, so that a route which is added is asked too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from tenon.app import Tenon
from tenon.identity.actor import Actor, system
from tenon.records import external
from tenon.settings import Settings
from tenon.testing import ApiClient
from tests.access.policies import GRANTS, TABLES, Role, RolePolicy
from tests.web.visitor import Visitor

ABSENT = UUID("01900000-0000-7000-8000-000000000001")
HIDDEN = {"account": frozenset({"revenue", "phone"})}
SALES = Role({"*": ("own", "granted")}, hidden=HIDDEN, fixed=HIDDEN)
OWN_COOKIES = re.compile(
    r"X-CSRFToken\": ?\"[^\"]+\"|csrf_token\" value=\"[^\"]+\"|nonce=\"[^\"]+\"|nonce-[\w+/=-]+"
)


@dataclass(frozen=True)
class Theirs:
    """What somebody else has: ids by collection, of an approval-free deal with its account."""

    ids: dict[str, UUID]


@pytest.fixture
def tenon_settings() -> Settings:
    return Settings.for_tests(plugins=["b2b_accounts"], locale={"currency": "EUR"})


@pytest.fixture
def theirs(tenon: Tenon, actor: Actor, as_role: Callable[..., Actor]) -> Theirs:
    other = as_role(name="Otto")
    with tenon.records.writing(other) as work:
        account = work.create("account", {"name": "Hidden GmbH", "revenue": "777777"})
        contact = work.create("contact", {"last_name": "Hidden"})
        deal = work.create("opportunity", {"name": "Hidden deal", "account_id": str(account.id)})
        about = {"about_entity": "account", "about_id": str(account.id)}
        task = work.create("task", {"subject": "Hidden task", **about})
        activity = work.create("activity", {"subject": "Hidden call", **about})
        external.link(work, "account", {"H-1": account.id}, "sap")
    policy = RolePolicy({"sales": SALES}, {t.name: frozenset(t.fields) for t in tenon.records.registry})
    policy.everybody = "sales"
    TABLES.create_all(tenon.storage.engine)
    tenon.access.policy = policy
    found = {"accounts": account, "contacts": contact, "opportunities": deal, "tasks": task}
    return Theirs({**{name: record.id for name, record in found.items()}, "activities": activity.id})


def body_of(rule: Rule, method: str) -> Any:
    """Something that the route takes."""
    path = rule.rule
    if path.endswith("/merge"):
        return {"loser": str(ABSENT)[:-1] + "7"}
    if path.endswith("/transitions"):
        return {"to": "engaging"}
    if path.endswith("/decision"):
        return {"decision": "approve"}
    return {} if method in ("POST", "PATCH", "PUT") else None


def of_records(app: Flask, prefix: str) -> Iterable[tuple[Rule, str]]:
    """The routes that name one record by its id, with each of their methods."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if rule.rule.startswith("/api/") != (prefix == "/api/"):
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method


def same(answers: list[tuple[int, str, dict[str, str]]], ids: list[str]) -> tuple[Any, Any]:
    """Both answers without the id that was asked for."""
    cleaned = []
    for (status, text, headers), id_ in zip(answers, ids, strict=True):
        kept = {k: v.replace(id_, "ID") for k, v in headers.items() if k not in VARYING}
        text = OWN_COOKIES.sub("TOKEN", text.replace(id_, "ID").replace(id_[:8], "ID"))
        cleaned.append((status, text, {k: OWN_COOKIES.sub("TOKEN", v) for k, v in kept.items()}))
    return cleaned[0], cleaned[1]


VARYING = frozenset({"Date", "X-Request-Id", "Content-Length", "Set-Cookie"})


def test_every_route_of_the_api_answers_alike(
    tenon: Tenon, tenon_app: Flask, api: ApiClient, theirs: Theirs, actor: Actor
) -> None:
    assert actor.id is not None
    _row, secret = tenon.identity.create_api_key(actor.id, "raw")
    client = tenon_app.test_client(use_cookies=False)
    asked = 0
    for rule, method in of_records(tenon_app, "/api/"):
        if "<uuid:id_>" not in rule.rule:
            continue
        collection = rule.rule.split("/")[3]
        for headers in ({}, {"If-Match": "*"}, {"If-Match": '"1"'}):
            hidden = theirs.ids.get(collection)
            if hidden is None:
                continue
            ids = [str(hidden), str(ABSENT)]
            answers = []
            for id_ in ids:
                found = client.open(
                    rule.rule.replace("<uuid:id_>", id_), method=method, json=body_of(rule, method),
                    headers={"Authorization": f"Bearer {secret}", **headers},
                )  # fmt: skip
                answers.append((found.status_code, found.get_data(as_text=True), dict(found.headers)))
            first, second = same(answers, ids)
            assert first == second, f"{method} {rule.rule}"
            assert first[0] in (404, 428), f"{method} {rule.rule}: {first[:2]}"
            asked += 1
    assert asked > 60


def test_every_page_answers_alike(
    tenon: Tenon, tenon_app: Flask, signed_in: FlaskClient, theirs: Theirs
) -> None:
    visitor = Visitor(signed_in)
    asked = 0
    for rule, method in of_records(tenon_app, "/"):
        if "<entity:entity>" not in rule.rule or "<uuid:record_id>" not in rule.rule:
            continue
        for collection, hidden in theirs.ids.items():
            ids = [str(hidden), str(ABSENT)]
            for htmx in (False, True):
                answers = []
                for id_ in ids:
                    path = rule.rule.replace("<entity:entity>", collection).replace("<uuid:record_id>", id_)
                    path = path.replace("<pipeline>", "b2b").replace("<key>", "x")
                    path = re.sub(r"<uuid:\w+>", "0190ffff-0000-7000-8000-000000000007", path)
                    page = visitor.get(path, htmx=htmx) if method == "GET" else visitor.post(
                        path, {"to": "engaging", "_version": "1", "name": "x", "subject": "x"}, htmx=htmx
                    )  # fmt: skip
                    answers.append((page.status, page.html, dict(page.headers)))
                first, second = same(answers, ids)
                assert first == second, f"{method} {rule.rule} {collection}"
                assert "Hidden" not in first[1]
                assert first[0] in (400, 403, 404), f"{method} {rule.rule}: {first[0]}"
                asked += 1
    assert asked > 100


def test_the_control_finds_them_where_there_is_no_policy(
    tenon: Tenon, api: ApiClient, theirs: Theirs
) -> None:
    tenon.access.policy.everybody = None
    assert api.get(f"/accounts/{theirs.ids['accounts']}")["name"] == "Hidden GmbH"


def test_bulk_operations_report_it_as_absent(api: ApiClient, theirs: Theirs) -> None:
    mine = api.post("/accounts", {"name": "Mine"})["id"]
    for kind in ("update", "archive", "restore"):
        results = []
        for id_ in (str(theirs.ids["accounts"]), str(ABSENT)):
            items: list[Any] = [id_, mine] if kind != "update" else [
                {"id": i, "values": {"city": kind}} for i in (id_, mine)
            ]  # fmt: skip
            told = api.post("/accounts/bulk", {kind: items})["results"]
            assert told[1]["status"] == 200
            results.append(str(told[0]).replace(id_, "ID"))
        assert results[0] == results[1]


def test_another_systems_id_of_it_is_read_as_absent_and_not_written(
    tenon: Tenon, api: ApiClient, theirs: Theirs
) -> None:
    texts = [
        str(api.get(f"/accounts/by-external-id/sap/{name}", status=404).json).replace(name, "X")
        for name in ("H-1", "H-2")
    ]
    assert texts[0] == texts[1]
    taken = api.put("/accounts/by-external-id/sap/H-1", {"name": "Taken over"}, status=409)
    assert str(theirs.ids["accounts"]) not in str(taken.json)
    with tenon.records.reading(system("test")) as work:
        assert work.get("account", theirs.ids["accounts"])["name"] == "Hidden GmbH"


def test_a_child_of_it_is_refused_like_one_of_nothing(api: ApiClient, theirs: Theirs) -> None:
    texts = []
    for id_ in (str(theirs.ids["accounts"]), str(ABSENT)):
        refused = [
            api.post("/opportunities", {"name": "Child", "account_id": id_}, status=422),
            api.post("/tasks", {"subject": "x", "about_entity": "account", "about_id": id_}, status=422),
            api.post("/accounts", {"name": "Child", "parent_id": id_}, status=422),
        ]
        texts.append([str(answer.json).replace(id_, "ID") for answer in refused])
    assert texts[0] == texts[1]


def test_it_is_in_no_total_sum_board_search_or_look_up(
    api: ApiClient, signed_in: FlaskClient, theirs: Theirs
) -> None:
    api.post("/accounts", {"name": "Mine"})
    assert api.get("/accounts?total=true&page[size]=1&archived=all")["total"] == 1
    assert api.get("/opportunities/sums?by=stage")["data"] == []
    assert api.get("/search?q=hidden")["data"] == []
    visitor = Visitor(signed_in)
    for path in ("/", "/accounts", "/accounts/lookup?q=h", "/search?q=hidden", "/opportunities/board/b2b",
                 "/accounts/export", "/my-day", "/contacts"):  # fmt: skip
        assert "Hidden" not in visitor.get(path).html.replace("visually-hidden", ""), path


def test_revenue_cannot_be_found_out_by_asking(tenon: Tenon, api: ApiClient, theirs: Theirs) -> None:
    """Attack 3: binary search of a hidden field of a record that one may see."""
    id_ = theirs.ids["accounts"]
    me = api.get("/me")["id"]
    with tenon.storage.writing() as connection:
        connection.execute(sa.insert(GRANTS).values(record_id=id_, user_id=UUID(me)))
    assert api.get(f"/accounts/{id_}")["name"] == "Hidden GmbH"
    for ask in ("filter[revenue][gte]=500000", "sort=revenue", "sort=-revenue", "fields=revenue"):
        api.get(f"/accounts?{ask}", status=400)
    for ask in ("by=revenue", "of=revenue"):
        api.get(f"/accounts/sums?{ask}", status=400)
    api.get("/opportunities?filter[account_id.revenue][gte]=1", status=400)
    whole = api.get(f"/accounts/{id_}?as_of=2100-01-01T00:00:00Z").json
    assert "777777" not in str([whole, api.get(f"/accounts/{id_}/history").json])
    assert "777777" not in str(api.get(f"/accounts/{id_}/timeline").json)


def test_the_document_names_what_its_reader_may_know(api: ApiClient, theirs: Theirs) -> None:
    document = api.get("/openapi.json").json
    assert "name" in document["components"]["schemas"]["account"]["properties"]
    for schema in ("account", "account_new", "account_change"):
        assert not {"revenue", "phone"} & document["components"]["schemas"][schema]["properties"].keys()
    assert "revenue" not in document["components"]["parameters"]["account_filter"]["schema"]["properties"]
    assert {"revenue", "phone"}.isdisjoint(f["path"] for f in api.get("/accounts/fields")["data"])


def test_pages_name_no_hidden_field(
    tenon: Tenon, signed_in: FlaskClient, theirs: Theirs, actor: Actor
) -> None:
    visitor = Visitor(signed_in)
    with tenon.records.writing(actor) as work:
        mine = work.create("account", {"name": "Mine"}).id
    own = f"/accounts/{mine}"
    pages = ("/accounts", "/accounts?add=revenue", "/accounts/new", own, f"{own}/edit", f"{own}/history",
             "/accounts?columns=name,revenue")  # fmt: skip
    for path in pages:
        page = visitor.get(path)
        assert page.status == 200, path
        assert "Revenue" not in page.text, path
    refused = visitor.get("/accounts?filter[revenue][gte]=1")
    assert "Revenue" not in refused.text
    edited = visitor.post(f"/accounts/{mine}/edit", {"name": "Mine", "revenue": "9", "_version": "1"})
    assert edited.status in (303, 422)
    with tenon.records.reading(system("test")) as work:
        assert work.get("account", mine)["revenue"] is None


def test_a_shared_view_of_a_hidden_field_is_not_offered(
    tenon: Tenon, signed_in: FlaskClient, theirs: Theirs
) -> None:
    visitor = Visitor(signed_in)
    for name, query in (("Big ones", "filter[revenue][gte]=1"), ("By phone", "sort=phone"),
                        ("By city", "sort=city&columns=name,revenue")):  # fmt: skip
        visitor.post(f"/accounts/views?{query}", {"name": name, "shared": "1"})
    page = visitor.get("/accounts")
    assert "By city" in page.text
    assert "Big ones" not in page.text
    assert "By phone" not in page.text
    assert not any("revenue" in link for link in page.links)
