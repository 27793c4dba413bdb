"""The table of the access room: what was refused, and what was done that somebody may ask about."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ..storage.base import Base
from ..storage.ids import new_id
from ..storage.types import Id, Json, UtcDateTime


class AccessEntry(Base):
    """A denial, a use of the system's rights, a sign-in, a change of the policy, an export.

    ``count`` says how often the same happened within the second or so before it was written;
    for an export it is the number of rows. ``detail`` holds no secrets.
    """

    __tablename__ = "tenon_access_log"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(UtcDateTime, nullable=False)
    kind: Mapped[str] = mapped_column(sa.String(20), nullable=False)
    actor_id: Mapped[UUID | None] = mapped_column(Id)
    actor_name: Mapped[str] = mapped_column(sa.String(200), nullable=False)
    key_id: Mapped[UUID | None] = mapped_column(Id)
    via: Mapped[str] = mapped_column(sa.String(30), nullable=False)
    entity: Mapped[str | None] = mapped_column(sa.String(60))
    record_id: Mapped[UUID | None] = mapped_column(Id)
    action: Mapped[str | None] = mapped_column(sa.String(60))
    reason: Mapped[str | None] = mapped_column(sa.String(200))
    detail: Mapped[dict[str, Any] | None] = mapped_column(Json)
    address: Mapped[str | None] = mapped_column(sa.String(45))
    count: Mapped[int] = mapped_column(sa.Integer, nullable=False)

    __table_args__ = (
        sa.Index("ix_tenon_access_log_at", "at", "id"),
        sa.Index("ix_tenon_access_log_actor", "actor_id", "at", "id"),
        sa.Index("ix_tenon_access_log_kind", "kind", "at", "id"),
        sa.Index("ix_tenon_access_log_entity", "entity", "at", "id"),
        sa.Index(
            "ix_tenon_access_log_record",
            "record_id",
            "at",
            postgresql_where=sa.text("record_id IS NOT NULL"),
        ),
    )
