"""Tables of the records room. They refer to records by entity name and id, without foreign keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ..storage.base import Base
from ..storage.ids import new_id
from ..storage.types import Id, Json, UtcDateTime


class AuditEntry(Base):
    """Who changed what, when, by which path, from what to what.

    ``changes`` maps field paths to ``[before, after]``; ``version`` is the record's
    version after the write. ``batch`` joins the writes of one import, merge or bulk edit.
    """

    __tablename__ = "tenon_audit"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(UtcDateTime, nullable=False)
    actor_id: Mapped[UUID | None] = mapped_column(Id)
    actor_name: Mapped[str] = mapped_column(sa.String(200), nullable=False)
    via: Mapped[str] = mapped_column(sa.String(30), nullable=False)
    entity: Mapped[str] = mapped_column(sa.String(60), nullable=False)
    record_id: Mapped[UUID] = mapped_column(Id, nullable=False)
    action: Mapped[str] = mapped_column(sa.String(20), nullable=False)
    version: Mapped[int] = mapped_column(sa.Integer, nullable=False)
    changes: Mapped[dict[str, Any]] = mapped_column(Json, nullable=False)
    note: Mapped[dict[str, Any] | None] = mapped_column(Json)
    batch: Mapped[UUID | None] = mapped_column(Id)

    __table_args__ = (
        sa.Index("ix_tenon_audit_record", "record_id", "id"),
        sa.Index("ix_tenon_audit_batch", "batch", "id", postgresql_where=sa.text("batch IS NOT NULL")),
    )


class CustomField(Base):
    """A field that a customer added at run time; values stand in the records' ``custom`` column.

    ``revision`` grows with every change, so that other processes notice.
    """

    __tablename__ = "tenon_custom_field"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    entity: Mapped[str] = mapped_column(sa.String(60), nullable=False)
    key: Mapped[str] = mapped_column(sa.String(40), nullable=False)
    label: Mapped[str] = mapped_column(sa.String(120), nullable=False)
    kind: Mapped[str] = mapped_column(sa.String(20), nullable=False)
    options: Mapped[dict[str, Any]] = mapped_column(Json, nullable=False)
    indexed: Mapped[bool] = mapped_column(sa.Boolean, nullable=False)
    position: Mapped[int] = mapped_column(sa.Integer, nullable=False)
    revision: Mapped[int] = mapped_column(sa.BigInteger, nullable=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, nullable=False)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, nullable=False)
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (sa.UniqueConstraint("entity", "key"),)


class ExternalId(Base):
    """By what id another system knows a record."""

    __tablename__ = "tenon_external_id"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    entity: Mapped[str] = mapped_column(sa.String(60), nullable=False)
    record_id: Mapped[UUID] = mapped_column(Id, nullable=False, index=True)
    system: Mapped[str] = mapped_column(sa.String(60), nullable=False)
    external_id: Mapped[str] = mapped_column(sa.String(200), nullable=False)

    __table_args__ = (sa.UniqueConstraint("entity", "system", "external_id"),)


class Merge(Base):
    """A merge of duplicates: which records went into which, and what is needed to undo it."""

    __tablename__ = "tenon_merge"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(UtcDateTime, nullable=False)
    actor_id: Mapped[UUID | None] = mapped_column(Id)
    entity: Mapped[str] = mapped_column(sa.String(60), nullable=False)
    winner_id: Mapped[UUID] = mapped_column(Id, nullable=False, index=True)
    loser_id: Mapped[UUID] = mapped_column(Id, nullable=False, index=True)
    batch: Mapped[UUID] = mapped_column(Id, nullable=False)
    moved: Mapped[list[Any]] = mapped_column(Json, nullable=False)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class IdempotencyKey(Base):
    """The answer that a repeated request gets again."""

    __tablename__ = "tenon_idempotency_key"

    actor: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(sa.String(64), nullable=False)
    status: Mapped[int] = mapped_column(sa.Integer, nullable=False)
    headers: Mapped[dict[str, Any]] = mapped_column(Json, nullable=False)
    body: Mapped[str] = mapped_column(sa.Text, nullable=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime, nullable=False, index=True)
