"""Users and teams, which are records, and what signs users in, which is not."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ..messages import _
from ..storage import fields
from ..storage.base import Base, RecordColumns
from ..storage.ids import new_id
from ..storage.types import Id, Json, UtcDateTime


class Team(Base, RecordColumns):
    """People who work together. Teams form a tree."""

    __tablename__ = "identity_team"

    name = fields.text(_("Name"), required=True, search=True, index=True)
    parent_id = fields.reference(_("Parent team"), to="team", column="identity_team.id")
    manager_id = fields.reference(_("Manager"), to="user", column="identity_user.id", use_alter=True)
    region = fields.text(_("Region"), max_length=100)


class User(Base, RecordColumns):
    """Somebody who works in Tenon.

    A user without a credential cannot sign in: an agent of an imported export,
    say. ``admin`` and ``roles`` decide what a user may do, so they are changed
    by ``tenon user`` alone and never by writing the record.
    """

    __tablename__ = "identity_user"

    name = fields.text(_("Name"), required=True, search=True, index=True)
    email = fields.email(_("E-mail"), search=True, unique=True)
    title = fields.text(_("Job title"), max_length=100)
    team_id = fields.reference(_("Team"), to="team", column="identity_team.id")
    manager_id = fields.reference(_("Manager"), to="user", column="identity_user.id")
    locale = fields.text(_("Language"), max_length=20)
    timezone = fields.text(_("Time zone"), max_length=60)
    active = fields.boolean(_("Active"), required=True, default=True)
    admin = fields.boolean(_("Administrator"), readonly=True)
    roles = fields.multi_choice(_("Roles"), (), readonly=True)


class ReportingLine(Base):
    """That one user stands above another, ``distance`` steps at least; 0 above themselves.

    The transitive closure of who reports to whom, so that "everybody below me" is one plain
    condition. It is derived from users and teams by :class:`~tenon.identity.org.Org`. Without
    foreign keys: a merge of two users moves what refers to one of them, which these rows must
    follow and not undergo.
    """

    __tablename__ = "identity_reporting_line"
    __table_args__ = (sa.Index(None, "below_id", "above_id"),)

    above_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    below_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    distance: Mapped[int] = mapped_column(sa.Integer)


class Credential(Base):
    """A user's password. ``failed`` counts attempts since the last that succeeded."""

    __tablename__ = "identity_credential"

    user_id: Mapped[UUID] = mapped_column(Id, sa.ForeignKey("identity_user.id"), primary_key=True)
    password_hash: Mapped[str] = mapped_column(sa.String(200))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    failed: Mapped[int] = mapped_column(sa.Integer)
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Session(Base):
    """A sign-in of one browser. Its token is kept as a SHA-256 hash only."""

    __tablename__ = "identity_session"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    user_id: Mapped[UUID] = mapped_column(Id, sa.ForeignKey("identity_user.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    user_agent: Mapped[str | None] = mapped_column(sa.String(200))
    address: Mapped[str | None] = mapped_column(sa.String(45))


class ApiKey(Base):
    """A key with which a program acts for a user. ``scopes`` ``None`` is no restriction."""

    __tablename__ = "identity_api_key"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(Id, sa.ForeignKey("identity_user.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    prefix: Mapped[str] = mapped_column(sa.String(8), unique=True)
    secret_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    scopes: Mapped[list[str] | None] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
