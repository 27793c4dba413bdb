"""Who is told of events, and what each of them promises.

A target's key stays the same across restarts: ``subscriber:<plugin>.<key>``,
``integration:<plugin>.<key>``, ``webhook:<id>``. A delivery whose target is not
there, because its plugin is switched off, waits until it comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from ..plugin.contributions import Integration, Subscriber
from .backoff import LOCAL, REMOTE, Backoff
from .event import Event, matches

Settled = Literal["done", "resend", "hold"]


@dataclass(frozen=True)
class Target:
    """One that is told of events.

    ``send(event)`` delivers or raises. A ``remote`` one is somebody else's
    system: ``sent`` is committed before it is called. ``settle(event)`` is asked what to do
    with a delivery of which nobody knows whether it arrived.
    """

    key: str
    events: tuple[str, ...]
    send: Callable[[Event], None]
    remote: bool = False
    max_attempts: int = 8
    backoff: Backoff = LOCAL
    entity: str | None = None
    settle: Callable[[Event], Settled] | None = None

    def wants(self, event: Event) -> bool:
        return (self.entity is None or self.entity == event.entity) and matches(self.events, event.name)


def resend(event: Event) -> Settled:
    """For receivers that recognise a repetition by the event's id."""
    return "resend"


def of_subscriber(plugin: str, subscriber: Subscriber, tenon: Callable[[], Any]) -> Target:
    """A function in this process. At least once: a crash while it runs repeats it."""
    return Target(
        key=f"subscriber:{plugin}.{subscriber.key}",
        events=subscriber.events,
        send=lambda event: subscriber.run(event, tenon()),
    )


def of_integration(plugin: str, integration: Integration, tenon: Callable[[], Any]) -> Target:
    """A plugin's way to another system. Without ``settle`` an unknown outcome waits for a person."""
    settle = integration.settle
    return Target(
        key=f"integration:{plugin}.{integration.key}",
        events=integration.events,
        send=lambda event: integration.deliver(event, tenon()),
        remote=True,
        max_attempts=integration.max_attempts,
        backoff=REMOTE,
        settle=None if settle is None else (lambda event: settle(event, tenon())),
    )


def by_key(targets: Iterable[Target]) -> dict[str, Target]:
    """Targets by key; ``ValueError`` when two have the same."""
    found: dict[str, Target] = {}
    for target in targets:
        if target.key in found:
            raise ValueError(f"two event targets are called {target.key}: give one of them another key")
        found[target.key] = target
    return found
