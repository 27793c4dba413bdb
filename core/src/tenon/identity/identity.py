"""The room's door: who is there, and how they prove it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from ..clock import Clock
from ..settings.model import OidcProvider
from ..storage.engine import Storage
from .actor import Actor, system
from .events import EventKind, IdentityEvent, Listener, Teller
from .external import External
from .keys import ApiKeys, KeySummary
from .org import Org
from .passwords import Passwords
from .sealing import Seal
from .second_step import SecondStep
from .sessions import UNKNOWN, Browser, Sessions, SessionToken
from .signing_in import SigningIn
from .throttle import Throttle
from .tokens import new_password
from .totp import Totp
from .users import NOBODY_SAID, NewUser, Users, UserSummary


@dataclass(frozen=True)
class IdentityOptions:
    """How long a sign-in lasts, how short a password may be, how many are hashed at once.

    ``secret_key`` encrypts what has to be kept readable; ``deployment`` is the name that
    authenticator apps show; ``second_step`` is whom it is asked of: nobody, admins, everyone.
    """

    session_lifetime: timedelta = timedelta(hours=12)
    session_idle: timedelta = timedelta(hours=4)
    shortest_password: int = 10
    hash_at_once: int = 4
    tries_per_minute: int = 10
    secret_key: str | None = None
    deployment: str = "Tenon"
    second_step: str = "nobody"
    oidc: Mapping[str, OidcProvider] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"IdentityOptions(session_lifetime={self.session_lifetime!s})"


class Identity:
    """Users, their sign-ins and their API keys.

    ``users``, ``org``, ``sessions``, ``keys``, ``second_step`` and ``signing_in`` hold everything; what
    every face needs is repeated here by name. ``told`` are those who hear of every
    ``IdentityEvent``; ``tell`` tells them.
    """

    def __init__(self, storage: Storage, clock: Clock, options: IdentityOptions = IdentityOptions()) -> None:
        passwords = Passwords(shortest=options.shortest_password, at_once=options.hash_at_once)
        tell = Teller()
        totp = Totp(storage, clock, Seal(options.secret_key, "totp"), options.deployment)
        self.tell = tell
        self.shortest_password = options.shortest_password
        self.told: list[Listener] = tell.listeners
        self.org = Org(storage)
        self.users = Users(storage, clock, passwords, self.org)
        self.sessions = Sessions(storage, clock, options.session_lifetime, options.session_idle)
        self.keys = ApiKeys(storage, clock, tell)
        self.throttle = Throttle(storage, clock, options.tries_per_minute)
        self.signing_in = SigningIn(storage, clock, passwords, self.sessions, totp, self.throttle, tell)
        self.second_step = SecondStep(
            storage, clock, self.users, totp, self.sessions, self.signing_in, tell, options.second_step
        )
        self.external = External(storage, clock, self.users, self.signing_in, tell, options.oidc)
        self.users.forgetting += [self.sessions.forget, self.keys.forget]

    def sign_in(
        self, email: str, password: str, *, replaces: str | None = None, browser: Browser = UNKNOWN
    ) -> SessionToken:
        """Open a session, or ``NotSignedInError``. See ``SigningIn.with_password``."""
        return self.signing_in.with_password(email, password, replaces=replaces, browser=browser)

    def sign_out(self, secret: str, *, browser: Browser = UNKNOWN) -> None:
        """End the session with this token."""
        actor = self.sessions.actor(secret)
        self.sessions.sign_out(secret)
        if actor is not None:
            self._told_of("signed_out", actor, browser)

    def end_session(self, user: Actor, session_id: UUID, *, browser: Browser = UNKNOWN) -> None:
        """End one of one's own sign-ins, or ``NotFoundError``."""
        assert user.id is not None
        self.sessions.end(user.id, session_id)
        self._told_of("session", user, browser, what="ended", sessions="1")

    def end_other_sessions(self, user: Actor, keep: UUID, *, browser: Browser = UNKNOWN) -> int:
        """End all of one's own sign-ins but one; how many there were."""
        assert user.id is not None
        ended = self.sessions.end_others(user.id, keep)
        if ended:
            self._told_of("session", user, browser, what="ended", sessions=str(ended))
        return ended

    def actor_for_session(self, secret: str) -> Actor | None:
        """Whose session this token is. Costs no query if it was asked within the last second."""
        return self.sessions.actor(secret)

    def actor_for_key(self, secret: str) -> Actor | None:
        """For whom this API key acts. Costs no query if it was asked within the last second."""
        return self.keys.actor(secret)

    def actor_for_user(self, user_id: UUID) -> Actor | None:
        """The Actor that a user would be; ``None`` where they are unknown or disabled."""
        return self.users.actor(user_id)

    def create_user(
        self,
        user: NewUser,
        password: str | None = None,
        *,
        actor: Actor = NOBODY_SAID,
        via: str = "python",
    ) -> UUID:
        """Make a user, who can sign in where a password is given. See ``Users.create``."""
        return self.users.create(user, password, actor=actor, via=via)

    def set_password(
        self,
        user_id: UUID,
        password: str,
        *,
        keep_session: str | None = None,
        browser: Browser = UNKNOWN,
        actor: Actor = NOBODY_SAID,
        via: str = "python",
    ) -> None:
        """Give a user a password and end their other sign-ins. See ``Users.set_password``."""
        self.users.set_password(user_id, password, keep_session=keep_session, actor=actor, via=via)
        self._told_of("password", self.users.get(user_id), browser, what="changed")

    def change_password(
        self, user_id: UUID, present: str, new: str, *, here: str, browser: Browser = UNKNOWN
    ) -> str:
        """Give oneself a password: the new token of the session ``here``. All other sign-ins end.

        ``InvalidError`` where ``present`` is not the present one, or the new one will not do.
        """
        self.signing_in.require_password(user_id, present, browser=browser)
        who = self.users.actor(user_id) or NOBODY_SAID
        self.set_password(user_id, new, keep_session=here, browser=browser, actor=who, via="web")
        return self.sessions.rotate(here)

    def create_api_key(
        self,
        user_id: UUID,
        name: str,
        *,
        scopes: Iterable[str] | None = None,
        expires_at: datetime | None = None,
        browser: Browser = UNKNOWN,
    ) -> tuple[KeySummary, str]:
        """Make an API key and show its secret once. See ``ApiKeys.create``."""
        return self.keys.create(user_id, name, scopes=scopes, expires_at=expires_at, browser=browser)

    def bootstrap_admin(self, name: str, email: str, password: str | None = None) -> str | None:
        """Make the first administrator and return their password; ``None`` where there is one.

        Without ``password`` one is made up.
        """
        if self.users.has_admin():
            return None
        chosen = password or new_password()
        who = system("the first administrator")
        self.users.create(NewUser(name=name, email=email, admin=True), chosen, actor=who)
        return chosen

    def _told_of(self, kind: EventKind, user: Actor | UserSummary, browser: Browser, **detail: str) -> None:
        self.tell(IdentityEvent(kind, user.id, user.name, browser.address, detail))
