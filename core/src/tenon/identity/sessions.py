"""Signing in, staying signed in, signing out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ..clock import Clock
from ..errors import NotSignedInError, UnavailableError
from ..messages import _
from ..storage.engine import Storage
from ..storage.ids import new_id
from .actor import Actor
from .actors import ACTOR_COLUMNS, actor_of, may_act
from .cache import BriefCache
from .lockout import locked_until
from .models import Credential, Session, User
from .passwords import Passwords
from .tokens import hashed, new_session_token

SEEN_EVERY = timedelta(minutes=5)
REMEMBERED = timedelta(days=90)


@dataclass(frozen=True)
class SessionToken:
    """A sign-in that was just made. ``secret`` goes into the cookie and nowhere else."""

    secret: str
    session_id: UUID
    user_id: UUID
    expires_at: datetime

    def __repr__(self) -> str:
        return f"SessionToken(session_id={self.session_id!s}, expires_at={self.expires_at:%Y-%m-%d %H:%M})"


@dataclass(frozen=True)
class Browser:
    """Where a sign-in came from, so that a user recognises it."""

    user_agent: str | None = None
    address: str | None = None


UNKNOWN = Browser()


class Sessions:
    """The sign-ins of a deployment."""

    def __init__(self, storage: Storage, clock: Clock, passwords: Passwords, lifetime: timedelta) -> None:
        self._storage = storage
        self._clock = clock
        self._passwords = passwords
        self._lifetime = lifetime
        self._known: BriefCache[str, tuple[Actor, datetime]] = BriefCache(clock)

    def sign_in(
        self, email: str, password: str, *, replaces: str | None = None, browser: Browser = UNKNOWN
    ) -> SessionToken:
        """Open a session. ``replaces`` is the token the browser held before, which ends.

        ``NotSignedInError`` says the same, and takes as long, whether the account
        is unknown, disabled or locked, or the password wrong.
        """
        with self._passwords.turn():
            kept = self._begin_attempt(email)
            if not self._passwords.matches(kept, password) or kept is None:
                raise _refused()
            renewed = self._passwords.hash(password) if self._passwords.is_outdated(kept) else kept
        return self._open(email, kept, renewed, replaces, browser)

    def sign_out(self, secret: str) -> None:
        """End the session with this token; nothing happens where there is none."""
        with self._storage.writing() as connection:
            connection.execute(_end(secret, self._clock.now()))
        self._known.clear()

    def actor(self, secret: str) -> Actor | None:
        """Whose session this token is; ``None`` where it is unknown, ended or its user disabled."""
        key = hashed(secret)
        found = self._known.get(key) or self._read(key)
        if found is None:
            return None
        actor, expires_at = found
        return actor if self._clock.now() < expires_at else None

    def _begin_attempt(self, email: str) -> str | None:
        """Count an attempt; the password's hash, or ``None`` where there is nothing to compare.

        Counted before the comparison, so that attempts made at once cannot all
        see a count from before the others.
        """
        now = self._clock.now()
        with self._storage.writing() as connection:
            row = connection.execute(_credential(email).with_for_update(of=Credential)).first()
            if row is None or (row.locked_until is not None and now < row.locked_until):
                return None
            attempted = sa.update(Credential).where(Credential.user_id == row.user_id)
            failed = row.failed + 1
            connection.execute(attempted.values(failed=failed, locked_until=locked_until(failed, now)))
        kept: str = row.password_hash
        return kept

    def _open(
        self, email: str, kept: str, renewed: str, replaces: str | None, browser: Browser
    ) -> SessionToken:
        now, secret = self._clock.now(), new_session_token()
        with self._storage.writing() as connection:
            row = connection.execute(_credential(email).with_for_update(of=Credential)).first()
            # Changed, or its user disabled, while it was compared.
            if row is None or row.password_hash != kept:
                raise _refused()
            connection.execute(
                sa.update(Credential)
                .where(Credential.user_id == row.user_id)
                .values(failed=0, locked_until=None, password_hash=renewed)
            )
            token = SessionToken(secret, new_id(), row.user_id, now + self._lifetime)
            connection.execute(_forget_old(row.user_id, now))
            connection.execute(sa.insert(Session).values(**_session_row(token, now, browser)))
            if replaces is not None:
                connection.execute(_end(replaces, now))
        self._known.clear()
        return token

    def _read(self, key: str) -> tuple[Actor, datetime] | None:
        now = self._clock.now()
        query = (
            sa.select(Session.id, Session.expires_at, Session.last_seen_at, *ACTOR_COLUMNS)
            .join(User, User.id == Session.user_id)
            .where(Session.token_hash == key, Session.revoked_at.is_(None), may_act())
        )
        with self._storage.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        if now - row.last_seen_at >= SEEN_EVERY:
            self._saw(row.id, now)
        found = actor_of(row), row.expires_at
        self._known.put(key, found, now)
        return found

    def _saw(self, session_id: UUID, now: datetime) -> None:
        seen = sa.update(Session).where(Session.id == session_id).values(last_seen_at=now)
        try:
            with self._storage.writing() as connection:
                connection.execute(seen)
        except UnavailableError:
            # Reading goes on while the disk is full or a long write runs.
            return


def _credential(email: str) -> sa.Select[UUID, str, int, datetime | None]:
    return (
        sa.select(Credential.user_id, Credential.password_hash, Credential.failed, Credential.locked_until)
        .join(User, User.id == Credential.user_id)
        .where(User.email == email.strip().lower(), may_act())
    )


def _session_row(token: SessionToken, now: datetime, browser: Browser) -> dict[str, Any]:
    return {
        "id": token.session_id,
        "token_hash": hashed(token.secret),
        "user_id": token.user_id,
        "created_at": now,
        "last_seen_at": now,
        "expires_at": token.expires_at,
        "user_agent": (browser.user_agent or "")[:200] or None,
        "address": browser.address,
    }


def _end(secret: str, now: datetime) -> sa.Update:
    return (
        sa.update(Session)
        .where(Session.token_hash == hashed(secret), Session.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def _forget_old(user_id: UUID, now: datetime) -> sa.Delete:
    return sa.delete(Session).where(Session.user_id == user_id, Session.expires_at < now - REMEMBERED)


def _refused() -> NotSignedInError:
    return NotSignedInError(
        _("The e-mail address or the password is not right"),
        hint=_("After several failed attempts an account rests for some minutes."),
    )
