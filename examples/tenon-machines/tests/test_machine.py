"""Machines, as the API shows them."""

from __future__ import annotations

from tenon.testing import ApiClient


def test_a_serial_number_is_spelt_one_way_and_stands_once(api: ApiClient) -> None:
    assert api.post("/machines", {"serial_number": "tn-1"})["serial_number"] == "TN-1"

    refused = api.post("/machines", {"serial_number": "TN-1"}, status=409)

    assert refused.problems == {"/serial_number": "duplicate"}


def test_a_warranty_does_not_end_before_the_installation(api: ApiClient) -> None:
    values = {"serial_number": "TN-1", "installed_on": "2026-01-05", "warranty_until": "2026-01-04"}

    refused = api.post("/machines", values, status=422)

    assert refused.problems == {"/warranty_until": "before-installation"}


def test_machines_of_a_customer_are_found_through_the_directory(api: ApiClient) -> None:
    person = api.post("/contacts", {"last_name": "Berg"})
    machine = api.post("/machines", {"serial_number": "TN-1", "party_id": person["id"]})
    api.post("/machines", {"serial_number": "TN-2"})

    found = api.get(f"/machines?filter[party_id]={person['id']}").json["data"]

    assert [record["id"] for record in found] == [machine["id"]]
