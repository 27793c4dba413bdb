"""The second step: codes of an authenticator app (TOTP, RFC 6238), none of them twice.

Six digits, 30 seconds, SHA-1: what every app understands. A code counts for its own step and
the ones before and after (RFC 6238, 5.2), and the step of an accepted code is kept, so that
neither it nor an earlier one is accepted again.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import pyotp
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ..clock import Clock
from ..errors import ConflictError, InvalidError, Problem
from ..messages import _
from ..storage.engine import Storage
from . import recovery
from .lockout import locked_until
from .models import TotpSecret
from .sealing import Seal

STEP_SECONDS = 30
WINDOW = (-1, 0, 1)
NEVER = -1

Verdict = Literal["app", "recovery", "wrong", "locked", "off"]
ACCEPTED = frozenset({"app", "recovery"})


@dataclass(frozen=True)
class Enrolment:
    """A secret to be shown once: as text, and as the address that a QR code holds."""

    secret: str
    uri: str

    def __repr__(self) -> str:
        return "Enrolment()"


@dataclass(frozen=True)
class TotpState:
    """Whether somebody has a second step, since when, and how many recovery codes are left."""

    since: datetime | None = None
    codes_left: int = 0

    @property
    def on(self) -> bool:
        return self.since is not None


class Totp:
    """The second steps of a deployment, which apps list as ``issuer``."""

    def __init__(self, storage: Storage, clock: Clock, seal: Seal, issuer: str) -> None:
        self._storage = storage
        self._clock = clock
        self._seal = seal
        self._issuer = issuer

    def state(self, user_id: UUID) -> TotpState:
        """What a user has."""
        with self._storage.reading() as connection:
            row = connection.execute(_row(user_id)).first()
            if row is None or row.confirmed_at is None:
                return TotpState()
            return TotpState(row.confirmed_at, recovery.left(connection, user_id))

    def states(self) -> dict[UUID, datetime]:
        """Since when, for everybody who has a second step."""
        query = sa.select(TotpSecret.user_id, TotpSecret.confirmed_at)
        with self._storage.reading() as connection:
            rows = connection.execute(query.where(TotpSecret.confirmed_at.is_not(None)))
            return {row.user_id: row.confirmed_at for row in rows}

    def start(self, user_id: UUID, account: str) -> Enrolment:
        """Make a secret that counts once :meth:`confirm` has seen a code of it.

        ``account`` is what the app shows. ``ConflictError`` where there is a second step already.
        """
        secret = pyotp.random_base32()
        values = {"sealed": self._seal.close(secret), "last_step": NEVER, "failed": 0, "locked_until": None}
        with self._storage.writing() as connection:
            row = connection.execute(_row(user_id).with_for_update()).first()
            if row is not None and row.confirmed_at is not None:
                raise ConflictError(
                    _("The second step is on already"), hint=_("Turn it off first to use another app.")
                )
            connection.execute(sa.delete(TotpSecret).where(TotpSecret.user_id == user_id))
            connection.execute(sa.insert(TotpSecret).values(user_id=user_id, confirmed_at=None, **values))
        uri = pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=self._issuer)
        return Enrolment(secret, uri)

    def confirm(self, connection: Connection, user_id: UUID, code: str) -> tuple[str, ...]:
        """Turn the second step on, and give the recovery codes, to be shown this once.

        ``InvalidError`` where the code is not the app's, or nothing was started.
        """
        now = self._clock.now()
        row = connection.execute(_row(user_id).with_for_update()).first()
        if row is None or row.confirmed_at is not None:
            raise InvalidError(_("Begin anew: no second step is being set up"))
        step = self._step_of(row.sealed, code, now)
        if step is None:
            raise wrong_code()
        on = sa.update(TotpSecret).where(TotpSecret.user_id == user_id)
        connection.execute(on.values(confirmed_at=now, last_step=step))
        return recovery.renew(connection, user_id)

    def attempt(self, connection: Connection, user_id: UUID, code: str) -> Verdict:
        """What a code is worth. Accepted, it is used up; refused, it is counted, and after some the
        account rests as it does after wrong passwords.
        """
        now = self._clock.now()
        row = connection.execute(_row(user_id).with_for_update()).first()
        if row is None or row.confirmed_at is None:
            return "off"
        if row.locked_until is not None and now < row.locked_until:
            return "locked"
        verdict = self._verdict(connection, row, code, now)
        failed = 0 if verdict in ACCEPTED else row.failed + 1
        counted = sa.update(TotpSecret).where(TotpSecret.user_id == user_id)
        connection.execute(counted.values(failed=failed, locked_until=locked_until(failed, now)))
        return verdict

    def is_on(self, connection: Connection, user_id: UUID) -> bool:
        """Whether signing in takes this user a second step."""
        query = sa.select(TotpSecret.user_id).where(
            TotpSecret.user_id == user_id, TotpSecret.confirmed_at.is_not(None)
        )
        return connection.execute(query).first() is not None

    def forget(self, connection: Connection, user_id: UUID) -> bool:
        """Take a user's second step and recovery codes away; whether there was one."""
        recovery.forget(connection, user_id)
        gone = sa.delete(TotpSecret).where(TotpSecret.user_id == user_id)
        return bool(connection.execute(gone).rowcount)

    def _verdict(self, connection: Connection, row: sa.Row[Any], code: str, now: datetime) -> Verdict:
        if recovery.looks_like_one(code):
            return "recovery" if recovery.use(connection, row.user_id, code, now) else "wrong"
        step = self._step_of(row.sealed, code, now)
        if step is None:
            return "wrong"
        used = sa.update(TotpSecret).where(TotpSecret.user_id == row.user_id, TotpSecret.last_step < step)
        return "app" if connection.execute(used.values(last_step=step)).rowcount == 1 else "wrong"

    def _step_of(self, sealed: str, code: str, now: datetime) -> int | None:
        """The step near ``now`` whose code this is."""
        typed = re.sub(r"\s", "", code)
        app = pyotp.TOTP(self._seal.open(sealed), interval=STEP_SECONDS)
        present = int(now.timestamp()) // STEP_SECONDS
        found = [
            present + offset
            for offset in WINDOW
            if hmac.compare_digest(app.generate_otp(present + offset).encode(), typed.encode())
        ]
        return max(found, default=None)


def wrong_code() -> InvalidError:
    """The refusal of a code that is no code of the app's, or was used."""
    return InvalidError(
        hint=_("After several wrong codes an account rests for some minutes."),
        problems=[
            Problem(
                "/code",
                "wrong",
                _("This code is not right, or it was used already. Wait for the next one and type that."),
            )
        ],
    )


def _row(user_id: UUID) -> sa.Select[Any]:
    return sa.select(TotpSecret.__table__).where(TotpSecret.user_id == user_id)
