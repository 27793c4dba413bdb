"""Tables of the pipelines room. They refer to records by entity name and id, without foreign keys."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ..storage.base import Base
from ..storage.ids import new_id
from ..storage.types import ExactDecimal, Id, Json, UtcDateTime


class StageHistory(Base):
    """What became of a record in its pipeline.

    A row of kind ``stage`` is a stay in a stage, from ``entered_at`` to ``left_at``
    (open while the record is there); ``seconds`` are whole seconds between the two,
    cut so that the stays of a record add up without rounding away. A row of kind
    ``value`` is a change of amount, close date or category during a stay.
    """

    __tablename__ = "tenon_stage_history"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(sa.String(10), nullable=False)
    entity: Mapped[str] = mapped_column(sa.String(60), nullable=False)
    record_id: Mapped[UUID] = mapped_column(Id, nullable=False)
    pipeline: Mapped[str] = mapped_column(sa.String(60), nullable=False)
    stage: Mapped[str] = mapped_column(sa.String(60), nullable=False)
    status: Mapped[str] = mapped_column(sa.String(10), nullable=False)
    from_stage: Mapped[str | None] = mapped_column(sa.String(60))
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime, nullable=False)
    left_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    seconds: Mapped[int | None] = mapped_column(sa.BigInteger)
    actor_id: Mapped[UUID | None] = mapped_column(Id)
    reason: Mapped[str | None] = mapped_column(sa.Text)
    overridden: Mapped[bool] = mapped_column(sa.Boolean, nullable=False)
    amount: Mapped[Decimal | None] = mapped_column(ExactDecimal(4))
    previous_amount: Mapped[Decimal | None] = mapped_column(ExactDecimal(4))
    close_date: Mapped[date | None] = mapped_column(sa.Date)
    previous_close_date: Mapped[date | None] = mapped_column(sa.Date)
    category: Mapped[str | None] = mapped_column(sa.String(60))
    previous_category: Mapped[str | None] = mapped_column(sa.String(60))

    __table_args__ = (
        sa.Index("ix_tenon_stage_history_record", "record_id", "entered_at"),
        sa.Index(
            "uq_tenon_stage_history_current",
            "record_id",
            unique=True,
            sqlite_where=sa.text("left_at IS NULL AND kind = 'stage'"),
            postgresql_where=sa.text("left_at IS NULL AND kind = 'stage'"),
        ),
    )


class Stall(Base):
    """A stay in a stage that went too long without activity, noticed once.

    An episode begins ``since`` the record entered the stage or something was last
    done about it, whichever is later, and ends with the next of either.
    """

    __tablename__ = "tenon_stall"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    entity: Mapped[str] = mapped_column(sa.String(60), nullable=False)
    record_id: Mapped[UUID] = mapped_column(Id, nullable=False)
    pipeline: Mapped[str] = mapped_column(sa.String(60), nullable=False)
    stage: Mapped[str] = mapped_column(sa.String(60), nullable=False)
    since: Mapped[datetime] = mapped_column(UtcDateTime, nullable=False)
    noticed_at: Mapped[datetime] = mapped_column(UtcDateTime, nullable=False)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (sa.UniqueConstraint("entity", "record_id", "since"),)


class Approval(Base):
    """A move that waits for others to agree.

    ``status``: ``pending`` until decided; ``granted`` when every step is, and the guards
    refuse the move for now; ``done`` when the record has moved; ``rejected``,
    ``recalled`` (by the requester) or ``void`` (the record changed in what was asked).
    ``values`` go with the move, ``covers`` is what the approvers agree to, both in
    JSON form. ``steps`` holds the rounds: who is asked, the quorum, reminders.
    """

    __tablename__ = "tenon_approval"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    entity: Mapped[str] = mapped_column(sa.String(60), nullable=False)
    record_id: Mapped[UUID] = mapped_column(Id, nullable=False)
    pipeline: Mapped[str] = mapped_column(sa.String(60), nullable=False)
    source: Mapped[str | None] = mapped_column(sa.String(60))
    target: Mapped[str] = mapped_column(sa.String(60), nullable=False)
    status: Mapped[str] = mapped_column(sa.String(10), nullable=False)
    requested_by: Mapped[UUID | None] = mapped_column(Id)
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime, nullable=False)
    reason: Mapped[str | None] = mapped_column(sa.Text)
    values: Mapped[dict[str, Any]] = mapped_column(Json, nullable=False)
    covers: Mapped[dict[str, Any]] = mapped_column(Json, nullable=False)
    steps: Mapped[list[Any]] = mapped_column(Json, nullable=False)
    step: Mapped[int] = mapped_column(sa.Integer, nullable=False)
    step_since: Mapped[datetime] = mapped_column(UtcDateTime, nullable=False)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    escalated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    replaced_by: Mapped[UUID | None] = mapped_column(Id)

    __table_args__ = (
        sa.Index("ix_tenon_approval_record", "record_id", "id"),
        sa.Index(
            "uq_tenon_approval_pending",
            "record_id",
            unique=True,
            sqlite_where=sa.text("status IN ('pending', 'granted')"),
            postgresql_where=sa.text("status IN ('pending', 'granted')"),
        ),
    )


class ApprovalSeat(Base):
    """Somebody who is asked to vote in a step of a request; what inboxes are read from."""

    __tablename__ = "tenon_approval_seat"

    approval_id: Mapped[UUID] = mapped_column(
        Id, sa.ForeignKey("tenon_approval.id", ondelete="CASCADE"), primary_key=True
    )
    step: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    escalated: Mapped[bool] = mapped_column(sa.Boolean, nullable=False)

    __table_args__ = (sa.Index("ix_tenon_approval_seat_user_id", "user_id", "approval_id"),)


class ApprovalVote(Base):
    """A vote ``cast_by`` somebody in the seat of ``seat_id``; once a seat and once a person."""

    __tablename__ = "tenon_approval_vote"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    approval_id: Mapped[UUID] = mapped_column(
        Id, sa.ForeignKey("tenon_approval.id", ondelete="CASCADE"), nullable=False
    )
    step: Mapped[int] = mapped_column(sa.Integer, nullable=False)
    seat_id: Mapped[UUID] = mapped_column(Id, nullable=False)
    cast_by: Mapped[UUID] = mapped_column(Id, nullable=False)
    decision: Mapped[str] = mapped_column(sa.String(10), nullable=False)
    comment: Mapped[str | None] = mapped_column(sa.Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime, nullable=False)

    __table_args__ = (
        sa.UniqueConstraint("approval_id", "step", "seat_id"),
        sa.UniqueConstraint("approval_id", "step", "cast_by"),
    )


class Delegation(Base):
    """From ``starts_at`` until before ``ends_at``, ``delegate_id`` may vote for ``user_id``."""

    __tablename__ = "tenon_delegation"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(Id, nullable=False, index=True)
    delegate_id: Mapped[UUID] = mapped_column(Id, nullable=False, index=True)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime, nullable=False)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime, nullable=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, nullable=False)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
