"""Attacks that write by way of the API, with a policy in force: see docs/reference/attacks.md."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import uuid4

import pytest

from tenon.testing import ApiClient
from tests.access.company import COLLECTIONS, SECRET, Company, told

# 2: values that are the system's to set

SYSTEMS = {
    "id": str(uuid4()),
    "tenant_id": "t2",
    "created_by": str(uuid4()),
    "created_at": "2020-01-01T00:00:00Z",
    "updated_at": "2020-01-01T00:00:00Z",
    "archived_at": None,
    "version": 99,
    "admin": True,
    "roles": ["boss"],
    "_sa_instance_state": {},
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_nobody_sets_what_is_the_systems_to_set(firm: Company, name: str) -> None:
    rep, id_ = firm.api("rep"), firm.own["account"]
    before = firm.values("account", id_)
    rep.patch(f"/accounts/{id_}", {name: SYSTEMS[name], "name": "New"}, status=422)
    rep.post("/accounts", {"name": "New", name: SYSTEMS[name]}, status=422)
    bulk = rep.post("/accounts/bulk", {"update": [{"id": id_, "values": {name: SYSTEMS[name]}}]})
    assert [r["status"] for r in bulk["results"]] == [422]
    assert firm.values("account", id_) == before


@pytest.mark.parametrize(
    "values", [{"admin": True}, {"roles": ["boss"]}, {"manager_id": None}, {"name": "X"}]
)
@pytest.mark.parametrize("who", ["rep", "manager", "boss", "nobody"])
def test_nobody_makes_more_of_themselves(firm: Company, who: str, values: dict[str, Any]) -> None:
    me = str(firm.people[who].id)
    firm.api(who).patch(f"/users/{me}", values, status=403)
    found = firm.tenon.identity.actor_for_user(firm.people[who].id)  # type: ignore[arg-type]
    assert (found and found.admin, found and found.roles) == (False, firm.people[who].roles)


def test_an_owner_is_another_only_by_who_may_assign(firm: Company) -> None:
    rep, clerk = str(firm.people["rep"].id), firm.api("clerk")
    clerk.patch(f"/accounts/{firm.own['account']}", {"owner_id": str(firm.people["clerk"].id)}, status=403)
    firm.api("rep").patch(f"/accounts/{firm.hidden['account']}", {"owner_id": rep}, status=404)
    assert str(firm.values("account", firm.own["account"])["owner_id"]) == rep
    assert str(firm.values("account", firm.hidden["account"])["owner_id"]) != rep


# 8: hidden records among one's own


@pytest.mark.parametrize("deed", ["update", "archive", "restore"])
def test_a_bulk_write_does_ones_own_and_finds_no_others(firm: Company, deed: str) -> None:
    ids = [firm.own["account"], firm.hidden["account"], str(uuid4())]
    items = [{"id": id_, "values": {"city": "Ulm"}} for id_ in ids] if deed == "update" else ids
    before = firm.values("account", firm.hidden["account"])
    results = firm.api("rep").post("/accounts/bulk", {deed: items})["results"]
    assert [r["status"] for r in results] == [200, 404, 404]
    hidden, absent = (json.dumps(r).replace(id_, "ID") for r, id_ in zip(results[1:], ids[1:], strict=True))
    assert hidden == absent
    assert firm.values("account", firm.hidden["account"]) == before


def test_nobody_merges_what_they_do_not_see(firm: Company) -> None:
    rep, own, hidden, absent = firm.api("rep"), firm.own["account"], firm.hidden["account"], str(uuid4())
    taken = told(rep.post(f"/accounts/{own}/merge", {"loser": hidden}, status=404), hidden)
    assert taken == told(rep.post(f"/accounts/{own}/merge", {"loser": absent}, status=404), absent)
    given = told(rep.post(f"/accounts/{hidden}/merge", {"loser": own}, status=404), hidden)
    assert given == told(rep.post(f"/accounts/{absent}/merge", {"loser": own}, status=404), absent)
    assert firm.values("account", hidden)["archived_at"] is None


# 17: keys


def test_a_key_that_reads_writes_nothing_anywhere(firm: Company) -> None:
    """On every operation of the document that writes."""
    key = firm.api("boss", "*:read")
    document = key.get("/openapi.json").json
    reading = re.compile(r"/search$|^/x/permissions/.*(whatif|check)")
    refused = 0
    for path, item in document["paths"].items():
        entity = next((e for e, c in COLLECTIONS.items() if path.startswith(f"/{c}/")), "account")
        address = re.sub(r"\{id\}", firm.own[entity], path)
        address = re.sub(r"\{\w+\}", "x", address)
        for method in item.keys() & {"put", "patch", "post", "delete"}:
            if reading.search(path):
                continue
            answer = sent(key, method, address)
            assert answer.status_code in (400, 403, 404, 415, 422), (method, path, answer.text)
            refused += answer.status_code == 403
    assert refused > 40
    assert firm.values("account", firm.own["account"])["version"] == 1


def sent(key: ApiClient, method: str, address: str) -> Any:
    kind = "application/merge-patch+json" if method == "patch" else "application/json"
    headers = {"Authorization": f"Bearer {key._key}", "If-Match": '"1"'}
    return key._client.open(
        f"/api/v1{address}", method=method.upper(), data=b'{"name": "x"}', content_type=kind, headers=headers
    )


def test_a_key_of_somebody_who_was_demoted_is_demoted_with_them(firm: Company) -> None:
    key = firm.api("boss")
    assert key.get("/accounts?total=true")["total"] == 2
    firm.tenon.identity.users.set_access(firm.people["boss"].id, roles=["sales"])  # type: ignore[arg-type]
    assert key.get("/accounts?total=true")["total"] == 0
    firm.tenon.identity.users.set_active(firm.people["boss"].id, False)  # type: ignore[arg-type]
    key.get("/accounts", status=401)


# 27: a child of a parent that one does not see

CHILDREN = {
    "opportunities": {"name": "Child", "account_id": "parent"},
    "accounts": {"name": "Child", "parent_id": "parent"},
    "account-contacts": {"contact_id": "own", "account_id": "parent"},
    "activities": {"subject": "Child", "about_entity": "account", "about_id": "parent"},
    "tasks": {"subject": "Child", "about_entity": "account", "about_id": "parent"},
}


def child(firm: Company, collection: str, parent: str, status: int) -> Any:
    known = {"parent": parent, "own": firm.own["contact"]}
    values = {name: known.get(value, value) for name, value in CHILDREN[collection].items()}
    return firm.api("rep").post(f"/{collection}", values, status=status)


@pytest.mark.parametrize("collection", CHILDREN)
def test_a_child_of_a_hidden_parent_is_a_child_of_nothing(firm: Company, collection: str) -> None:
    parent, absent = firm.hidden["account"], str(uuid4())
    hidden = child(firm, collection, parent, 422)
    assert told(hidden, parent) == told(child(firm, collection, absent, 422), absent)
    assert SECRET not in json.dumps(hidden.json)
    # The control: with a parent of one's own there is nothing wrong with it.
    child(firm, collection, firm.own["account"], 201)
