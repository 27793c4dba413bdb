"""What the plugin shows: the roll-up in the API, panels and a column on pages."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask.testing import FlaskClient

from tenon.app import Tenon
from tenon.identity.actor import Actor
from tenon.testing import ApiClient


@pytest.fixture
def group(tenon: Tenon, actor: Actor) -> UUID:
    """A group with one subsidiary, somebody who works there and an open opportunity each."""
    with tenon.records.writing(actor) as work:
        top = work.create("account", {"name": "Acme Group"}).id
        below = work.create("account", {"name": "Acme Tools", "parent_id": top}).id
        ada = work.create("contact", {"first_name": "Ada", "last_name": "Lovelace"}).id
        place = {"account_id": top, "contact_id": ada, "role": "Buyer", "is_primary": True}
        work.create("account_contact", place)
        for account, amount in ((top, "1000"), (below, "2500.50")):
            work.create("opportunity", {"name": "Sale", "account_id": account, "amount": amount})
    return UUID(str(top))


def test_the_api_answers_with_the_rollup(api: ApiClient, group: UUID) -> None:
    answer = api.get(f"/x/b2b_accounts/accounts/{group}/rollup")
    assert answer.json == {
        "account_id": str(group),
        "accounts": 2,
        "opportunities": 2,
        "amounts": [{"currency": "EUR", "amount": "3500.50", "opportunities": 2}],
    }


def test_the_api_has_no_rollup_of_what_is_not_there(api: ApiClient) -> None:
    api.get(f"/x/b2b_accounts/accounts/{UUID(int=1)}/rollup", status=404)


def test_nobody_gets_the_rollup_without_a_key(tenon: Tenon, api: ApiClient, group: UUID) -> None:
    answer = tenon.app.test_client().get(f"/api/v1/x/b2b_accounts/accounts/{group}/rollup")
    assert answer.status_code == 401


def test_an_account_shows_its_open_business_and_its_people(signed_in: FlaskClient, group: UUID) -> None:
    page = signed_in.get(f"/accounts/{group}").get_data(as_text=True)
    for text in ("Open business", "€3,500.50", "€1,000.00", "Ada Lovelace", "Buyer", "Primary"):
        assert text in page
    assert "could not be shown" not in page


def test_the_list_of_accounts_has_what_is_open_in_each(signed_in: FlaskClient, group: UUID) -> None:
    page = signed_in.get("/accounts").get_data(as_text=True)
    assert "Open amount" in page
    assert "€2,500.50" in page
