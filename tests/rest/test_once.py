"""The same request twice, and two at once: the work is done once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tenon.clock import ManualClock
from tenon.identity.actor import Actor
from tenon.testing import ApiClient, Events
from tests.rest.conftest import Send


@pytest.fixture(params=["sqlite", "postgresql"])
def tenon_database(request: pytest.FixtureRequest) -> str:
    """The server that each test's database is made on."""
    if request.param == "sqlite":
        return "sqlite"
    return str(request.getfixturevalue("postgres_server").render_as_string(hide_password=False))


def at_once(count: int, ask: Callable[[int], Any]) -> list[Any]:
    """The answers to so many requests that start in the same moment."""
    start = threading.Barrier(count)

    def one(number: int) -> Any:
        start.wait()
        return ask(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def total(api: ApiClient) -> Any:
    return api.get("/accounts?total=true")["total"]


def test_a_repeated_request_is_answered_again_and_done_once(api: ApiClient) -> None:
    first = api.post("/accounts", {"name": "Acme"}, Idempotency_Key="a1")
    again = api.post("/accounts", {"name": "Acme"}, Idempotency_Key="a1")
    assert (again.status, again.json) == (201, first.json)
    for name in ("ETag", "Location"):
        assert again.headers[name] == first.headers[name]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert total(api) == 1


def test_a_key_is_not_used_for_another_request(api: ApiClient) -> None:
    api.post("/accounts", {"name": "Acme"}, Idempotency_Key="a1")
    reused = api.post("/accounts", {"name": "Bolt"}, Idempotency_Key="a1", status=422)
    assert reused["code"] == "idempotency-key-reused"
    api.post("/contacts", {"last_name": "Acme"}, Idempotency_Key="a1", status=422)
    assert total(api) == 1


def test_a_failed_request_is_not_remembered(api: ApiClient) -> None:
    api.post("/accounts", {"name": ""}, Idempotency_Key="a1", status=422)
    assert api.post("/accounts", {"name": "Acme"}, Idempotency_Key="a1").status == 201
    assert total(api) == 1


def test_two_people_may_use_the_same_key(api: ApiClient, as_role: Callable[..., Actor]) -> None:
    api.post("/accounts", {"name": "Acme"}, Idempotency_Key="a1")
    other = api.acting_as(as_role())
    assert other.post("/accounts", {"name": "Acme"}, Idempotency_Key="a1").status == 201
    assert total(api) == 2


@pytest.mark.parametrize("key", ["", "k" * 256, "tab\there"])
def test_a_key_has_1_to_255_printable_characters(api: ApiClient, key: str) -> None:
    refused = api.post("/accounts", {"name": "Acme"}, Idempotency_Key=key, status=400)
    assert refused["errors"][0]["header"] == "Idempotency-Key"


def test_every_post_that_writes_is_done_once(api: ApiClient) -> None:
    accounts = [api.post("/accounts", {"name": name})["id"] for name in ("Acme", "Bolt")]
    sale = api.post("/opportunities", {"name": "Sale"})["id"]
    merge = api.post(f"/accounts/{accounts[0]}/merge", {"loser": accounts[1]}, Idempotency_Key="m")
    requests: list[tuple[str, Any]] = [
        (f"/accounts/{accounts[0]}/merge", {"loser": accounts[1]}),
        (f"/merges/{merge['id']}/undo", None),
        (f"/opportunities/{sale}/transitions", {"to": "engaging"}),
        ("/accounts/bulk", {"create": [{"name": "New"}]}),
        ("/accounts/fields", {"key": "size", "label": "Size", "kind": "integer"}),
        (f"/accounts/{accounts[0]}/restore", None),
    ]
    for number, (path, body) in enumerate(requests):
        key = "m" if number == 0 else f"k{number}"
        first = api.post(path, body, Idempotency_Key=key)
        again = api.post(path, body, Idempotency_Key=key)
        assert (again.headers.get("Idempotency-Replayed"), again.json) == ("true", first.json), path
    assert total(api) == 3


def test_of_requests_at_once_with_one_key_one_does_the_work(api: ApiClient) -> None:
    answers = at_once(6, lambda _n: api.post("/accounts", {"name": "Acme"}, Idempotency_Key="a1"))
    assert {answer.status for answer in answers} == {201}
    assert len({answer["id"] for answer in answers}) == 1
    assert total(api) == 1


def test_without_a_key_each_of_them_does_it(api: ApiClient) -> None:
    at_once(6, lambda _n: api.post("/accounts", {"name": "Acme"}))
    assert total(api) == 6


def test_of_upserts_at_once_one_creates_and_the_others_change(api: ApiClient) -> None:
    for round_ in range(5):
        path = f"/accounts/by-external-id/sap/{round_}"
        answers = at_once(6, lambda n, path=path: api.put(path, {"name": f"Acme {n}"}))  # type: ignore[misc]
        assert sorted(answer.status for answer in answers) == [200] * 5 + [201]
        assert len({answer["id"] for answer in answers}) == 1
    assert total(api) == 5


def test_of_changes_at_once_to_one_version_one_is_made(api: ApiClient, send: Send) -> None:
    path = f"/accounts/{api.post('/accounts', {'name': 'Acme'})['id']}"

    def change(number: int) -> int:
        given = {"If-Match": '"1"', "Content-Type": "application/merge-patch+json"}
        body = b'{"city": "Town %d"}' % number
        return send("PATCH", path, body, **given).status_code

    answers = at_once(6, change)
    assert sorted(answers) == [200] + [412] * 5
    assert api.get(path)["version"] == 2


def test_a_key_is_forgotten_after_two_days(api: ApiClient, events: Events, clock: ManualClock) -> None:
    api.post("/accounts", {"name": "Acme"}, Idempotency_Key="a1")
    clock.advance(days=1)
    events.run_worker()
    api.post("/accounts", {"name": "Acme"}, Idempotency_Key="a1")
    assert total(api) == 1
    clock.advance(days=2)
    events.run_worker()
    api.post("/accounts", {"name": "Acme"}, Idempotency_Key="a1")
    assert total(api) == 2
