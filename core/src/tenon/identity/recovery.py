"""Codes on paper, for whoever has lost the authenticator app."""

from __future__ import annotations

import re
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from .models import RecoveryCode
from .tokens import hashed, new_password

COUNT = 10
FORM = re.compile(r"[a-z2-9]{16}")


def renew(connection: Connection, user_id: UUID) -> tuple[str, ...]:
    """Ten new codes, to be shown this once; the former ones are worthless."""
    forget(connection, user_id)
    codes = tuple(new_password() for _number in range(COUNT))
    rows = [{"user_id": user_id, "code_hash": hashed(_plain(code)), "used_at": None} for code in codes]
    connection.execute(sa.insert(RecoveryCode), rows)
    return codes


def use(connection: Connection, user_id: UUID, code: str, now: datetime) -> bool:
    """Whether ``code`` is one of the user's that was not used before; it is used now."""
    used = (
        sa.update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user_id,
            RecoveryCode.code_hash == hashed(_plain(code)),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
    )
    return connection.execute(used).rowcount == 1


def left(connection: Connection, user_id: UUID) -> int:
    """How many codes are not used yet."""
    query = sa.select(sa.func.count()).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return int(connection.execute(query).scalar_one())


def forget(connection: Connection, user_id: UUID) -> None:
    """Take all of a user's codes away."""
    connection.execute(sa.delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


def looks_like_one(code: str) -> bool:
    """Whether ``code`` has the form of a recovery code, however it was grouped."""
    return FORM.fullmatch(_plain(code)) is not None


def _plain(code: str) -> str:
    return re.sub(r"[\s-]", "", code).lower()
