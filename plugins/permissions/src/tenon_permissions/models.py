"""The policy's revisions and what was shared with whom."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from tenon.api import Base, Choice, Id, Json, RecordColumns, UtcDateTime, _, fields, new_id

READ, CHANGE, FULL = 1, 2, 3

LEVELS = (
    Choice("read", _("See"), "azure"),
    Choice("change", _("See and change"), "blue"),
    Choice("full", _("See, change, archive and give away"), "indigo"),
)
RANK = {"read": READ, "change": CHANGE, "full": FULL}

CAUSES = ("hand", "rule", "team", "territory")

PRINCIPALS = (Choice("user", _("Person")), Choice("team", _("Team")), Choice("territory", _("Territory")))


class Revision(Base):
    """A whole policy as it was activated. Rows are only ever added; the highest number is in force."""

    __tablename__ = "permissions_revision"

    number: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor_id: Mapped[UUID | None] = mapped_column(Id)
    actor_name: Mapped[str] = mapped_column(sa.String(200))
    note: Mapped[str | None] = mapped_column(sa.String(500))
    document: Mapped[dict[str, Any]] = mapped_column(Json)


class Grant(Base):
    """A record shared with a person, a team or a territory.

    ``cause`` says how it came about (by hand, by a sharing rule, by being in the record's team, by
    a territory) and ``cause_id`` by which one, so that what a cause gave can be taken back alone.
    """

    __tablename__ = "permissions_grant"
    __table_args__ = (
        sa.UniqueConstraint("entity", "record_id", "principal_id", "cause", "cause_id"),
        sa.Index(None, "principal_id", "entity", "record_id", "level"),
        sa.Index(None, "cause_id", "entity", "record_id"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    entity: Mapped[str] = mapped_column(sa.String(60))
    record_id: Mapped[UUID] = mapped_column(Id)
    principal_kind: Mapped[str] = mapped_column(sa.String(10))
    principal_id: Mapped[UUID] = mapped_column(Id)
    level: Mapped[int] = mapped_column(sa.SmallInteger)
    cause: Mapped[str] = mapped_column(sa.String(10))
    cause_id: Mapped[UUID] = mapped_column(Id)
    label: Mapped[str | None] = mapped_column(sa.String(100))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    granted_by: Mapped[UUID | None] = mapped_column(Id)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SharingRule(Base, RecordColumns):
    """Records of a kind that match a filter are shared with a person, a team or a territory."""

    __tablename__ = "permissions_sharing_rule"

    name = fields.text(_("Name"), required=True, search=True)
    entity = fields.text(_("Kind of record"), max_length=60, required=True)
    filter = fields.long_text(
        _("Which records"), help=_("A filter as in the API, as JSON; empty for every record of the kind.")
    )
    principal_kind = fields.choice(_("Shared with a"), PRINCIPALS, required=True, default="team")
    principal_id: Mapped[UUID] = mapped_column(
        Id, info={"field": fields.FieldSpec("id", _("Shared with"), required=True)}
    )
    level = fields.choice(_("They may"), LEVELS, required=True, default="read")
    active = fields.boolean(_("Active"), required=True, default=True)


class Territory(Base, RecordColumns):
    """A part of the market. Its members see its records and those of the territories within it."""

    __tablename__ = "permissions_territory"

    name = fields.text(_("Name"), required=True, search=True, index=True)
    parent_id = fields.reference(_("Within"), to="territory", column="permissions_territory.id")
    entity = fields.text(_("Kind of record"), max_length=60, default="account")
    filter = fields.long_text(
        _("Which records"), help=_("A filter as in the API, as JSON; empty: only what is put there by hand.")
    )
    level = fields.choice(_("Members may"), LEVELS, required=True, default="read")


class TerritoryMember(Base, RecordColumns):
    """Somebody who works a territory."""

    __tablename__ = "permissions_territory_member"
    __table_args__ = (sa.UniqueConstraint("territory_id", "user_id"),)

    territory_id = fields.reference(
        _("Territory"), to="territory", column="permissions_territory.id", required=True, index=False
    )
    user_id = fields.reference(_("Person"), to="user", column="identity_user.id", required=True)
