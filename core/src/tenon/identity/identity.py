"""The room's door: who is there, and how they prove it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from ..clock import Clock
from ..storage.engine import Storage
from .actor import Actor
from .keys import ApiKeys, KeySummary
from .org import Org
from .passwords import Passwords
from .sessions import UNKNOWN, Browser, Sessions, SessionToken
from .tokens import new_password
from .users import NewUser, Users


@dataclass(frozen=True)
class IdentityOptions:
    """How long a sign-in lasts, how short a password may be, how many are hashed at once."""

    session_lifetime: timedelta = timedelta(hours=12)
    shortest_password: int = 10
    hash_at_once: int = 4


class Identity:
    """Users, their sign-ins and their API keys.

    ``users``, ``org``, ``sessions`` and ``keys`` hold everything; what every face needs
    is repeated here by name.
    """

    def __init__(self, storage: Storage, clock: Clock, options: IdentityOptions = IdentityOptions()) -> None:
        passwords = Passwords(shortest=options.shortest_password, at_once=options.hash_at_once)
        self.org = Org(storage)
        self.users = Users(storage, clock, passwords, self.org)
        self.sessions = Sessions(storage, clock, passwords, options.session_lifetime)
        self.keys = ApiKeys(storage, clock)

    def sign_in(
        self, email: str, password: str, *, replaces: str | None = None, browser: Browser = UNKNOWN
    ) -> SessionToken:
        """Open a session, or ``NotSignedInError``. See ``Sessions.sign_in``."""
        return self.sessions.sign_in(email, password, replaces=replaces, browser=browser)

    def sign_out(self, secret: str) -> None:
        """End the session with this token."""
        self.sessions.sign_out(secret)

    def actor_for_session(self, secret: str) -> Actor | None:
        """Whose session this token is. Costs no query if it was asked within the last second."""
        return self.sessions.actor(secret)

    def actor_for_key(self, secret: str) -> Actor | None:
        """For whom this API key acts. Costs no query if it was asked within the last second."""
        return self.keys.actor(secret)

    def actor_for_user(self, user_id: UUID) -> Actor | None:
        """The Actor that a user would be; ``None`` where they are unknown or disabled."""
        return self.users.actor(user_id)

    def create_user(self, user: NewUser, password: str | None = None) -> UUID:
        """Make a user, who can sign in where a password is given. See ``Users.create``."""
        return self.users.create(user, password)

    def set_password(self, user_id: UUID, password: str, *, keep_session: str | None = None) -> None:
        """Give a user a password and end their other sign-ins. See ``Users.set_password``."""
        self.users.set_password(user_id, password, keep_session=keep_session)

    def create_api_key(
        self,
        user_id: UUID,
        name: str,
        *,
        scopes: Iterable[str] | None = None,
        expires_at: datetime | None = None,
    ) -> tuple[KeySummary, str]:
        """Make an API key and show its secret once. See ``ApiKeys.create``."""
        return self.keys.create(user_id, name, scopes=scopes, expires_at=expires_at)

    def bootstrap_admin(self, name: str, email: str, password: str | None = None) -> str | None:
        """Make the first administrator and return their password; ``None`` where there is one.

        Without ``password`` one is made up.
        """
        if self.users.has_admin():
            return None
        chosen = password or new_password()
        self.users.create(NewUser(name=name, email=email, admin=True), chosen)
        return chosen
