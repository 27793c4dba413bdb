"""Who is there: users, teams, sign-in, API keys, the Actor."""

from __future__ import annotations

from .actor import Actor, system
from .identity import Identity, IdentityOptions
from .sessions import Browser, SessionToken
from .users import NewUser

__all__ = [
    "Actor",
    "Browser",
    "Identity",
    "IdentityOptions",
    "NewUser",
    "SessionToken",
    "system",
]
