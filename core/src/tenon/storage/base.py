"""The declarative base and the columns that records share."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from ..messages import _
from .fields import FieldSpec, reference
from .ids import new_id
from .types import Id, Json, UtcDateTime

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every mapped class of the kernel and of plugins."""

    metadata = sa.MetaData(naming_convention=NAMING)


class RecordColumns:
    """What every record has. ``version`` counts up at each write and is the ETag."""

    id: Mapped[UUID] = mapped_column(
        Id,
        primary_key=True,
        default=new_id,
        sort_order=-20,
        info={"field": FieldSpec("id", _("Id"), readonly=True, show=False)},
    )
    version: Mapped[int] = mapped_column(
        sa.Integer,
        nullable=False,
        sort_order=-19,
        info={"field": FieldSpec("integer", _("Version"), readonly=True, show=False)},
    )
    created_at: Mapped[datetime] = mapped_column(
        UtcDateTime,
        nullable=False,
        sort_order=90,
        info={"field": FieldSpec("datetime", _("Created at"), readonly=True)},
    )
    updated_at: Mapped[datetime] = mapped_column(
        UtcDateTime,
        nullable=False,
        sort_order=91,
        info={"field": FieldSpec("datetime", _("Changed at"), readonly=True)},
    )
    created_by: Mapped[UUID | None] = mapped_column(
        Id,
        nullable=True,
        sort_order=92,
        info={"field": FieldSpec("reference", _("Created by"), to="user", readonly=True)},
    )
    archived_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime,
        nullable=True,
        sort_order=93,
        info={"field": FieldSpec("datetime", _("Archived at"), readonly=True)},
    )
    custom: Mapped[dict[str, Any]] = mapped_column(Json, nullable=False, sort_order=99)


class OwnedColumns:
    """For records that somebody owns."""

    @declared_attr
    def owner_id(cls) -> Mapped[UUID | None]:
        return reference(_("Owner"), to="user", column="identity_user.id")


class StageColumns:
    """For records that move through a pipeline. Set by pipelines; ``stage`` may be written."""

    pipeline: Mapped[str] = mapped_column(
        sa.String(60), nullable=False, info={"field": FieldSpec("text", _("Pipeline"), max_length=60)}
    )
    stage: Mapped[str] = mapped_column(
        sa.String(60), nullable=False, info={"field": FieldSpec("text", _("Stage"), max_length=60)}
    )
    stage_status: Mapped[str] = mapped_column(
        sa.String(10),
        nullable=False,
        info={"field": FieldSpec("text", _("Status"), max_length=10, readonly=True)},
    )
    stage_since: Mapped[datetime] = mapped_column(
        UtcDateTime, nullable=False, info={"field": FieldSpec("datetime", _("In stage since"), readonly=True)}
    )


class ExtensionColumns:
    """For a side table that extends another plugin's entity.

    The model sets ``__extends__`` to the extended table's name; ``id`` is
    primary key and foreign key at once.
    """

    __extends__: str

    @declared_attr
    def id(cls) -> Mapped[UUID]:
        key = sa.ForeignKey(f"{cls.__extends__}.id", ondelete="CASCADE")
        return mapped_column(Id, key, primary_key=True, sort_order=-20)
