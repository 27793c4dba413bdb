"""What the web face keeps: the views of lists that people saved."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ..storage.base import Base
from ..storage.ids import new_id
from ..storage.types import Id, Json, UtcDateTime


class SavedView(Base):
    """A list as somebody wants to see it again; ``query`` holds the address's names and values."""

    __tablename__ = "tenon_view"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    entity: Mapped[str] = mapped_column(sa.String(60), nullable=False)
    owner_id: Mapped[UUID] = mapped_column(Id, nullable=False)
    name: Mapped[str] = mapped_column(sa.String(80), nullable=False)
    shared: Mapped[bool] = mapped_column(sa.Boolean, nullable=False)
    query: Mapped[list[list[str]]] = mapped_column(Json, nullable=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, nullable=False)

    __table_args__ = (sa.Index("ix_tenon_view_entity", "entity", "owner_id"),)
