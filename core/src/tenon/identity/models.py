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

# How somebody signs in is theirs alone: a merge of two users hands none of it to the other.
ONES_OWN = {"info": {"merge": "stays"}}


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
    __table_args__ = ONES_OWN

    user_id: Mapped[UUID] = mapped_column(Id, sa.ForeignKey("identity_user.id"), primary_key=True)
    password_hash: Mapped[str] = mapped_column(sa.String(200))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    failed: Mapped[int] = mapped_column(sa.Integer)
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Session(Base):
    """A sign-in of one browser. Its token is kept as a SHA-256 hash only.

    ``method`` is ``password`` or ``oidc:<provider>``. ``admin`` and ``roles`` are what its user
    was when the token was given out: where they differ today, the next request gets another.
    """

    __tablename__ = "identity_session"
    __table_args__ = ONES_OWN

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    user_id: Mapped[UUID] = mapped_column(Id, sa.ForeignKey("identity_user.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    user_agent: Mapped[str | None] = mapped_column(sa.String(200))
    address: Mapped[str | None] = mapped_column(sa.String(45))
    method: Mapped[str] = mapped_column(sa.String(40))
    second_step: Mapped[bool] = mapped_column(sa.Boolean)
    admin: Mapped[bool] = mapped_column(sa.Boolean)
    roles: Mapped[list[str]] = mapped_column(Json)


class HalfSignIn(Base):
    """A sign-in that still needs its second step. ``failed`` counts wrong codes."""

    __tablename__ = "identity_half_sign_in"
    __table_args__ = ONES_OWN

    token_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Id, sa.ForeignKey("identity_user.id"), index=True)
    method: Mapped[str] = mapped_column(sa.String(40))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    failed: Mapped[int] = mapped_column(sa.Integer)


class TotpSecret(Base):
    """The secret that a user's authenticator app shares, encrypted (``sealing.py``).

    It counts once it is confirmed. ``last_step`` is the step of the last code that was accepted:
    no code of that step or before is accepted again.
    """

    __tablename__ = "identity_totp"
    __table_args__ = ONES_OWN

    user_id: Mapped[UUID] = mapped_column(Id, sa.ForeignKey("identity_user.id"), primary_key=True)
    sealed: Mapped[str] = mapped_column(sa.String(300))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_step: Mapped[int] = mapped_column(sa.BigInteger)
    failed: Mapped[int] = mapped_column(sa.Integer)
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RecoveryCode(Base):
    """A code that stands in, once, for one of the authenticator app's."""

    __tablename__ = "identity_recovery_code"
    __table_args__ = ONES_OWN

    user_id: Mapped[UUID] = mapped_column(Id, sa.ForeignKey("identity_user.id"), primary_key=True)
    code_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ExternalIdentity(Base):
    """Who a user is at a provider: ``subject`` is the provider's own, lasting name of them."""

    __tablename__ = "identity_external_identity"
    __table_args__ = ONES_OWN

    provider: Mapped[str] = mapped_column(sa.String(30), primary_key=True)
    subject: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Id, sa.ForeignKey("identity_user.id"), index=True)
    linked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime] = mapped_column(UtcDateTime)


class OidcRequest(Base):
    """A browser that was sent to a provider and is not back yet."""

    __tablename__ = "identity_oidc_request"

    state_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    provider: Mapped[str] = mapped_column(sa.String(30))
    nonce: Mapped[str] = mapped_column(sa.String(64))
    verifier: Mapped[str] = mapped_column(sa.String(128))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class SignInTally(Base):
    """How often somebody tried to sign in within a minute, by the hash of an address or account."""

    __tablename__ = "identity_sign_in_tally"

    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    minute: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, index=True)
    tries: Mapped[int] = mapped_column(sa.Integer)


class ApiKey(Base):
    """A key with which a program acts for a user. ``scopes`` ``None`` is no restriction."""

    __tablename__ = "identity_api_key"
    __table_args__ = ONES_OWN

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
