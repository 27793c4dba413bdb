"""Webhooks: telling somebody else's address, after Standard Webhooks 1.0.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

A receiver recognises a repetition by ``webhook-id``, which is the event's id, so a
delivery of unknown outcome is simply sent again.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from ..access import Access
from ..clock import Clock
from ..errors import NotFoundError
from ..identity.actor import Actor
from ..messages import _
from ..storage import Storage
from ..storage.ids import new_id
from .backoff import REMOTE
from .courier import Skipped
from .errors import Rejected, Transient, from_status
from .event import Event, check_patterns
from .http import HttpClient
from .models import deliveries, webhooks
from .payload import json_safe, restricted
from .targets import Target, resend

if TYPE_CHECKING:
    import httpx

MAX_ATTEMPTS = 8
OTHER_RECORDS = frozenset({"merged_from", "merged_into"})
"""Payload keys that name another record of the same kind."""


@dataclass(frozen=True)
class Webhook:
    """An address that is told of events. What it is told is what its owner may read."""

    id: UUID
    url: str
    events: tuple[str, ...]
    entity: str | None
    owner_id: UUID
    active: bool
    inactive_reason: str | None
    created_at: datetime
    secrets: tuple[str, ...] = field(repr=False)

    @property
    def target(self) -> str:
        return f"webhook:{self.id}"


class Webhooks:
    """The addresses, and the sending."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        http: HttpClient,
        *,
        access: Access,
        actor_of: Callable[[UUID], Actor | None],
        visible: Callable[[Actor, str, UUID], bool],
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._http = http
        self._access = access
        self._actor_of = actor_of
        self._visible = visible

    # Looking after them

    def create(
        self, url: str, events: Sequence[str], owner_id: UUID, *, entity: str | None = None
    ) -> Webhook:
        """Add one with a fresh secret. ``InvalidError`` for bad names, ``AddressRefused`` for a bad URL."""
        check_patterns(events)
        self._http.check(url)
        row = {
            "id": new_id(),
            "url": url,
            "secrets": [new_secret()],
            "events": list(events),
            "entity": entity,
            "active": True,
            "owner_id": owner_id,
            "created_at": self._clock.now(),
        }
        with self._storage.writing() as connection:
            connection.execute(sa.insert(webhooks), [row])
        return self.get(row["id"])  # type: ignore[arg-type]

    def get(self, webhook_id: UUID) -> Webhook:
        """One webhook, or ``NotFoundError``."""
        with self._storage.reading() as connection:
            row = connection.execute(sa.select(webhooks).where(webhooks.c.id == webhook_id)).first()
        if row is None:
            raise NotFoundError(_("There is no webhook %(id)s", id=webhook_id))
        return _webhook(row)

    def all(self) -> list[Webhook]:
        """Every webhook, oldest first."""
        with self._storage.reading() as connection:
            return [_webhook(row) for row in connection.execute(sa.select(webhooks).order_by(webhooks.c.id))]

    def rotate(self, webhook_id: UUID) -> Webhook:
        """Add a new secret. Messages are signed with it and the last one until ``retire``."""
        latest = self.get(webhook_id).secrets[:1]
        return self._change(webhook_id, secrets=[new_secret(), *latest])

    def retire(self, webhook_id: UUID) -> Webhook:
        """Sign with the newest secret alone from now on."""
        return self._change(webhook_id, secrets=list(self.get(webhook_id).secrets[:1]))

    def enable(self, webhook_id: UUID) -> Webhook:
        """Tell it of events from now on."""
        return self._change(webhook_id, active=True, inactive_reason=None)

    def disable(self, webhook_id: UUID, reason: str) -> Webhook:
        """Tell it no more. What it was still to be told is skipped."""
        return self._change(webhook_id, active=False, inactive_reason=reason)

    def delete(self, webhook_id: UUID) -> None:
        """Forget it. What it was still to be told is skipped; its delivery log stays."""
        with self._storage.writing() as connection:
            self._skip_waiting(connection, webhook_id, str(_("The webhook was deleted")))
            connection.execute(sa.delete(webhooks).where(webhooks.c.id == webhook_id))

    def _change(self, webhook_id: UUID, **values: Any) -> Webhook:
        with self._storage.writing() as connection:
            connection.execute(sa.update(webhooks).where(webhooks.c.id == webhook_id).values(**values))
            if values.get("active") is False:
                self._skip_waiting(connection, webhook_id, values["inactive_reason"])
        return self.get(webhook_id)

    def _skip_waiting(self, connection: Connection, webhook_id: UUID, reason: str) -> None:
        waiting = sa.update(deliveries).where(
            deliveries.c.target == f"webhook:{webhook_id}", deliveries.c.state.in_(("new", "unknown", "dead"))
        )
        connection.execute(waiting.values(state="skipped", last_error=reason, updated_at=self._clock.now()))

    # Telling them

    def targets(self, connection: Connection) -> list[Target]:
        """The active ones."""
        rows = connection.execute(sa.select(webhooks).where(webhooks.c.active).order_by(webhooks.c.id))
        return [self._target(_webhook(row)) for row in rows]

    def _target(self, webhook: Webhook) -> Target:
        return Target(
            key=webhook.target,
            events=webhook.events,
            entity=webhook.entity,
            send=lambda event: self._send(webhook.id, event),
            remote=True,
            max_attempts=MAX_ATTEMPTS,
            backoff=REMOTE,
            settle=resend,
        )

    def _send(self, webhook_id: UUID, event: Event) -> None:
        webhook = self.get(webhook_id)
        if not webhook.active:
            raise Skipped(webhook.inactive_reason or str(_("The webhook is switched off")))
        body = orjson.dumps(self._message(webhook, event))
        headers = self._headers(webhook, event, body.decode())
        self._judge(webhook, self._http.post(webhook.url, content=body, headers=headers))

    def _message(self, webhook: Webhook, event: Event) -> dict[str, Any]:
        """What the owner may know of the event now, whatever they might when it happened."""
        data = {"entity": event.entity, "record_id": event.record_id, **self._told(webhook, event)}
        return {
            "id": str(event.id),
            "type": event.name,
            "timestamp": json_safe(event.at),
            "data": json_safe(data),
        }

    def _told(self, webhook: Webhook, event: Event) -> dict[str, Any]:
        owner = self._actor_of(webhook.owner_id)
        if owner is None:
            self.disable(webhook.id, str(_("The owner of the webhook can no longer sign in")))
            raise Skipped(_("The owner of the webhook can no longer sign in"))
        if event.entity is None:
            return dict(event.payload)
        seen = self._access.allows(owner, "read", event.entity)
        if seen and event.record_id is not None:
            seen = self._visible(owner, event.entity, event.record_id)
        if not seen:
            raise Skipped(_("The owner of the webhook may not see this record"))
        told = restricted(event.payload, self._access.fields(owner, "read", event.entity))
        if event.payload.get("changes") and not told["changes"]:
            raise Skipped(_("The owner of the webhook may not see what changed"))
        others = OTHER_RECORDS & told.keys()
        hidden = {key for key in others if not self._sees(owner, event.entity, told[key])}
        return {key: value for key, value in told.items() if key not in hidden}

    def _sees(self, owner: Actor, entity: str, id_: Any) -> bool:
        return id_ is None or self._visible(owner, entity, UUID(str(id_)))

    def _headers(self, webhook: Webhook, event: Event, body: str) -> dict[str, str]:
        now = self._clock.now()
        return {
            "content-type": "application/json",
            "webhook-id": str(event.id),
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signatures(webhook.secrets, str(event.id), now, body),
        }

    def _judge(self, webhook: Webhook, response: httpx.Response) -> None:
        status = response.status_code
        if status == 410:
            self.disable(webhook.id, str(_("The receiver answered 410 Gone")))
            raise Rejected(_("The receiver answered 410 Gone"), http_status=status)
        after = retry_after(response.headers.get("retry-after"), self._clock.now())
        error = from_status(status, after)
        # Standard Webhooks: whatever is not 2xx is tried again, for a receiver that is
        # being mended may answer 404 for an hour.
        if isinstance(error, Rejected):
            raise Transient(error.message, http_status=status)
        if error is not None:
            raise error


def new_secret() -> str:
    """A signing secret: 32 random bytes, as ``whsec_`` and base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def signatures(keys: Iterable[str], message_id: str, at: datetime, body: str) -> str:
    """The ``webhook-signature`` header: one signature per secret, newest first."""
    from standardwebhooks import Webhook as Signer

    return " ".join(Signer(key).sign(message_id, at, body) for key in keys)


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a ``Retry-After`` header asks for (RFC 9110, 10.2.3), at most a day."""
    if not value:
        return None
    if value.strip().isdigit():
        return min(float(value), 86_400.0)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), 86_400.0)


def _webhook(row: Row[Any]) -> Webhook:
    values = dict(row._mapping)
    return Webhook(**{**values, "events": tuple(values["events"]), "secrets": tuple(values["secrets"])})
