"""Reminders of warranties, by the worker's clock."""

from __future__ import annotations

import pytest

from tenon.testing import ApiClient, Events, ManualClock


def tasks(api: ApiClient) -> list[str]:
    return [task["subject"] for task in api.get("/tasks").json["data"]]


def test_the_owner_gets_one_task_before_a_warranty_ends(
    api: ApiClient, events: Events, clock: ManualClock
) -> None:
    machine = api.post("/machines", {"serial_number": "TN-1", "warranty_until": "2026-03-01"})
    events.run_worker()
    assert tasks(api) == []

    clock.advance(days=26)
    events.run_worker()
    clock.advance(days=1)
    events.run_worker()

    assert tasks(api) == ["TN-1: the warranty ends on 2026-03-01"]
    assert api.get("/tasks").json["data"][0]["owner_id"] == machine["owner_id"]
    assert events.failures() == []


def test_a_warranty_that_was_prolonged_is_reminded_of_again(
    api: ApiClient, events: Events, clock: ManualClock
) -> None:
    machine = api.post("/machines", {"serial_number": "TN-1", "warranty_until": "2026-01-10"})
    clock.advance(hours=7)
    events.run_worker()

    api.patch(f"/machines/{machine['id']}", {"warranty_until": "2026-01-20"})
    clock.advance(hours=7)
    events.run_worker()

    assert len(tasks(api)) == 2


@pytest.mark.tenon(plugins={"machines": {"remind_days": 5}})
def test_how_early_it_comes_is_a_setting(api: ApiClient, events: Events, clock: ManualClock) -> None:
    api.post("/machines", {"serial_number": "TN-1", "warranty_until": "2026-01-15"})
    clock.advance(days=1)
    events.run_worker()
    assert tasks(api) == []

    clock.advance(days=5)
    events.run_worker()
    assert len(tasks(api)) == 1
