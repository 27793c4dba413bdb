"""What a policy hides is hidden in every answer, and asking for it is asking for nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from tenon.access.policy import ALL_FIELDS, FieldSet, OpenPolicy
from tenon.app import Tenon
from tenon.identity.actor import Actor
from tenon.testing import ApiClient

HIDDEN = frozenset({"revenue", "tax_number"})


class OwnRecords(OpenPolicy):
    """Everybody sees the records that they own, and nobody sees what accounts earn."""

    def scope(
        self, actor: Actor, action: str, entity: str, table: sa.FromClause
    ) -> sa.ColumnElement[bool] | None:
        return table.c.owner_id == actor.id if "owner_id" in table.c else None

    def fields(self, actor: Actor, action: str, entity: str) -> FieldSet:
        if entity != "account":
            return ALL_FIELDS
        return FieldSet(self.known - HIDDEN)

    known: frozenset[str] = frozenset()


@pytest.fixture
def theirs(tenon: Tenon, api: ApiClient, as_role: Callable[..., Actor]) -> dict[str, str]:
    """An account, an opportunity and a contact of somebody else."""
    other = api.acting_as(as_role())
    account = other.post("/accounts", {"name": "Hidden", "revenue": "77", "tax_number": "T1"})["id"]
    found = {
        "accounts": account,
        "opportunities": other.post("/opportunities", {"name": "Hidden", "account_id": account})["id"],
    }
    policy = OwnRecords()
    policy.known = frozenset(tenon.records.registry["account"].fields)
    tenon.access.policy = policy
    return found


def told(answer: Any, id_: str) -> Any:
    """An answer without what has to differ: the id and the address that were asked for."""
    return {k: str(v).replace(id_, "ID") for k, v in answer.json.items()}


@pytest.mark.parametrize("kind", ["accounts", "opportunities"])
def test_a_record_of_others_answers_as_one_that_is_not_there(
    api: ApiClient, theirs: dict[str, str], kind: str
) -> None:
    absent = "00000000-0000-7000-8000-000000000001"

    def answers(id_: str) -> list[Any]:
        path = f"/{kind}/{id_}"
        found = [
            api.get(path, status=404),
            api.patch(path, {"name": "x"}, status=404),
            api.patch(path, {"name": "x"}, version=1, status=404),
            api.delete(path, status=404),
            api.post(f"{path}/restore", status=404),
            api.get(f"{path}/history", status=404),
            api.get(f"{path}/timeline", status=404),
            api.get(path, as_of="2030-01-01T00:00:00Z", status=404),
            api.post(f"{path}/merge", {"loser": absent[:-1] + "2"}, status=404),
        ]
        if kind == "opportunities":
            found += [
                api.get(f"{path}/{part}", status=404)
                for part in ("transitions", "stage-history", "approvals")
            ]
            found += [api.post(f"{path}/transitions", {"to": "engaging"}, status=404)]
        return [told(answer, id_) for answer in found]

    assert answers(theirs[kind]) == answers(absent)


def test_records_of_others_are_in_no_list_count_sum_or_search(api: ApiClient, theirs: dict[str, str]) -> None:
    api.post("/accounts", {"name": "Mine"})
    assert [a["name"] for a in api.get("/accounts?archived=all")["data"]] == ["Mine"]
    assert api.get("/accounts?total=true&page[size]=1")["total"] == 1
    assert api.get("/accounts/sums")["data"] == [{"count": 1}]
    assert api.get("/search?q=hidden")["data"] == []
    assert (
        api.post("/accounts/search", {"filter": {"not": {"field": "name", "value": "x"}}})["data"][0]["name"]
        == "Mine"
    )


def test_a_reference_to_others_records_shows_nothing_of_them(api: ApiClient, theirs: dict[str, str]) -> None:
    mine = api.post("/accounts", {"name": "Mine"})["id"]
    bulk = {
        "update": [
            {"id": theirs["accounts"], "values": {"name": "x"}},
            {"id": mine, "values": {"city": "Ulm"}},
        ]
    }
    assert [r["status"] for r in api.post("/accounts/bulk", bulk)["results"]] == [404, 200]
    gone = api.post("/accounts/bulk", {"archive": [theirs["accounts"], mine]})["results"]
    assert [r["status"] for r in gone] == [404, 200]
    found = api.post("/opportunities/search", {"filter": {"field": "account_id.name", "value": "Hidden"}})
    assert found["data"] == []


@pytest.mark.parametrize("field", sorted(HIDDEN))
def test_a_hidden_field_answers_as_one_that_does_not_exist(
    api: ApiClient, theirs: dict[str, str], field: str
) -> None:
    mine = api.post("/accounts", {"name": "Mine"})
    assert field not in mine.json
    path = f"/accounts/{mine['id']}"
    for query in (f"filter[{field}][gt]=1", f"filter[{field}]=1", f"sort={field}", f"fields={field}"):
        refused = api.get(f"/accounts?{query}", status=400)
        assert field not in re.findall(r"\w+", refused.json.get("hint", ""))
    api.get(f"/accounts/sums?of={field}", status=400)
    api.get(f"/accounts/sums?by={field}", status=400)
    api.get(f"{path}?fields={field}", status=400)
    api.get(f"/opportunities?filter[account_id.{field}]=1", status=400)
    assert api.patch(path, {field: "1"}, status=422).problems == {f"/{field}": "unknown-field"}
    assert field not in [f["path"] for f in api.get("/accounts/fields")["data"]]
    changes = [c for entry in api.get(f"{path}/history")["data"] for c in entry["changes"]]
    assert field not in changes


def test_a_record_cannot_be_put_out_of_ones_own_reach(
    api: ApiClient, theirs: dict[str, str], as_role: Callable[..., Actor]
) -> None:
    mine = api.post("/accounts", {"name": "Mine"})["id"]
    api.patch(f"/accounts/{mine}", {"owner_id": str(as_role().id)}, status=403)
    assert api.get(f"/accounts/{mine}")["version"] == 1
