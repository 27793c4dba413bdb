"""Signing in: a password or a provider's word, then a code where the account has a second step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ..clock import Clock
from ..errors import InvalidError, NotSignedInError, Problem
from ..messages import _
from ..storage.engine import Storage
from .actors import may_act
from .events import EventKind, IdentityEvent, Teller
from .lockout import locked_until
from .models import Credential, HalfSignIn, User
from .passwords import Passwords
from .sessions import UNKNOWN, Browser, Sessions, SessionToken
from .throttle import Throttle
from .tokens import hashed, new_session_token
from .totp import ACCEPTED, Totp, Verdict, wrong_code
from .users import EMAIL

HALF_LASTS = timedelta(minutes=5)
TRIES = 5
BY_PASSWORD = "password"


class SecondStepNeeded(NotSignedInError):
    """The first step is done. ``secret`` stands for it, in the browser that did it and nowhere else.

    An error, so that whoever knows of no second step lets nobody in.
    """

    title = _("This account signs in with a code as well")

    def __init__(self, secret: str) -> None:
        super().__init__()
        self.secret = secret


@dataclass(frozen=True)
class _Account:
    """What an attempt with a password found. ``kept`` is ``None`` where there is nothing to compare."""

    user_id: UUID | None = None
    name: str | None = None
    kept: str | None = None
    reason: str = "unknown"


class SigningIn:
    """Opens sessions for those who prove who they are."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        passwords: Passwords,
        sessions: Sessions,
        totp: Totp,
        throttle: Throttle,
        tell: Teller,
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._passwords = passwords
        self._sessions = sessions
        self._totp = totp
        self._throttle = throttle
        self._tell = tell

    def with_password(
        self, email: str, password: str, *, replaces: str | None = None, browser: Browser = UNKNOWN
    ) -> SessionToken:
        """Open a session. ``replaces`` is the token the browser held before, which ends.

        ``NotSignedInError`` says the same, and takes as long, whether the account is unknown,
        disabled or locked, or the password wrong; ``SecondStepNeeded`` asks for :meth:`with_code`.
        """
        account, renewed = self._compare(email, password, browser)
        with self._storage.writing() as connection:
            row = connection.execute(_credential(email).with_for_update(of=Credential)).first()
            # Changed, or its user disabled, while it was compared.
            if row is None or row.password_hash != account.kept:
                raise _refused()
            self._clear_count(connection, row.user_id, password_hash=renewed)
            opened = self._go_on(connection, row.user_id, BY_PASSWORD, False, browser, replaces)
        return self._finished(opened, account, BY_PASSWORD, browser)

    def with_provider(
        self,
        user_id: UUID,
        name: str,
        provider: str,
        *,
        second_step: bool = False,
        replaces: str | None = None,
        browser: Browser = UNKNOWN,
    ) -> SessionToken:
        """Open a session for a user whom a provider vouches for, as with a password.

        ``second_step`` says that the provider has done the second step as well.
        """
        method = f"oidc:{provider}"
        with self._storage.writing() as connection:
            may = connection.execute(sa.select(User.id).where(User.id == user_id, may_act())).first()
            if may is None:
                raise _refused()
            opened = self._go_on(connection, user_id, method, second_step, browser, replaces)
        return self._finished(opened, _Account(user_id, name), method, browser)

    def with_code(
        self, half: str, code: str, *, replaces: str | None = None, browser: Browser = UNKNOWN
    ) -> SessionToken:
        """Do the second step of the sign-in that ``half`` stands for.

        ``InvalidError`` for a wrong or used code; ``NotSignedInError`` where the first step has to
        be done again: too long ago, too many wrong codes, or the user disabled meanwhile.
        """
        token: SessionToken | None = None
        with self._storage.writing() as connection:
            row = connection.execute(_half(half, self._clock.now()).with_for_update(of=HalfSignIn)).first()
            verdict: Verdict = "off" if row is None else self._totp.attempt(connection, row.user_id, code)
            if row is not None and verdict in ACCEPTED:
                connection.execute(_forget_half(half))
                token = self._sessions.open(
                    connection,
                    row.user_id,
                    method=row.method,
                    second_step=True,
                    browser=browser,
                    replaces=replaces,
                )
            elif row is not None:
                ended = self._count_half(connection, half, row.failed + 1)
        if row is None:
            raise _begin_anew()
        account = _Account(row.user_id, row.name)
        if token is None:
            self._told("sign_in_failed", account, browser, reason=f"code-{verdict}", method=row.method)
            raise _begin_anew() if ended else wrong_code()
        self._sessions.forget()
        self._told("signed_in", account, browser, method=row.method, second_step=verdict)
        return token

    def require_password(self, user_id: UUID, password: str, *, browser: Browser = UNKNOWN) -> None:
        """``InvalidError`` unless this is the user's password. Wrong ones count as at signing in."""
        query = sa.select(User.email).where(User.id == user_id)
        with self._storage.reading() as connection:
            email = connection.execute(query).scalar_one_or_none() or ""
        try:
            self._compare(email, password, browser, what="asked again")
        except NotSignedInError:
            detail = _("This is not your present password")
            raise InvalidError(detail, problems=[Problem("/current", "wrong", detail)]) from None
        with self._storage.writing() as connection:
            self._clear_count(connection, user_id)

    def _compare(self, email: str, password: str, browser: Browser, **told: str) -> tuple[_Account, str]:
        """The account whose password this is, and how to keep that password from now on."""
        with self._passwords.turn():
            account = self._begin_attempt(email)
            if self._passwords.matches(account.kept, password) and account.kept is not None:
                outdated = self._passwords.is_outdated(account.kept)
                return account, self._passwords.hash(password) if outdated else account.kept
        if account.user_id is None:
            told |= _address_only(email)
        self._told("sign_in_failed", account, browser, reason=account.reason, method=BY_PASSWORD, **told)
        raise _refused()

    def _begin_attempt(self, email: str) -> _Account:
        """Count an attempt, before the comparison: attempts made at once cannot all see a count
        from before the others. Whatever is found, one row is written.
        """
        now = self._clock.now()
        with self._storage.writing() as connection:
            row = connection.execute(_credential(email).with_for_update(of=Credential)).first()
            if row is None:
                self._throttle.note(connection)
                return _Account()
            if row.locked_until is not None and now < row.locked_until:
                self._throttle.note(connection)
                return _Account(row.user_id, row.name, None, "locked")
            failed = row.failed + 1
            counted = sa.update(Credential).where(Credential.user_id == row.user_id)
            connection.execute(counted.values(failed=failed, locked_until=locked_until(failed, now)))
        return _Account(row.user_id, row.name, row.password_hash, "password")

    def _clear_count(self, connection: Connection, user_id: UUID, **values: Any) -> None:
        cleared = sa.update(Credential).where(Credential.user_id == user_id)
        connection.execute(cleared.values(failed=0, locked_until=None, **values))

    def _go_on(
        self,
        connection: Connection,
        user_id: UUID,
        method: str,
        second_step: bool,
        browser: Browser,
        replaces: str | None,
    ) -> SessionToken | str:
        """A session, or what stands for the half that is done."""
        if second_step or not self._totp.is_on(connection, user_id):
            return self._sessions.open(
                connection,
                user_id,
                method=method,
                second_step=second_step,
                browser=browser,
                replaces=replaces,
            )
        now, half = self._clock.now(), new_session_token()
        past = sa.delete(HalfSignIn).where(HalfSignIn.user_id == user_id, HalfSignIn.expires_at <= now)
        connection.execute(past)
        row = {"user_id": user_id, "method": method, "expires_at": now + HALF_LASTS, "failed": 0}
        connection.execute(sa.insert(HalfSignIn).values(token_hash=hashed(half), **row))
        return half

    def _finished(
        self, opened: SessionToken | str, account: _Account, method: str, browser: Browser
    ) -> SessionToken:
        if isinstance(opened, str):
            raise SecondStepNeeded(opened)
        self._sessions.forget()
        self._told("signed_in", account, browser, method=method)
        return opened

    def _count_half(self, connection: Connection, half: str, failed: int) -> bool:
        """Count a wrong code; whether the first step has to be done again."""
        if failed >= TRIES:
            connection.execute(_forget_half(half))
            return True
        counted = sa.update(HalfSignIn).where(HalfSignIn.token_hash == hashed(half))
        connection.execute(counted.values(failed=failed))
        return False

    def _told(self, kind: EventKind, account: _Account, browser: Browser, **detail: str) -> None:
        self._tell(IdentityEvent(kind, account.user_id, account.name, browser.address, detail))


def _credential(email: str) -> sa.Select[Any]:
    return (
        sa.select(
            Credential.user_id,
            User.name,
            Credential.password_hash,
            Credential.failed,
            Credential.locked_until,
        )
        .join(User, User.id == Credential.user_id)
        .where(User.email == email.strip().lower(), may_act())
    )


def _half(half: str, now: datetime) -> sa.Select[Any]:
    return (
        sa.select(HalfSignIn.user_id, HalfSignIn.method, HalfSignIn.failed, User.name)
        .join(User, User.id == HalfSignIn.user_id)
        .where(HalfSignIn.token_hash == hashed(half), HalfSignIn.expires_at > now, may_act())
    )


def _forget_half(half: str) -> sa.Delete:
    return sa.delete(HalfSignIn).where(HalfSignIn.token_hash == hashed(half))


def _address_only(typed: str) -> dict[str, str]:
    """What was typed as an address, unless it may be a password in the wrong box."""
    return {"typed": typed.strip().lower()[:254]} if EMAIL.fullmatch(typed.strip()) else {}


def _refused() -> NotSignedInError:
    return NotSignedInError(
        _("The e-mail address or the password is not right"),
        hint=_("After several failed attempts an account rests for some minutes."),
    )


def _begin_anew() -> NotSignedInError:
    return NotSignedInError(
        _("This sign-in has expired"), hint=_("Begin anew with your e-mail address and password.")
    )
