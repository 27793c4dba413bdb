"""API keys: a program acts for a user, with no more than the key's scopes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ..clock import Clock
from ..errors import InvalidError, NotFoundError, Problem, UnavailableError
from ..messages import _
from ..storage.engine import Storage
from ..storage.ids import new_id
from .actor import Actor
from .actors import ACTOR_COLUMNS, actor_of, may_act
from .cache import BriefCache
from .events import IdentityEvent, Teller
from .models import ApiKey, User
from .sessions import UNKNOWN, Browser
from .tokens import hashed, is_api_key, new_api_key

SCOPE = re.compile(r"(\*|[a-z][a-z0-9_]*):(\*|[a-z][a-z0-9_]*)")
USED_EVERY = timedelta(minutes=5)


@dataclass(frozen=True)
class KeySummary:
    """An API key as it may be shown. ``scopes`` ``None`` is no restriction."""

    id: UUID
    name: str
    prefix: str
    user_id: UUID
    user_name: str
    scopes: tuple[str, ...] | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class ApiKeys:
    """The API keys of a deployment."""

    def __init__(self, storage: Storage, clock: Clock, tell: Teller) -> None:
        self._storage = storage
        self._clock = clock
        self._tell = tell
        self._known: BriefCache[str, tuple[Actor, datetime | None]] = BriefCache(clock)

    def create(
        self,
        user_id: UUID,
        name: str,
        *,
        scopes: Iterable[str] | None = None,
        expires_at: datetime | None = None,
        browser: Browser = UNKNOWN,
    ) -> tuple[KeySummary, str]:
        """Make a key for a user: how it will be listed, and its secret, which is shown this once.

        ``scopes`` are permission keys (``account:read``, ``*:read``); without them the
        key may do what its user may. ``InvalidError`` for anything else.
        """
        allowed = None if scopes is None else sorted(set(scopes))
        self._require_valid(name, allowed, expires_at)
        prefix, secret = new_api_key()
        row = {
            "id": new_id(),
            "user_id": user_id,
            "name": name.strip(),
            "prefix": prefix,
            "secret_hash": hashed(secret),
            "scopes": allowed,
            "created_at": self._clock.now(),
            "expires_at": expires_at,
        }
        try:
            with self._storage.writing() as connection:
                connection.execute(sa.insert(ApiKey).values(**row))
        except sa.exc.IntegrityError as error:
            raise NotFoundError(_("There is no user %(asked)s", asked=str(user_id))) from error
        made = self._one(prefix)
        self._told("created", made, browser)
        return made, secret

    def revoke(self, prefix: str, *, owner: UUID | None = None, browser: Browser = UNKNOWN) -> KeySummary:
        """End the key with that prefix for good, or ``NotFoundError``.

        With ``owner`` it has to be that user's: somebody else's is as one that is not there.
        """
        found = self._one(prefix)
        if owner is not None and found.user_id != owner:
            raise _no_such_key(prefix)
        ended = sa.update(ApiKey).where(ApiKey.prefix == prefix, ApiKey.revoked_at.is_(None))
        with self._storage.writing() as connection:
            now_ended = connection.execute(ended.values(revoked_at=self._clock.now())).rowcount
        self._known.clear()
        if now_ended:
            self._told("revoked", found, browser)
        return self._one(prefix)

    def all(self, user_id: UUID | None = None) -> list[KeySummary]:
        """Every key, or those of one user, the newest first."""
        query = _summaries().order_by(ApiKey.id.desc())
        if user_id is not None:
            query = query.where(ApiKey.user_id == user_id)
        with self._storage.reading() as connection:
            return [_summary(row) for row in connection.execute(query)]

    def forget(self) -> None:
        """Read every key anew: what somebody may do was changed in this process."""
        self._known.clear()

    def actor(self, secret: str) -> Actor | None:
        """For whom this key acts; ``None`` where it is unknown, ended or its user disabled."""
        if not is_api_key(secret):
            return None
        key = hashed(secret)
        found = self._known.get(key) or self._read(key)
        if found is None:
            return None
        actor, expires_at = found
        return actor if expires_at is None or self._clock.now() < expires_at else None

    def _read(self, key: str) -> tuple[Actor, datetime | None] | None:
        now = self._clock.now()
        query = (
            sa.select(ApiKey.id, ApiKey.scopes, ApiKey.expires_at, ApiKey.last_used_at, *ACTOR_COLUMNS)
            .join(User, User.id == ApiKey.user_id)
            .where(ApiKey.secret_hash == key, ApiKey.revoked_at.is_(None), may_act())
        )
        with self._storage.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        if row.last_used_at is None or now - row.last_used_at >= USED_EVERY:
            self._used(row.id, now)
        scopes = None if row.scopes is None else frozenset(row.scopes)
        found = actor_of(row, scopes=scopes, key_id=row.id), row.expires_at
        self._known.put(key, found, now)
        return found

    def _used(self, key_id: UUID, now: datetime) -> None:
        used = sa.update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=now)
        try:
            with self._storage.writing() as connection:
                connection.execute(used)
        except UnavailableError:
            # Reading goes on while the disk is full or a long write runs.
            return

    def _one(self, prefix: str) -> KeySummary:
        with self._storage.reading() as connection:
            row = connection.execute(_summaries().where(ApiKey.prefix == prefix)).first()
        if row is None:
            raise _no_such_key(prefix)
        return _summary(row)

    def _told(self, what: str, key: KeySummary, browser: Browser) -> None:
        detail = {"what": what, "key": f"tnn_{key.prefix}", "key_name": key.name}
        if key.scopes is not None:
            detail["scopes"] = " ".join(key.scopes)
        self._tell(IdentityEvent("key", key.user_id, key.user_name, browser.address, detail))

    def _require_valid(self, name: str, scopes: list[str] | None, expires_at: datetime | None) -> None:
        problems = []
        if not 0 < len(name.strip()) <= 100:
            problems.append(Problem("/name", "required", _("A key needs a name of 1 to 100 characters")))
        for scope in [] if scopes is None else scopes:
            if not SCOPE.fullmatch(scope):
                problems.append(Problem("/scopes", "scope", _not_a_scope(scope)))
        if scopes == []:
            problems.append(Problem("/scopes", "required", _("A key without any scope could do nothing")))
        if expires_at is not None and expires_at <= self._clock.now():
            problems.append(Problem("/expires_at", "past", _("The key would have expired already")))
        if problems:
            raise InvalidError(problems=problems)


def _no_such_key(prefix: str) -> NotFoundError:
    return NotFoundError(
        _("There is no API key %(prefix)s", prefix=prefix),
        hint=_("See which there are: tenon apikey list"),
    )


def _not_a_scope(scope: str) -> str:
    return _("%(scope)s is not a permission; write account:read, account:* or *:read", scope=scope)


def _summaries() -> sa.Select[Any]:
    return sa.select(
        ApiKey.id,
        ApiKey.name,
        ApiKey.prefix,
        ApiKey.user_id,
        User.name.label("user_name"),
        ApiKey.scopes,
        ApiKey.created_at,
        ApiKey.expires_at,
        ApiKey.last_used_at,
        ApiKey.revoked_at,
    ).join(User, User.id == ApiKey.user_id)


def _summary(row: sa.Row[Any]) -> KeySummary:
    values = dict(row._mapping)
    scopes = values.pop("scopes")
    return KeySummary(scopes=None if scopes is None else tuple(scopes), **values)
