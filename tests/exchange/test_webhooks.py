from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import standardwebhooks

from tenon.access import Access, FieldSet, OpenPolicy
from tenon.clock import SystemClock
from tenon.errors import InvalidError, NotFoundError
from tenon.exchange import AddressRefused, HttpClient
from tenon.exchange.webhooks import new_secret, retry_after, signatures
from tenon.identity.actor import Actor
from tests.exchange.receiver import Receiver, receiving
from tests.exchange.world import RECORD, World

OWNER = UUID(int=77)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def world(make_world, receiver) -> World:
    return make_world(http=HttpClient(allow=[receiver.allowed], timeout=2), clock=None)


class OnlyNames(OpenPolicy):
    """The owner may read the name and nothing else."""

    def fields(self, actor: Actor, action: str, entity: str) -> FieldSet:
        return FieldSet(frozenset({"name"}))


def test_a_webhook_is_told_what_happened(world, receiver):
    webhook = world.exchange.webhooks.create(receiver.url, ["demo.*"], OWNER)
    event_id = world.happen(3)
    world.run()
    (got,) = receiver.received
    assert got.json == {
        "id": str(event_id),
        "type": "demo.happened",
        "timestamp": "2026-01-05T09:00:00Z",
        "data": {"entity": "account", "record_id": str(RECORD), "changes": {}, "n": 3},
    }
    assert got.headers["webhook-id"] == str(event_id)
    assert got.headers["content-type"] == "application/json"
    assert world.only().target == webhook.target
    assert world.states() == ["done"]


def test_a_message_carries_a_signature_that_the_reference_library_accepts(make_world, receiver):
    world = make_world(http=HttpClient(allow=[receiver.allowed]), clock=SystemClock())
    webhook = world.exchange.webhooks.create(receiver.url, ["*"], OWNER)
    world.happen()
    world.run()
    (got,) = receiver.received
    standardwebhooks.Webhook(webhook.secrets[0]).verify(got.body, got.headers)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(webhook.secrets[0]).verify(got.body + b" ", got.headers)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(new_secret()).verify(got.body, got.headers)


def test_while_a_secret_is_rotated_both_of_them_verify(make_world, receiver):
    world = make_world(http=HttpClient(allow=[receiver.allowed]), clock=SystemClock())
    first = world.exchange.webhooks.create(receiver.url, ["*"], OWNER)
    both = world.exchange.webhooks.rotate(first.id)
    world.happen()
    world.run()
    for secret in both.secrets:
        standardwebhooks.Webhook(secret).verify(receiver.received[-1].body, receiver.received[-1].headers)
    last = world.exchange.webhooks.retire(first.id)
    assert last.secrets == both.secrets[:1]
    world.happen()
    world.run()
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(first.secrets[0]).verify(
            receiver.received[-1].body, receiver.received[-1].headers
        )


def test_the_example_of_the_specification_is_signed_as_it_says():
    signed = signatures(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1614265330, UTC),
        '{"test": 2432232314}',
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_webhook_says_only_what_its_owner_may_read_now(make_world, receiver):
    world = make_world(http=HttpClient(allow=[receiver.allowed]), access=Access(OnlyNames()),
                       actor_of=lambda user: Actor(user, "Ada"))  # fmt: skip
    world.exchange.webhooks.create(receiver.url, ["*"], OWNER)
    with world.working() as work:
        payload = {"changes": {"name": ["a", "b"], "revenue": ["1", "2"]}, "note": {"reason": "secret"}}
        world.exchange.emit(work, "record.updated", "account", RECORD, payload)
    world.run()
    assert receiver.received[0].json["data"]["changes"] == {"name": ["a", "b"]}
    assert b"revenue" not in receiver.received[0].body
    assert b"secret" not in receiver.received[0].body


def test_a_change_of_nothing_that_the_owner_may_read_is_not_told(make_world, receiver):
    world = make_world(http=HttpClient(allow=[receiver.allowed]), access=Access(OnlyNames()),
                       actor_of=lambda user: Actor(user, "Ada"))  # fmt: skip
    world.exchange.webhooks.create(receiver.url, ["*"], OWNER)
    with world.working() as work:
        world.exchange.emit(work, "record.updated", "account", RECORD, {"changes": {"revenue": ["1", "2"]}})
    world.run()
    assert receiver.received == []
    assert world.states() == ["skipped"]


def test_a_merge_with_a_record_that_the_owner_may_not_see_names_none(make_world, receiver):
    world = make_world(http=HttpClient(allow=[receiver.allowed]), actor_of=lambda user: Actor(user, "Ada"),
                       visible=lambda _actor, _entity, id_: id_ == RECORD)  # fmt: skip
    world.exchange.webhooks.create(receiver.url, ["*"], OWNER)
    with world.working() as work:
        world.exchange.emit(work, "record.merged", "account", RECORD, {"merged_from": str(OWNER)})
    world.run()
    assert receiver.received[0].json["data"] == {"entity": "account", "record_id": str(RECORD)}


def test_a_record_that_the_owner_may_not_see_is_not_told_of(make_world, receiver):
    world = make_world(http=HttpClient(allow=[receiver.allowed]), visible=lambda *_: False)
    world.exchange.webhooks.create(receiver.url, ["*"], OWNER)
    world.happen()
    world.run()
    assert receiver.received == []
    assert world.states() == ["skipped"]
    assert "may not see" in world.only().last_error


def test_a_webhook_of_somebody_who_left_is_switched_off(make_world, receiver):
    world = make_world(http=HttpClient(allow=[receiver.allowed]), actor_of=lambda _user: None)
    webhook = world.exchange.webhooks.create(receiver.url, ["*"], OWNER)
    world.happen()
    world.run()
    assert receiver.received == []
    assert not world.exchange.webhooks.get(webhook.id).active


def test_only_the_chosen_events_of_the_chosen_entity_are_told(world, receiver):
    world.exchange.webhooks.create(receiver.url, ["stage.*"], OWNER)
    world.exchange.webhooks.create(receiver.url, ["demo.*"], OWNER, entity="contact")
    world.happen()
    world.run()
    assert receiver.received == []
    world.happen(name="stage.changed")
    world.run()
    assert len(receiver.received) == 1


@pytest.mark.parametrize("status", [500, 503, 404, 400, 302])
def test_whatever_is_not_success_is_tried_again_with_the_same_id(world, receiver, status):
    receiver.answer = lambda _got: status if len(receiver.received) < 3 else 200
    world.exchange.webhooks.create(receiver.url, ["*"], OWNER)
    world.happen()
    waits = []
    for _ in range(2):
        world.run()
        delivery = world.only()
        assert (delivery.state, delivery.last_status) == ("new", status)
        waits.append(delivery.due_at - world.clock.now())
        world.clock.set(delivery.due_at)
    world.run()
    assert world.states() == ["done"]
    assert len({got.headers["webhook-id"] for got in receiver.received}) == 1
    assert timedelta(seconds=5) <= waits[0] <= timedelta(seconds=6)
    assert timedelta(seconds=300) <= waits[1] <= timedelta(seconds=360)


def test_a_receiver_that_asks_for_time_gets_it(world, receiver):
    receiver.answer = lambda _got: (429, {"Retry-After": "3600"})
    world.exchange.webhooks.create(receiver.url, ["*"], OWNER)
    world.happen()
    world.run()
    assert world.only().due_at - world.clock.now() == timedelta(hours=1)


def test_a_retry_after_is_read_as_seconds_or_as_a_date():
    now = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
    assert retry_after("120", now) == 120
    assert retry_after("Mon, 05 Jan 2026 09:02:00 GMT", now) == 120
    assert retry_after("Mon, 05 Jan 2026 08:00:00 GMT", now) == 0
    assert retry_after("99999999", now) == 86_400
    assert retry_after("soon", now) is None
    assert retry_after(None, now) is None


def test_gone_switches_the_webhook_off_and_skips_what_waits(world, receiver):
    receiver.answer = lambda _got: 410
    webhook = world.exchange.webhooks.create(receiver.url, ["*"], OWNER)
    world.happen_many(3, records=1)
    world.run()
    assert len(receiver.received) == 1
    assert world.states() == ["rejected", "skipped", "skipped"]
    found = world.exchange.webhooks.get(webhook.id)
    assert (found.active, found.inactive_reason) == (False, "The receiver answered 410 Gone")
    receiver.answer = lambda _got: 200
    world.exchange.webhooks.enable(webhook.id)
    world.happen(9)
    world.run()
    assert receiver.received[-1].json["data"]["n"] == 9


def test_a_webhook_that_nobody_answers_is_dead_in_the_end_and_can_be_replayed(world, receiver):
    receiver.answer = lambda _got: 500
    world.exchange.webhooks.create(receiver.url, ["*"], OWNER)
    world.happen()
    for _ in range(8):
        world.run()
        world.clock.advance(hours=13)
    assert world.states() == ["dead"]
    assert len(receiver.received) == 8
    receiver.answer = lambda _got: 200
    world.exchange.operations.replay(world.only().id)
    world.run()
    assert world.states() == ["done"]


def test_a_url_of_this_machine_is_refused_when_it_is_entered(world):
    with pytest.raises(AddressRefused):
        world.exchange.webhooks.create("http://127.0.0.1:1/", ["*"], OWNER)
    with pytest.raises(AddressRefused):
        world.exchange.webhooks.create("file:///etc/passwd", ["*"], OWNER)


def test_a_url_that_turned_private_is_refused_when_it_is_called(make_world):
    client = HttpClient(resolve=lambda _host, _port: ["10.0.0.1"])
    world = make_world(http=client)
    world.exchange.webhooks.create("https://hooks.example.org/", ["*"], OWNER)
    world.happen()
    world.run()
    assert world.states() == ["rejected"]
    assert "not a public address" in world.only().last_error


@pytest.mark.parametrize("events", [[], ["record created"], ["*.created"], [".*"], ["a..b"]])
def test_names_that_cannot_be_events_are_refused(world, receiver, events):
    with pytest.raises(InvalidError, match="names of events"):
        world.exchange.webhooks.create(receiver.url, events, OWNER)


def test_a_deleted_webhook_is_told_no_more(world, receiver):
    webhook = world.exchange.webhooks.create(receiver.url, ["*"], OWNER)
    world.happen()
    world.fan_out()
    world.exchange.webhooks.delete(webhook.id)
    world.run()
    assert receiver.received == []
    assert world.states() == ["skipped"]
    assert world.exchange.webhooks.all() == []
    with pytest.raises(NotFoundError):
        world.exchange.webhooks.get(webhook.id)


def test_a_secret_does_not_show_in_what_is_printed(world, receiver):
    webhook = world.exchange.webhooks.create(receiver.url, ["*"], OWNER)
    assert webhook.secrets[0] not in repr(webhook)
