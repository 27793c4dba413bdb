"""A user who was merged into another: their browsers and programs are signed out."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa

from .models import ApiKey, HalfSignIn, Session

if TYPE_CHECKING:
    from ..records.work import Work


def end_sign_ins(work: Work, entity: str, _winner: UUID, loser: UUID) -> None:
    """End the loser's sessions, sign-ins under way and API keys. Told of every merge.

    Password, second step and provider stay theirs: worth nothing while they are archived, and
    there again when the merge is undone.
    """
    if entity != "user":
        return
    for table in (Session, ApiKey):
        open_ones = sa.update(table).where(table.user_id == loser, table.revoked_at.is_(None))
        work.unguarded.execute(open_ones.values(revoked_at=work.now))
    work.unguarded.execute(sa.delete(HalfSignIn).where(HalfSignIn.user_id == loser))
