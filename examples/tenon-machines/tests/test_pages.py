"""What a contact's page shows of machines."""

from __future__ import annotations

from flask.testing import FlaskClient

from tenon.testing import ApiClient


def test_a_contacts_page_lists_their_machines(api: ApiClient, signed_in: FlaskClient) -> None:
    person = api.post("/contacts", {"last_name": "Berg"})
    api.post(
        "/machines", {"serial_number": "TN-77", "party_id": person["id"], "warranty_until": "2026-06-01"}
    )

    page = signed_in.get(f"/contacts/{person['id']}").text

    assert "TN-77" in page
    assert "Warranty until 2026-06-01" in page


def test_an_operator_without_an_instruction_is_marked(api: ApiClient, signed_in: FlaskClient) -> None:
    person = api.post("/contacts", {"last_name": "Berg", "ext": {"machines": {"operator": True}}})
    assert "Needs instruction" in signed_in.get(f"/contacts/{person['id']}").text

    api.patch(f"/contacts/{person['id']}", {"ext": {"machines": {"instructed_on": "2025-12-01"}}})
    assert "Instructed" in signed_in.get(f"/contacts/{person['id']}").text
