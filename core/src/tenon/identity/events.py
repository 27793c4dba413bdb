"""What happens at the door, for whoever keeps a log of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal
from uuid import UUID

EventKind = Literal[
    "signed_in", "sign_in_failed", "signed_out", "password", "totp", "key", "session", "user", "limited"
]
NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class IdentityEvent:
    """Something about a user's account. It never holds a password, code, token or key.

    ``user_id`` and ``name`` are the account's, where it is known; ``address`` is where the request
    came from. ``detail`` has ``what`` was done (``on``, ``refused``, ``created``, ``ended``, …),
    and where it applies ``reason``, ``method`` and ``by``: the id of who did it for somebody else.
    """

    kind: EventKind
    user_id: UUID | None = None
    name: str | None = None
    address: str | None = None
    detail: Mapping[str, str] = field(default_factory=lambda: NOTHING)


Listener = Callable[[IdentityEvent], None]


class Teller:
    """Hands events to its listeners, after what they tell of is committed."""

    def __init__(self) -> None:
        self.listeners: list[Listener] = []

    def __call__(self, event: IdentityEvent) -> None:
        for listener in self.listeners:
            listener(event)
