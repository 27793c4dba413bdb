"""Delivery: the outbox, the worker, webhooks, timers, the guarded HTTP client.

::

    business transaction ─► tenon_event ─► fan-out ─► tenon_delivery ─► attempt ─► done
                                                       one per target      └─► again, unknown, dead

See ``docs/explanation/exchange.md``.
"""

from __future__ import annotations

from .errors import AddressRefused, DeliveryError, Rejected, Transient, UnknownOutcome, from_status
from .event import Event
from .exchange import Exchange
from .http import HttpClient
from .operations import Delivery
from .stats import Stats, stats
from .webhooks import Webhook
from .worker import Worker

__all__ = [
    "AddressRefused",
    "Delivery",
    "DeliveryError",
    "Event",
    "Exchange",
    "HttpClient",
    "Rejected",
    "Stats",
    "Transient",
    "UnknownOutcome",
    "Webhook",
    "Worker",
    "from_status",
    "stats",
]
