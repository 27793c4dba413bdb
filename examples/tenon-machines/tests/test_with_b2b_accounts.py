"""What machines adds where b2b_accounts is there; skipped where it is not installed."""

from __future__ import annotations

from importlib.metadata import entry_points

import pytest

from tenon.testing import ApiClient, Tenon

pytestmark = [
    pytest.mark.skipif(
        "b2b_accounts" not in entry_points(group="tenon.plugins").names,
        reason="b2b_accounts is not installed",
    ),
    pytest.mark.tenon(plugins=["machines", "b2b_accounts"]),
]


def test_a_renewal_is_offered_for_machines_that_are_known(api: ApiClient) -> None:
    account = api.post("/accounts", {"name": "Acme"})
    renewal = api.post(
        "/opportunities",
        {
            "name": "Service 2026",
            "account_id": account["id"],
            "pipeline": "renewal",
            "amount": "100",
            "close_date": "2026-02-01",
        },
    )
    moves = f"/opportunities/{renewal['id']}/transitions"

    refused = api.post(moves, {"to": "offered"}, status=409)
    assert "no-machine" in refused.problems.values()

    api.post("/machines", {"serial_number": "TN-1", "party_id": account["id"]})
    api.post(moves, {"to": "offered"})
    assert api.get(f"/opportunities/{renewal['id']}")["stage"] == "offered"


@pytest.mark.tenon(plugins=["machines", "b2b_accounts"], modes=["b2c"])
def test_where_nobody_sells_to_companies_the_rest_works(tenon: Tenon, api: ApiClient) -> None:
    assert "opportunity" not in tenon.records.registry
    assert api.post("/machines", {"serial_number": "TN-1"}).status == 201
