"""The OpenAPI document: complete, stable, and no more than who asks may know."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tenon.app import Tenon, add_faces
from tenon.identity.actor import Actor
from tenon.testing import ApiClient
from tests.rest.documented import Documented

DIGEST = Path(__file__).with_name("contract.txt")


@pytest.fixture(scope="module")
def document(still: ApiClient) -> Any:
    return still.get("/openapi.json").json


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield method.upper(), path, operation


def digest(document: Any) -> str:
    """A line for every operation: what it is called, and which statuses it answers with."""
    lines = [
        f"{method} {path[1:] or 'the index'} {operation['operationId']} {' '.join(operation['responses'])}"
        for method, path, operation in operations(document)
    ]
    return "\n".join(sorted(lines)) + "\n"


def test_the_contract_changes_only_when_somebody_means_it(document: Any) -> None:
    """After a change that is meant: ``rm tests/rest/contract.txt``, run this test twice, read the diff."""
    found = digest(document)
    if not DIGEST.exists():
        DIGEST.write_text(found)
        pytest.fail(f"{DIGEST.name} was written anew: read its diff")
    assert found == DIGEST.read_text()


def test_every_kind_of_record_has_every_operation(document: Any, still: ApiClient) -> None:
    for type_ in still._tenon.records.registry:
        paths = {path for _m, path, _o in operations(document) if path.split("/")[1] == type_.collection}
        assert len(paths) == (15 if type_.stages else 12), type_.name
        assert type_.name in document["components"]["schemas"]


def test_every_operation_has_a_name_of_its_own_a_tag_and_a_summary(document: Any) -> None:
    names = [operation["operationId"] for _m, _p, operation in operations(document)]
    assert len(names) == len(set(names))
    known = {tag["name"] for tag in document["tags"]}
    for _method, _path, operation in operations(document):
        assert operation["summary"]
        assert set(operation["tags"]) <= known
        assert operation["tags"]


def test_every_reference_in_the_document_leads_somewhere(document: Any) -> None:
    def references(part: Any) -> Iterator[str]:
        if isinstance(part, dict):
            if isinstance(part.get("$ref"), str):
                yield part["$ref"]
            for value in part.values():
                yield from references(value)
        elif isinstance(part, list):
            for value in part:
                yield from references(value)

    for reference in set(references(document)):
        place = document
        for name in reference.removeprefix("#/").split("/"):
            place = place[name]


def test_every_field_that_can_be_filtered_by_is_a_parameter(document: Any) -> None:
    schema = document["components"]["parameters"]["account_filter"]["schema"]
    assert {"name", "revenue", "owner_id", "created_at"} <= set(schema["properties"])
    used = json.dumps(document["paths"]["/accounts"]["get"]["parameters"])
    assert "#/components/parameters/account_filter" in used


def test_examples_are_accepted(document: Any, api: ApiClient) -> None:
    for name in ("account", "task", "product", "opportunity"):
        (example,) = document["components"]["schemas"][f"{name}_new"]["examples"]
        collection = api._tenon.records.registry[name].collection
        assert api.post(f"/{collection}", example).status == 201
    (search,) = document["components"]["schemas"]["Search"]["examples"]
    assert len(api.post("/accounts/search", search)["data"]) == 1


def test_customers_own_fields_are_told_to_who_has_a_key(api: ApiClient, tenon_app: Flask) -> None:
    api.post("/accounts/fields", {"key": "risk", "label": "Risk of default", "kind": "integer"})
    client = tenon_app.test_client()
    assert "Risk of default" in json.dumps(api.get("/openapi.json").json)
    anybody = client.get("/api/v1/openapi.json")
    assert anybody.status_code == 200
    assert "Risk of default" not in anybody.text
    wrong = client.get("/api/v1/openapi.json", headers={"Authorization": "Bearer tenon_wrong"})
    assert wrong.status_code == 401


def test_the_limits_are_those_of_the_deployment(document: Any, still: ApiClient) -> None:
    size = document["components"]["parameters"]["page_size"]["schema"]
    assert (size["default"], size["maximum"]) == (50, 200)


def test_the_api_begins_with_an_index(still: ApiClient) -> None:
    index = still._tenon.app.test_client().get("/api/v1/")
    assert index.status_code == 200
    assert index.json is not None
    assert {c["entity"] for c in index.json["collections"]} == set(still._tenon.records.registry.types)
    for link in (*index.json["links"].values(), *(c["href"] for c in index.json["collections"])):
        path = link.removeprefix("/api/v1")
        assert still.get(f"{path}?q=a" if path == "/search" else path).status == 200


def test_a_plugins_own_routes_are_in_the_document(document: Any) -> None:
    own = document["paths"]["/x/b2b_accounts/accounts/{id}/rollup"]["get"]
    assert own["tags"] == ["b2b_accounts"]
    assert set(own["responses"]) >= {"200", "401", "404", "429", "503"}
    assert "AccountRollup" in document["components"]["schemas"]


@pytest.mark.parametrize("lack", ["status", "field", "kind"])
def test_an_answer_that_the_document_lacks_is_noticed(
    tenon: Tenon, actor: Actor, document: Any, lack: str
) -> None:
    wrong = copy.deepcopy(document)
    read = wrong["paths"]["/accounts/{id}"]["get"]["responses"]
    if lack == "status":
        del read["200"]
    elif lack == "field":
        wrong["components"]["schemas"]["account"]["properties"]["name"] = {"type": "integer"}
    else:
        read["200"]["content"] = {"text/plain": {}}
    add_faces(tenon)
    tenon.app.testing = True
    tenon.app.after_request(Documented(wrong).check)
    with tenon.records.writing(actor) as work:
        made = work.create("account", {"name": "Acme"})
    with pytest.raises(AssertionError, match=r"200|integer|text/plain"):
        ApiClient.of(tenon, actor).get(f"/accounts/{made.id}")
