"""The tables of delivery: what happened, who has to be told, what is to be done.

``seq`` is handed out by the database when a row is inserted. Two writes of one
record follow each other under that record's row lock, so ``seq`` orders them
even where the clocks of two machines disagree.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ..storage import Base
from ..storage.ids import new_id
from ..storage.types import Id, Json, UtcDateTime

Seq = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

OPEN = ("new", "leased", "sent", "unknown", "dead")
"""States of a delivery that hold back the later ones of its lane."""

FINAL = ("done", "rejected", "skipped")


def in_state(column: sa.ColumnElement[str], *states: str) -> sa.ColumnElement[bool]:
    """A test on a state with its values written out.

    Neither database recognises a partial index behind a bound parameter.
    """
    literals = [sa.literal_column(f"'{state}'", sa.String) for state in states]
    return column == literals[0] if len(literals) == 1 else column.in_(literals)


def _where(condition: sa.ColumnElement[bool]) -> dict[str, Any]:
    return {"sqlite_where": condition, "postgresql_where": condition}


class EventRow(Base):
    """The outbox: one row per event, written in the business transaction."""

    __tablename__ = "tenon_event"

    seq: Mapped[int] = mapped_column(Seq, primary_key=True, autoincrement=True)
    id: Mapped[UUID] = mapped_column(Id, unique=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    entity: Mapped[str | None] = mapped_column(sa.String(80))
    record_id: Mapped[UUID | None] = mapped_column(Id)
    lane: Mapped[str] = mapped_column(sa.String(160))
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    actor_id: Mapped[UUID | None] = mapped_column(Id)
    via: Mapped[str] = mapped_column(sa.String(40))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(sa.String(10), default="new")


class DeliveryRow(Base):
    """One event for one target. ``event_seq`` is its place in its lane."""

    __tablename__ = "tenon_delivery"

    seq: Mapped[int] = mapped_column(Seq, primary_key=True, autoincrement=True)
    id: Mapped[UUID] = mapped_column(Id, unique=True, default=new_id)
    event_id: Mapped[UUID] = mapped_column(Id)
    event_seq: Mapped[int] = mapped_column(sa.BigInteger)
    target: Mapped[str] = mapped_column(sa.String(160))
    lane: Mapped[str] = mapped_column(sa.String(160))
    state: Mapped[str] = mapped_column(sa.String(10), default="new")
    attempts: Mapped[int] = mapped_column(sa.Integer, default=0)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    leased_by: Mapped[str | None] = mapped_column(sa.String(80))
    last_error: Mapped[str | None] = mapped_column(sa.Text)
    last_status: Mapped[int | None] = mapped_column(sa.Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class JobRow(Base):
    """Work that was enqueued. ``unique_key`` is held while the job waits, so that
    the same work is not queued twice; it is let go when the job starts."""

    __tablename__ = "tenon_job"

    seq: Mapped[int] = mapped_column(Seq, primary_key=True, autoincrement=True)
    id: Mapped[UUID] = mapped_column(Id, unique=True, default=new_id)
    key: Mapped[str] = mapped_column(sa.String(160))
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    unique_key: Mapped[str | None] = mapped_column(sa.String(200), unique=True)
    timer: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    state: Mapped[str] = mapped_column(sa.String(10), default="new")
    attempts: Mapped[int] = mapped_column(sa.Integer, default=0)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    leased_by: Mapped[str | None] = mapped_column(sa.String(80))
    last_error: Mapped[str | None] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TimerRow(Base):
    """When a job with ``every`` is next enqueued."""

    __tablename__ = "tenon_timer"

    key: Mapped[str] = mapped_column(sa.String(160), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)


class WebhookRow(Base):
    """An address of somebody else's that is told of events.

    ``secrets`` holds the newest first; a message is signed with each of them, so
    that a receiver can change over in its own time.
    """

    __tablename__ = "tenon_webhook"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    url: Mapped[str] = mapped_column(sa.Text)
    secrets: Mapped[list[str]] = mapped_column(Json)
    events: Mapped[list[str]] = mapped_column(Json)
    entity: Mapped[str | None] = mapped_column(sa.String(80))
    active: Mapped[bool] = mapped_column(sa.Boolean, default=True)
    inactive_reason: Mapped[str | None] = mapped_column(sa.Text)
    owner_id: Mapped[UUID] = mapped_column(Id)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


def _table(model: type[Base]) -> sa.Table:
    assert isinstance(model.__table__, sa.Table)
    return model.__table__


events = _table(EventRow)
deliveries = _table(DeliveryRow)
jobs = _table(JobRow)
timers = _table(TimerRow)
webhooks = _table(WebhookRow)

TABLES = (events, deliveries, jobs, timers, webhooks)

# Most rows are finished; the indexes that the worker asks hold the others alone.
sa.Index("ix_tenon_event_new", events.c.seq, **_where(in_state(events.c.state, "new")))
sa.Index("ix_tenon_event_record", events.c.record_id, events.c.seq)
sa.Index(
    "ix_tenon_delivery_due",
    deliveries.c.due_at,
    deliveries.c.seq,
    **_where(in_state(deliveries.c.state, "new")),
)
sa.Index(
    "ix_tenon_delivery_lane",
    deliveries.c.target,
    deliveries.c.lane,
    deliveries.c.event_seq,
    **_where(in_state(deliveries.c.state, *OPEN)),
)
sa.Index(
    "ix_tenon_delivery_unknown",
    deliveries.c.due_at,
    deliveries.c.seq,
    **_where(in_state(deliveries.c.state, "unknown")),
)
sa.Index("ix_tenon_delivery_lease", deliveries.c.lease_until, **_where(deliveries.c.lease_until.is_not(None)))
sa.Index("uq_tenon_delivery_event_id_target", deliveries.c.event_id, deliveries.c.target, unique=True)
sa.Index("ix_tenon_job_due", jobs.c.due_at, jobs.c.seq, **_where(in_state(jobs.c.state, "new")))
sa.Index("ix_tenon_job_lease", jobs.c.lease_until, **_where(jobs.c.lease_until.is_not(None)))
