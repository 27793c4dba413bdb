"""Moves between stages, what they need, whose approval, and what is remembered of them."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from tenon.app import Tenon
from tenon.clock import ManualClock
from tenon.identity.actor import Actor
from tenon.testing import ApiClient

STEP = {"approvers": ["manager"]}
SIGN_OFF = {"new_business": {"approvals": [{"to": "negotiation", "key": "sign_off", "steps": [STEP]}]}}


@pytest.fixture
def sale(api: ApiClient) -> str:
    """The address of an opportunity."""
    return f"/opportunities/{api.post('/opportunities', {'name': 'Sale'})['id']}"


def test_the_moves_say_what_is_missing_for_each(api: ApiClient, sale: str) -> None:
    found = api.get(f"{sale}/transitions")
    assert (found["pipeline"], found["stage"]) == ("new_business", "prospecting")
    moves = {move["to"]: move for move in found["data"]}
    assert moves["engaging"]["allowed"]
    assert not moves["proposal"]["allowed"]
    assert {reason["pointer"] for reason in moves["proposal"]["missing"]} == {"/amount", "/close_date"}


def test_a_move_is_made_with_the_values_it_needs(api: ApiClient, sale: str) -> None:
    values = {"amount": "500", "close_date": "2026-12-01"}
    moved = api.post(f"{sale}/transitions", {"to": "proposal", "values": values}, If_Match='"1"')
    assert (moved.status, moved["stage"], moved["amount"]) == (200, "proposal", "500.00")
    assert moved.headers["ETag"] == f'"{moved["version"]}"'
    api.post(f"{sale}/transitions", {"to": "engaging"}, If_Match='"1"', status=412)


def test_a_refused_move_gives_every_reason_and_changes_nothing(api: ApiClient, sale: str) -> None:
    refused = api.post(f"{sale}/transitions", {"to": "won"}, status=409)
    assert refused["code"] == "guarded"
    assert set(refused.problems) == {"/account_id", "/amount"}
    assert api.get(sale)["version"] == 1


def test_a_plain_change_of_the_stage_meets_the_same_guards(api: ApiClient, sale: str) -> None:
    assert set(api.patch(sale, {"stage": "won"}, status=409).problems) == {"/account_id", "/amount"}
    assert api.patch(sale, {"stage": "engaging"})["stage"] == "engaging"


def test_a_move_against_the_guards_needs_a_reason(api: ApiClient, sale: str) -> None:
    refused = api.post(f"{sale}/transitions", {"to": "won", "override": True}, status=409)
    assert "/reason" in refused.problems
    moved = api.post(f"{sale}/transitions", {"to": "won", "override": True, "reason": "Signed on paper"})
    assert moved["stage"] == "won"
    (last, *_rest) = api.get(f"{sale}/stage-history")["data"][::-1]
    assert (last["overridden"], last["reason"]) == (True, "Signed on paper")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/to"),
        ({"to": 5}, "/to"),
        ({"to": "engaging", "at": "2020-01-01"}, "/at"),
        ({"to": "engaging", "values": []}, "/values"),
        ({"to": "engaging", "reason": 1}, "/reason"),
        ({"to": "engaging", "override": "yes"}, "/override"),
        ({"to": "engaging", "values": {"nmae": 1}}, "/nmae"),
    ],
)
def test_a_move_that_cannot_be_read_is_refused(
    api: ApiClient, sale: str, body: dict[str, object], pointer: str
) -> None:
    assert pointer in api.post(f"{sale}/transitions", body, status=422).problems


def test_a_stage_that_is_not_there_is_told(api: ApiClient, sale: str) -> None:
    refused = api.post(f"{sale}/transitions", {"to": "propsal"}, status=422)
    assert "/stage" in refused.problems


def test_the_stages_it_was_in_are_told_with_their_durations(
    api: ApiClient, sale: str, clock: ManualClock
) -> None:
    clock.advance(hours=2)
    api.post(f"{sale}/transitions", {"to": "engaging"})
    stays = [stay for stay in api.get(f"{sale}/stage-history")["data"] if stay["kind"] == "stage"]
    assert [(stay["stage"], stay["seconds"]) for stay in stays] == [("prospecting", 7200), ("engaging", None)]
    assert "stage" in {item["kind"] for item in api.get(f"{sale}/timeline")["data"]}
    assert api.get(f"{sale}/history")["data"][0]["changes"]["stage"]["after"] == "engaging"


def test_only_what_has_stages_can_be_moved(api: ApiClient, accounts: dict[str, str]) -> None:
    api.get(f"/accounts/{accounts['Acme']}/transitions", status=404)
    api.post(f"/accounts/{accounts['Acme']}/transitions", {"to": "won"}, status=404)


def test_pipelines_are_listed_with_their_stages(still: ApiClient) -> None:
    pipelines = {p["key"]: p for p in still.get("/pipelines")["data"]}
    assert set(pipelines) == {"new_business", "renewal"}
    assert [s["key"] for s in pipelines["new_business"]["stages"]][-2:] == ["won", "lost"]


@pytest.fixture
def asked(tenon: Tenon, api: ApiClient, as_role: Callable[..., Actor]) -> tuple[ApiClient, ApiClient, str]:
    """A seller, their manager, and an opportunity that is ready for a stage that needs approval."""
    boss = as_role(name="Boss")
    seller = as_role(name="Seller", manager_id=boss.id)
    by_seller = api.acting_as(seller)
    values = {"name": "Sale", "amount": "500", "close_date": "2026-12-01"}
    return by_seller, api.acting_as(boss), f"/opportunities/{by_seller.post('/opportunities', values)['id']}"


@pytest.mark.tenon(pipelines=SIGN_OFF)
def test_a_move_that_others_must_agree_to_waits_for_them(
    asked: tuple[ApiClient, ApiClient, str],
) -> None:
    seller, boss, sale = asked
    waiting = seller.post(
        f"{sale}/transitions", {"to": "negotiation", "reason": "Ready"}, Idempotency_Key="a"
    )
    assert waiting.status == 202
    assert waiting["approval"]["status"] == "pending"
    id_ = waiting["approval"]["id"]
    assert seller.get(sale)["stage"] == "prospecting"
    assert [a["id"] for a in boss.get("/approvals")["data"]] == [id_]
    assert seller.get("/approvals")["data"] == []
    assert [a["id"] for a in seller.get(f"{sale}/approvals")["data"]] == [id_]
    seller.post(f"/approvals/{id_}/decision", {"decision": "approve"}, status=403)
    boss.post(f"/approvals/{id_}/decision", {"decision": "maybe"}, status=400)
    boss.post(f"/approvals/{id_}/decision", {"decision": "approve", "comment": 5}, status=400)
    done = boss.post(
        f"/approvals/{id_}/decision", {"decision": "approve", "comment": "Go"}, Idempotency_Key="b"
    )
    assert (done["status"], done["votes"][0]["comment"]) == ("done", "Go")
    assert seller.get(sale)["stage"] == "negotiation"
    boss.post(f"/approvals/{id_}/decision", {"decision": "approve"}, status=409)
    boss.get(f"/approvals/{UUID(int=1)}", status=404)


@pytest.mark.tenon(pipelines=SIGN_OFF)
def test_a_key_made_to_read_cannot_approve(
    tenon: Tenon, api: ApiClient, asked: tuple[ApiClient, ApiClient, str]
) -> None:
    seller, boss, sale = asked
    id_ = seller.post(f"{sale}/transitions", {"to": "negotiation"})["approval"]["id"]
    me = tenon.identity.actor_for_user(UUID(boss.get("/me")["id"]))
    assert me is not None
    reader, contacts = api.acting_as(me, "*:read"), api.acting_as(me, "contact:*")
    assert reader.get(f"/approvals/{id_}")["id"] == id_
    reader.post(f"/approvals/{id_}/decision", {"decision": "approve"}, status=403)
    assert contacts.get("/approvals")["data"] == []
    contacts.get(f"/approvals/{id_}", status=403)
    voter = api.acting_as(me, "opportunity:approve", "opportunity:read")
    assert voter.post(f"/approvals/{id_}/decision", {"decision": "reject"})["status"] == "rejected"


@pytest.mark.tenon(pipelines=SIGN_OFF)
def test_who_asked_can_take_it_back(asked: tuple[ApiClient, ApiClient, str]) -> None:
    seller, boss, sale = asked
    id_ = seller.post(f"{sale}/transitions", {"to": "negotiation"})["approval"]["id"]
    boss.post(f"/approvals/{id_}/decision", {"decision": "recall"}, status=403)
    assert seller.post(f"/approvals/{id_}/decision", {"decision": "recall"})["status"] == "recalled"
    assert boss.get("/approvals")["data"] == []
