"""On whose behalf something is done."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True)
class Actor:
    """A person, an API key acting for one, or the system itself.

    ``id`` is the user's id, ``None`` for the system. ``scopes`` restricts an API
    key to permission keys (``account:read``); ``None`` means no restriction.
    ``reason`` says what the system does, for the audit trail.
    """

    id: UUID | None
    name: str
    email: str | None = None
    roles: frozenset[str] = frozenset()
    team_id: UUID | None = None
    locale: str | None = None
    timezone: str | None = None
    admin: bool = False
    scopes: frozenset[str] | None = None
    key_id: UUID | None = None
    reason: str | None = None
    memo: dict[str, object] = field(default_factory=dict, compare=False, repr=False)

    @property
    def is_system(self) -> bool:
        return self.id is None


def system(reason: str) -> Actor:
    """The system acting by itself; ``reason`` stands in the audit trail."""
    if not reason:
        raise ValueError("say why the system acts: system('nightly expiry')")
    return Actor(id=None, name="system", admin=True, reason=reason)
