"""What is remembered of an import: how far it got, and the rows that were refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ...storage.base import Base
from ...storage.ids import new_id
from ...storage.types import Id, Json, UtcDateTime


class ImportRun(Base):
    """One file going into one kind of record. Its id is the batch of its writes in the audit trail.

    ``position`` is the last row that was dealt with; it is written in the same
    transaction as the records of those rows. The runs of a plan share ``plan_id``.
    ``state`` is ``waiting``, ``running``, ``done`` or ``undone``.
    """

    __tablename__ = "tenon_import"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    plan_id: Mapped[UUID | None] = mapped_column(Id)
    step: Mapped[int] = mapped_column(sa.Integer, nullable=False)
    entity: Mapped[str] = mapped_column(sa.String(60), nullable=False)
    file: Mapped[str] = mapped_column(sa.String(255), nullable=False)
    path: Mapped[str] = mapped_column(sa.Text, nullable=False)
    sha256: Mapped[str] = mapped_column(sa.String(64), nullable=False)
    map_name: Mapped[str] = mapped_column(sa.String(255), nullable=False)
    map_text: Mapped[str] = mapped_column(sa.Text, nullable=False)
    layout: Mapped[dict[str, Any]] = mapped_column(Json, nullable=False)
    state: Mapped[str] = mapped_column(sa.String(10), nullable=False)
    position: Mapped[int] = mapped_column(sa.Integer, nullable=False)
    total: Mapped[int | None] = mapped_column(sa.Integer)
    made: Mapped[int] = mapped_column(sa.Integer, nullable=False)
    updated: Mapped[int] = mapped_column(sa.Integer, nullable=False)
    unchanged: Mapped[int] = mapped_column(sa.Integer, nullable=False)
    skipped: Mapped[int] = mapped_column(sa.Integer, nullable=False)
    failed: Mapped[int] = mapped_column(sa.Integer, nullable=False)
    actor_id: Mapped[UUID | None] = mapped_column(Id)
    actor_name: Mapped[str] = mapped_column(sa.String(200), nullable=False)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, nullable=False)
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime, nullable=False)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (sa.Index("ix_tenon_import_plan_id", "plan_id", "step"),)


class ImportRow(Base):
    """A row of an import that needs attention.

    ``kind`` is ``bad`` for a row that goes into the error file, and ``later`` for a
    reference to a record of the same file that was not there yet: ``field`` of
    ``record_id`` is to become what ``value`` names. ``reason`` is a text as
    :func:`tenon.messages.dumped` keeps it. ``cells`` are the row's own, as JSON in
    ASCII: they may hold what is not text.
    """

    __tablename__ = "tenon_import_row"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    import_id: Mapped[UUID] = mapped_column(
        Id, sa.ForeignKey("tenon_import.id", ondelete="CASCADE"), nullable=False
    )
    kind: Mapped[str] = mapped_column(sa.String(10), nullable=False)
    row: Mapped[int] = mapped_column(sa.Integer, nullable=False)
    line: Mapped[int] = mapped_column(sa.Integer, nullable=False)
    cells: Mapped[bytes] = mapped_column(sa.LargeBinary, nullable=False)
    reason: Mapped[str] = mapped_column(sa.Text, nullable=False)
    field: Mapped[str | None] = mapped_column(sa.String(120))
    value: Mapped[str | None] = mapped_column(sa.Text)
    record_id: Mapped[UUID | None] = mapped_column(Id)

    __table_args__ = (sa.Index("ix_tenon_import_row_import_id", "import_id", "kind", "row"),)
