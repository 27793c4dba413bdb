"""The policy's revisions and what was shared with whom."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from tenon.api import Base, Choice, Id, Json, RecordColumns, UtcDateTime, _, fields

READ, CHANGE, FULL = 1, 2, 3

LEVELS = (
    Choice("read", _("See"), "azure"),
    Choice("change", _("See and change"), "blue"),
    Choice("full", _("See, change, archive and give away"), "indigo"),
)
RANK = {"read": READ, "change": CHANGE, "full": FULL}
LEVEL_OF = {rank: key for key, rank in RANK.items()}

HAND: Final = "hand"
RULE: Final = "rule"
TEAM: Final = "team"
TERRITORY: Final = "territory"
CAUSES = (HAND, RULE, TEAM, TERRITORY)
BY_HAND = UUID(int=0)
"""The ``cause_id`` of what somebody did, rather than a rule or a filter."""

PRINCIPALS = {"user": _("Person"), "team": _("Team"), "territory": _("Territory")}


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
    a territory) and ``cause_id`` by which one, so that what a cause gave can be taken back alone:
    the rule, the territory whose filter it is, the record it came from in a merge, or
    :data:`BY_HAND`. ``level`` is one of ``RANK``; below zero it counts for nothing: the record was
    merged into another, which has a copy, and gets it back with the merge undone.
    """

    __tablename__ = "permissions_grant"
    __table_args__ = (
        sa.Index(None, "principal_id", "entity", "record_id", "level"),
        sa.Index(None, "cause_id", "record_id"),
        sa.Index(
            None, "until", sqlite_where=sa.text("until IS NOT NULL"),
            postgresql_where=sa.text("until IS NOT NULL"),
        ),
    )  # fmt: skip

    entity: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    record_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    principal_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    cause: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    cause_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    principal_kind: Mapped[str] = mapped_column(sa.String(10))
    level: Mapped[int] = mapped_column(sa.SmallInteger)
    label: Mapped[str | None] = mapped_column(sa.String(100))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    granted_by: Mapped[UUID | None] = mapped_column(Id)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SharingRule(Base, RecordColumns):
    """Records of a kind that match a filter are shared with a person, a team, a territory."""

    __tablename__ = "permissions_sharing_rule"

    name = fields.text(_("Name"), required=True, search=True, index=True)
    entity = fields.text(
        _("Kind of record"), max_length=60, required=True, help=_("By its name: account, opportunity.")
    )
    filter = fields.long_text(
        _("Which records"), help=_("A filter as in the API, as JSON; empty for every record of the kind.")
    )
    user_id = fields.reference(_("Shared with the person"), to="user", column="identity_user.id")
    team_id = fields.reference(_("Shared with the team"), to="team", column="identity_team.id")
    territory_id = fields.reference(
        _("Shared with the territory"), to="territory", column="permissions_territory.id"
    )
    level = fields.choice(_("They may"), LEVELS, required=True, default="read")
    active = fields.boolean(_("Active"), required=True, default=True)


class Territory(Base, RecordColumns):
    """A part of the market. Its members see its records and those of the territories within it."""

    __tablename__ = "permissions_territory"

    name = fields.text(_("Name"), required=True, search=True, index=True)
    parent_id = fields.reference(_("Within"), to="territory", column="permissions_territory.id")
    entity = fields.text(
        _("Kind of record"), max_length=60, help=_("By its name: account, opportunity. Needed with a filter.")
    )
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
    role = fields.text(
        _("Role"), max_length=100, search=True,
        help=_("What the person does there, such as account executive."),
    )  # fmt: skip
