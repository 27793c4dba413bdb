"""Staying signed in: the open sessions of browsers, their tokens, their end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ..clock import Clock
from ..errors import NotFoundError, NotSignedInError, UnavailableError
from ..messages import _
from ..storage.engine import Storage
from ..storage.ids import new_id
from .actor import Actor
from .actors import ACTOR_COLUMNS, actor_of, may_act
from .cache import BriefCache
from .models import Session, User
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


@dataclass(frozen=True)
class SignedIn:
    """Whose session a token is. ``outdated`` is set where the user's rights changed since the
    token was given out: exchange it by ``Sessions.rotate``.
    """

    actor: Actor
    session_id: UUID
    until: datetime
    second_step: bool
    outdated: bool


@dataclass(frozen=True)
class OpenSession:
    """A browser that is signed in, as its user may see it. ``here`` marks the one that asks."""

    id: UUID
    method: str
    user_agent: str | None
    address: str | None
    created_at: datetime
    last_seen_at: datetime
    here: bool


class Sessions:
    """The sign-ins of a deployment, which last ``lifetime``, and ``idle`` without a request."""

    def __init__(self, storage: Storage, clock: Clock, lifetime: timedelta, idle: timedelta) -> None:
        self._storage = storage
        self._clock = clock
        self._lifetime = lifetime
        self._idle = idle
        # Fine enough that nobody at work is taken for idle.
        self._seen_every = min(SEEN_EVERY, idle / 5)
        self._known: BriefCache[str, SignedIn] = BriefCache(clock)

    def open(
        self,
        connection: Connection,
        user_id: UUID,
        *,
        method: str,
        second_step: bool,
        browser: Browser,
        replaces: str | None,
    ) -> SessionToken:
        """Open a session. ``replaces`` is the token that the browser held before, which ends."""
        now = self._clock.now()
        token = SessionToken(new_session_token(), new_id(), user_id, now + self._lifetime)
        rights = connection.execute(sa.select(User.admin, User.roles).where(User.id == user_id)).one()
        row = {
            "id": token.session_id,
            "token_hash": hashed(token.secret),
            "user_id": user_id,
            "created_at": now,
            "last_seen_at": now,
            "expires_at": token.expires_at,
            "user_agent": (browser.user_agent or "")[:200] or None,
            "address": browser.address,
            "method": method,
            "second_step": second_step,
            "admin": bool(rights.admin),
            "roles": sorted(rights.roles or ()),
        }
        forgotten = sa.delete(Session).where(
            Session.user_id == user_id, Session.expires_at < now - REMEMBERED
        )
        connection.execute(forgotten)
        connection.execute(sa.insert(Session).values(**row))
        if replaces is not None:
            connection.execute(_alive(now).where(Session.token_hash == hashed(replaces)))
        return token

    def sign_out(self, secret: str) -> None:
        """End the session with this token; nothing happens where there is none."""
        with self._storage.writing() as connection:
            connection.execute(_alive(self._clock.now()).where(Session.token_hash == hashed(secret)))
        self.forget()

    def signed_in(self, secret: str) -> SignedIn | None:
        """Whose session this token is; ``None`` where it is unknown, ended or its user disabled."""
        key = hashed(secret)
        found = self._known.get(key) or self._read(key)
        return found if found is not None and self._clock.now() < found.until else None

    def actor(self, secret: str) -> Actor | None:
        """The Actor of the session with this token."""
        found = self.signed_in(secret)
        return None if found is None else found.actor

    def rotate(self, secret: str) -> str:
        """Exchange a token for a new one of the same session; the old one is dead at once.

        ``NotSignedInError`` where it was dead already: of two that exchange it, one wins.
        """
        with self._storage.writing() as connection:
            fresh = self.rotate_in(connection, secret)
        self.forget()
        return fresh

    def rotate_in(self, connection: Connection, secret: str, **values: Any) -> str:
        """Exchange a token as :meth:`rotate` does, in a transaction that the caller has open.

        The caller calls :meth:`forget` afterwards. ``values`` change with it.
        """
        held = sa.and_(Session.token_hash == hashed(secret), Session.revoked_at.is_(None))
        owner = sa.select(User.admin, User.roles).join(Session, Session.user_id == User.id)
        rights = connection.execute(owner.where(held, may_act())).first()
        if rights is None:
            raise NotSignedInError()
        fresh = new_session_token()
        exchanged = (
            sa.update(Session)
            .where(held)
            .values(
                token_hash=hashed(fresh), admin=bool(rights.admin), roles=sorted(rights.roles or ()), **values
            )
        )
        if not connection.execute(exchanged).rowcount:
            raise NotSignedInError()
        return fresh

    def of(self, user_id: UUID, here: UUID | None = None) -> list[OpenSession]:
        """A user's open sessions, the one that was used last first."""
        now = self._clock.now()
        query = sa.select(
            Session.id,
            Session.method,
            Session.user_agent,
            Session.address,
            Session.created_at,
            Session.last_seen_at,
        ).where(
            Session.user_id == user_id,
            Session.revoked_at.is_(None),
            Session.expires_at > now,
            Session.last_seen_at > now - self._idle,
        )
        latest_first = query.order_by(Session.last_seen_at.desc(), Session.id.desc())
        with self._storage.reading() as connection:
            return [_open_session(row, here) for row in connection.execute(latest_first)]

    def end(self, user_id: UUID, session_id: UUID) -> None:
        """End one of a user's sessions, or ``NotFoundError``."""
        ended = _alive(self._clock.now()).where(Session.id == session_id, Session.user_id == user_id)
        with self._storage.writing() as connection:
            done = connection.execute(ended).rowcount
        self.forget()
        if not done:
            raise NotFoundError(_("This sign-in has ended already"))

    def end_others(self, user_id: UUID, keep: UUID) -> int:
        """End all of a user's sessions but one; how many there were."""
        with self._storage.writing() as connection:
            ended = self.end_others_in(connection, user_id, keep)
        self.forget()
        return ended

    def end_others_in(self, connection: Connection, user_id: UUID, keep: UUID | None) -> int:
        """End them in a transaction that the caller has open, who calls :meth:`forget` afterwards."""
        ended = _alive(self._clock.now()).where(Session.user_id == user_id)
        if keep is not None:
            ended = ended.where(Session.id != keep)
        return connection.execute(ended).rowcount

    def forget(self) -> None:
        """Ask the database again: a session began, changed or ended in this process."""
        self._known.clear()

    def _read(self, key: str) -> SignedIn | None:
        now = self._clock.now()
        query = (
            sa.select(
                Session.id,
                Session.expires_at,
                Session.last_seen_at,
                Session.second_step,
                Session.admin.label("session_admin"),
                Session.roles.label("session_roles"),
                *ACTOR_COLUMNS,
            )
            .join(User, User.id == Session.user_id)
            .where(Session.token_hash == key, Session.revoked_at.is_(None), may_act())
        )
        with self._storage.reading() as connection:
            row = connection.execute(query).first()
        if row is None or now >= row.last_seen_at + self._idle:
            return None
        if now - row.last_seen_at >= self._seen_every:
            self._saw(row.id, now)
        actor = actor_of(row)
        had = bool(row.session_admin), frozenset(row.session_roles)
        found = SignedIn(actor, row.id, row.expires_at, row.second_step, had != (actor.admin, actor.roles))
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


def _alive(now: datetime) -> sa.Update:
    """Ends the sessions that it is narrowed to, as far as they are open."""
    return sa.update(Session).where(Session.revoked_at.is_(None)).values(revoked_at=now)


def _open_session(row: sa.Row[*tuple[Any, ...]], here: UUID | None) -> OpenSession:
    return OpenSession(**row._mapping, here=row.id == here)
