"""Initial"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tenon.storage.types import Id, Json, UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "identity_oidc_request",
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("provider", sa.String(length=30), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("verifier", sa.String(length=128), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_identity_oidc_request")),
    )
    with op.batch_alter_table("identity_oidc_request", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_identity_oidc_request_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "identity_reporting_line",
        sa.Column("above_id", Id, nullable=False),
        sa.Column("below_id", Id, nullable=False),
        sa.Column("distance", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("above_id", "below_id", name=op.f("pk_identity_reporting_line")),
    )
    with op.batch_alter_table("identity_reporting_line", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_identity_reporting_line_below_id_above_id"), ["below_id", "above_id"], unique=False
        )

    op.create_table(
        "identity_sign_in_tally",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("minute", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", "minute", name=op.f("pk_identity_sign_in_tally")),
    )
    with op.batch_alter_table("identity_sign_in_tally", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_identity_sign_in_tally_minute"), ["minute"], unique=False)

    op.create_table(
        "identity_team",
        sa.Column("id", Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("parent_id", Id, nullable=True),
        sa.Column("manager_id", Id, nullable=True),
        sa.Column("region", sa.String(length=100), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", Id, nullable=True),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.Column("custom", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["identity_team.id"], name=op.f("fk_identity_team_parent_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_team")),
    )
    with op.batch_alter_table("identity_team", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_identity_team_manager_id"), ["manager_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_identity_team_name"), ["name"], unique=False)
        batch_op.create_index(batch_op.f("ix_identity_team_parent_id"), ["parent_id"], unique=False)

    op.create_table(
        "identity_user",
        sa.Column("id", Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("title", sa.String(length=100), nullable=True),
        sa.Column("team_id", Id, nullable=True),
        sa.Column("manager_id", Id, nullable=True),
        sa.Column("locale", sa.String(length=20), nullable=True),
        sa.Column("timezone", sa.String(length=60), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("admin", sa.Boolean(), nullable=True),
        sa.Column("roles", Json, nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", Id, nullable=True),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.Column("custom", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["manager_id"],
            ["identity_user.id"],
            name=op.f("fk_identity_user_manager_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["identity_team.id"], name=op.f("fk_identity_user_team_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_user")),
        sa.UniqueConstraint("email", name=op.f("uq_identity_user_email")),
    )
    with op.batch_alter_table("identity_user", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_identity_user_manager_id"), ["manager_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_identity_user_name"), ["name"], unique=False)
        batch_op.create_index(batch_op.f("ix_identity_user_team_id"), ["team_id"], unique=False)

    op.create_table(
        "identity_api_key",
        sa.Column("id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("prefix", sa.String(length=8), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", Json, nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["identity_user.id"], name=op.f("fk_identity_api_key_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_api_key")),
        sa.UniqueConstraint("prefix", name=op.f("uq_identity_api_key_prefix")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_identity_api_key_secret_hash")),
    )
    with op.batch_alter_table("identity_api_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_identity_api_key_user_id"), ["user_id"], unique=False)

    op.create_table(
        "identity_credential",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("locked_until", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["identity_user.id"], name=op.f("fk_identity_credential_user_id")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_identity_credential")),
    )
    op.create_table(
        "identity_external_identity",
        sa.Column("provider", sa.String(length=30), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("linked_at", UtcDateTime(), nullable=False),
        sa.Column("last_used_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["identity_user.id"], name=op.f("fk_identity_external_identity_user_id")
        ),
        sa.PrimaryKeyConstraint("provider", "subject", name=op.f("pk_identity_external_identity")),
    )
    with op.batch_alter_table("identity_external_identity", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_identity_external_identity_user_id"), ["user_id"], unique=False)

    op.create_table(
        "identity_half_sign_in",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("method", sa.String(length=40), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["identity_user.id"], name=op.f("fk_identity_half_sign_in_user_id")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_identity_half_sign_in")),
    )
    with op.batch_alter_table("identity_half_sign_in", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_identity_half_sign_in_user_id"), ["user_id"], unique=False)

    op.create_table(
        "identity_recovery_code",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["identity_user.id"], name=op.f("fk_identity_recovery_code_user_id")
        ),
        sa.PrimaryKeyConstraint("user_id", "code_hash", name=op.f("pk_identity_recovery_code")),
    )
    op.create_table(
        "identity_session",
        sa.Column("id", Id, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("user_agent", sa.String(length=200), nullable=True),
        sa.Column("address", sa.String(length=45), nullable=True),
        sa.Column("method", sa.String(length=40), nullable=False),
        sa.Column("second_step", sa.Boolean(), nullable=False),
        sa.Column("admin", sa.Boolean(), nullable=False),
        sa.Column("roles", Json, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["identity_user.id"], name=op.f("fk_identity_session_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_identity_session_token_hash")),
    )
    with op.batch_alter_table("identity_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_identity_session_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_identity_session_user_id"), ["user_id"], unique=False)

    op.create_table(
        "identity_totp",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("sealed", sa.String(length=300), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("locked_until", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["identity_user.id"], name=op.f("fk_identity_totp_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_identity_totp")),
    )
    with op.batch_alter_table("identity_team", schema=None) as batch_op:
        batch_op.create_foreign_key(
            batch_op.f("fk_identity_team_manager_id"),
            "identity_user",
            ["manager_id"],
            ["id"],
            ondelete="RESTRICT",
            use_alter=True,
        )
