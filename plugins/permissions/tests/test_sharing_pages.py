"""Sharing by the API and on a record's page."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from plugins.permissions.tests.shared import give, grants, make, rule
from tenon.testing import ApiClient
from tenon.testing.people import PASSWORD, sign_in


@pytest.fixture
def acme(sales):
    return sales.account("Acme", "rita")


def place(record, what: str = "shares") -> str:
    return f"/x/permissions/accounts/{record}/{what}"


def test_the_api_shares_lists_and_takes_away(sales, tenon_app, acme):
    api = ApiClient.of(sales.tenon, sales.rita)
    body = {"principal_kind": "user", "principal_id": str(sales.rosa.id), "level": "change"}
    listed = api.post(place(acme), body)
    assert [(s["name"], s["level"], s["cause"], s["by_hand"]) for s in listed["data"]] == [
        ("Rosa", "change", "hand", True)
    ]
    assert listed["may_give"] == "full"
    api.post(place(acme, "team"), {"user_id": str(sales.mia.id), "function": "engineer"})
    assert {s["function"] for s in api.get(place(acme))["data"]} == {None, "engineer"}
    api.delete(f"{place(acme, 'team')}?user_id={sales.mia.id}", status=204)
    api.delete(f"{place(acme)}?principal_id={sales.rosa.id}", status=204)
    assert api.get(place(acme))["data"] == []


def test_a_hidden_record_answers_as_an_absent_one(sales, tenon_app, acme):
    api = ApiClient.of(sales.tenon, sales.rosa)
    body = {"principal_kind": "user", "principal_id": str(sales.rosa.id)}
    for method, data in (("get", ()), ("post", (body,))):
        texts = []
        for id_ in (acme, UUID(int=7)):
            answer = getattr(api, method)(place(id_), *data, status=404)
            texts.append(str(answer.json).replace(str(id_), "…"))
        assert texts[0] == texts[1]


def test_who_sees_and_may_not_share_is_told_so(sales, tenon_app, acme):
    give(sales, "rita", acme, "rosa")
    api = ApiClient.of(sales.tenon, sales.rosa)
    api.get(place(acme), status=403)
    api.delete(f"{place(acme)}?principal_id={sales.rosa.id}", status=403)


def test_a_key_that_may_only_read_does_not_share(sales, tenon_app, acme):
    api = ApiClient.of(sales.tenon, sales.rita, "account:read", "user:read")
    api.get(place(acme), status=403)


def test_what_is_sent_wrongly_is_refused_with_its_place(sales, tenon_app, acme):
    api = ApiClient.of(sales.tenon, sales.rita)
    rosa = str(sales.rosa.id)
    for body, pointer in (
        ({"principal_kind": "user", "principal_id": "rosa"}, "/principal_id"),
        ({"principal_kind": "user", "principal_id": rosa, "level": "all"}, "/level"),
        ({"principal_kind": "user", "principal_id": rosa, "until": "tomorrow"}, "/until"),
        ({"principal_kind": "user", "principal_id": rosa, "until": "2026-01-01T00:00:00"}, "/until"),
        ({"principal_kind": "user", "principal_id": rosa, "owner": 1}, "/owner"),
        ({"principal_kind": "user", "principal_id": str(UUID(int=9))}, "/principal_id"),
    ):
        assert pointer in api.post(place(acme), body, status=422).problems
    api.post(place(acme), [1], status=400)
    api.delete(place(acme), status=400)
    api.get("/x/permissions/nothings/" + str(acme) + "/shares", status=404)


def test_the_document_describes_sharing(sales, tenon_app):
    document = ApiClient.of(sales.tenon, sales.ada).get("/openapi.json").json
    path = document["paths"]["/x/permissions/{collection}/{id}/shares"]
    assert {"get", "post", "delete"} <= path.keys()
    assert "Shares" in document["components"]["schemas"]


@pytest.fixture
def browser(sales, tenon_app):
    """Pages as somebody sees them, by first name."""

    def opened(name: str):
        actor = sales.people[name]
        sales.tenon.identity.set_password(actor.id, PASSWORD)
        client = tenon_app.test_client()
        sign_in(sales.tenon, client, str(actor.email))
        return client

    return opened


def form(page: str, **values: str) -> dict[str, str]:
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    return {"csrf_token": token[1], **values}


def test_the_panel_shares_and_takes_away_without_a_script(sales, browser, acme):
    rule(sales, user_id=sales.mia.id)
    client = browser("rita")
    page = client.get(f"/accounts/{acme}").get_data(as_text=True)
    assert "Shared with" in page
    assert "By a sharing rule" in page
    sent = form(
        page, principal=f"user:{sales.rosa.id}", level="change", cause="hand", until="2099-01-01T10:00"
    )
    answer = client.post(place(acme), data=sent, follow_redirects=True)
    text = answer.get_data(as_text=True)
    assert "It is shared." in text
    assert "Shared by" in text
    assert grants(sales, acme) == {("hand", "change"), ("rule", "read")}
    taken = form(text, principal=f"user:{sales.rosa.id}", cause="hand")
    client.post(f"{place(acme)}/take", data=taken, follow_redirects=True)
    assert grants(sales, acme) == {("rule", "read")}


def test_the_panel_is_not_there_for_who_may_not_share(sales, browser, acme):
    give(sales, "rita", acme, "rosa")
    client = browser("rosa")
    assert "Shared with" not in client.get(f"/accounts/{acme}").get_data(as_text=True)
    assert client.get(place(acme)).status_code == 403


def test_the_page_finds_people_by_name(sales, browser, acme):
    client = browser("rita")
    text = client.get(f"{place(acme)}?q=ros").get_data(as_text=True)
    assert "Rosa" in text
    assert ">Ravi<" not in text


def test_a_form_without_its_token_changes_nothing(sales, browser, acme):
    client = browser("rita")
    answer = client.post(place(acme), data={"principal": f"user:{sales.rosa.id}", "level": "read"})
    assert answer.status_code == 400
    assert grants(sales, acme) == set()


def test_administrators_reach_rules_and_territories(sales, browser):
    make(sales, "territory", name="South")
    client = browser("ada")
    for address in ("/sharing-rules", "/sharing-rules/new", "/territories", "/territory-members/new"):
        assert client.get(address).status_code == 200
    assert browser("rita").get("/sharing-rules").status_code == 403
