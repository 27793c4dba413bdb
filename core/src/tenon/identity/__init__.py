"""Who is there: users, teams, sign-in, API keys, the Actor."""

from .actor import Actor, system

__all__ = ["Actor", "system"]
