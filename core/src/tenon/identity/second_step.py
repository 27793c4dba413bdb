"""Turning one's second step on and off, and what an administrator may do about it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from ..clock import Clock
from ..storage.engine import Storage
from . import recovery
from .actor import Actor
from .events import IdentityEvent, Teller
from .sessions import UNKNOWN, Browser, Sessions
from .signing_in import SigningIn
from .totp import ACCEPTED, Enrolment, Totp, TotpState, Verdict, wrong_code
from .users import Users

REQUIRED_OF = ("nobody", "admins", "everyone")


class SecondStep:
    """The second steps of the people of a deployment.

    ``required_of`` is ``nobody``, ``admins`` or ``everyone``.
    """

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        users: Users,
        totp: Totp,
        sessions: Sessions,
        signing_in: SigningIn,
        tell: Teller,
        required_of: str,
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._users = users
        self._totp = totp
        self._sessions = sessions
        self._signing_in = signing_in
        self._tell = tell
        self._required_of = required_of

    def required_of(self, actor: Actor) -> bool:
        """Whether the settings want a second step of this person."""
        return self._required_of == "everyone" or (self._required_of == "admins" and actor.admin)

    def state(self, user_id: UUID) -> TotpState:
        """Whether a user has one, since when, and how many recovery codes are left."""
        return self._totp.state(user_id)

    def states(self) -> dict[UUID, datetime]:
        """Since when, for everybody who has one."""
        return self._totp.states()

    def start(self, user_id: UUID) -> Enrolment:
        """Begin to set one up: a secret to be shown once. See ``Totp.start``."""
        user = self._users.get(user_id)
        return self._totp.start(user_id, user.email or user.name)

    def confirm(
        self, user_id: UUID, code: str, *, here: str, browser: Browser = UNKNOWN
    ) -> tuple[tuple[str, ...], str]:
        """Turn it on by a code of the app: the recovery codes, and the new token of the session ``here``.

        The user's other sessions, which never took the step, end.
        """
        signed_in = self._sessions.signed_in(here)
        with self._storage.writing() as connection:
            codes = self._totp.confirm(connection, user_id, code)
            self._sessions.end_others_in(connection, user_id, signed_in.session_id if signed_in else None)
            fresh = self._sessions.rotate_in(connection, here, second_step=True)
        self._sessions.forget()
        self._told(user_id, browser, what="on")
        return codes, fresh

    def turn_off(self, user_id: UUID, password: str, code: str, *, browser: Browser = UNKNOWN) -> None:
        """Turn it off, for who knows the password (where there is one) and has the app or a recovery code.

        ``InvalidError`` where either is wrong.
        """
        if self._users.get(user_id).signs_in:
            self._signing_in.require_password(user_id, password, browser=browser)
        with self._storage.writing() as connection:
            verdict = self._totp.attempt(connection, user_id, code)
            if verdict in ACCEPTED:
                self._totp.forget(connection, user_id)
        self._require(verdict, user_id, browser)
        self._told(user_id, browser, what="off")

    def renew_codes(self, user_id: UUID, code: str, *, browser: Browser = UNKNOWN) -> tuple[str, ...]:
        """Ten new recovery codes for a code of the app; the former ones are worthless."""
        codes: tuple[str, ...] = ()
        with self._storage.writing() as connection:
            verdict = self._totp.attempt(connection, user_id, code)
            if verdict in ACCEPTED:
                codes = recovery.renew(connection, user_id)
        self._require(verdict, user_id, browser)
        self._told(user_id, browser, what="codes")
        return codes

    def reset(self, user_id: UUID, *, by: Actor, browser: Browser = UNKNOWN) -> bool:
        """Take somebody's second step away and end their sign-ins; whether there was one."""
        self._users.get(user_id)
        with self._storage.writing() as connection:
            had = self._totp.forget(connection, user_id)
            if had:
                self._sessions.end_others_in(connection, user_id, None)
        self._sessions.forget()
        if had:
            self._told(user_id, browser, what="reset", by=str(by.id or by.reason))
        return had

    def _require(self, verdict: Verdict, user_id: UUID, browser: Browser) -> None:
        if verdict not in ACCEPTED:
            self._told(user_id, browser, what="refused", reason=f"code-{verdict}")
            raise wrong_code()

    def _told(self, user_id: UUID, browser: Browser, **detail: str) -> None:
        name = self._users.get(user_id).name
        self._tell(IdentityEvent("totp", user_id, name, browser.address, detail))
