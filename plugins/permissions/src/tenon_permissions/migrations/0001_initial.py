"""Initial"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tenon.api import Id, Json, UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "permissions_grant",
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("record_id", Id, nullable=False),
        sa.Column("principal_id", Id, nullable=False),
        sa.Column("cause", sa.String(length=10), nullable=False),
        sa.Column("cause_id", Id, nullable=False),
        sa.Column("principal_kind", sa.String(length=10), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("label", sa.String(length=100), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("granted_by", Id, nullable=True),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint(
            "entity", "record_id", "principal_id", "cause", "cause_id", name=op.f("pk_permissions_grant")
        ),
    )
    with op.batch_alter_table("permissions_grant", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_permissions_grant_cause_id_record_id"), ["cause_id", "record_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_permissions_grant_principal_id_entity_record_id_level"),
            ["principal_id", "entity", "record_id", "level"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_permissions_grant_until"),
            ["until"],
            unique=False,
            sqlite_where=sa.text("until IS NOT NULL"),
            postgresql_where=sa.text("until IS NOT NULL"),
        )

    op.create_table(
        "permissions_revision",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor_id", Id, nullable=True),
        sa.Column("actor_name", sa.String(length=200), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("document", Json, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_permissions_revision")),
    )
    op.create_table(
        "permissions_territory",
        sa.Column("id", Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("parent_id", Id, nullable=True),
        sa.Column("entity", sa.String(length=60), nullable=True),
        sa.Column("filter", sa.Text(), nullable=True),
        sa.Column("level", sa.String(length=60), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", Id, nullable=True),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.Column("custom", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["permissions_territory.id"],
            name=op.f("fk_permissions_territory_parent_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permissions_territory")),
    )
    with op.batch_alter_table("permissions_territory", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_permissions_territory_name"), ["name"], unique=False)
        batch_op.create_index(batch_op.f("ix_permissions_territory_parent_id"), ["parent_id"], unique=False)

    op.create_table(
        "permissions_sharing_rule",
        sa.Column("id", Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("filter", sa.Text(), nullable=True),
        sa.Column("user_id", Id, nullable=True),
        sa.Column("team_id", Id, nullable=True),
        sa.Column("territory_id", Id, nullable=True),
        sa.Column("level", sa.String(length=60), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", Id, nullable=True),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.Column("custom", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["team_id"],
            ["identity_team.id"],
            name=op.f("fk_permissions_sharing_rule_team_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["territory_id"],
            ["permissions_territory.id"],
            name=op.f("fk_permissions_sharing_rule_territory_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["identity_user.id"],
            name=op.f("fk_permissions_sharing_rule_user_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permissions_sharing_rule")),
    )
    with op.batch_alter_table("permissions_sharing_rule", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_permissions_sharing_rule_name"), ["name"], unique=False)
        batch_op.create_index(batch_op.f("ix_permissions_sharing_rule_team_id"), ["team_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_permissions_sharing_rule_territory_id"), ["territory_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_permissions_sharing_rule_user_id"), ["user_id"], unique=False)

    op.create_table(
        "permissions_territory_member",
        sa.Column("id", Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("territory_id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("role", sa.String(length=100), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", Id, nullable=True),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.Column("custom", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["territory_id"],
            ["permissions_territory.id"],
            name=op.f("fk_permissions_territory_member_territory_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["identity_user.id"],
            name=op.f("fk_permissions_territory_member_user_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permissions_territory_member")),
        sa.UniqueConstraint(
            "territory_id", "user_id", name=op.f("uq_permissions_territory_member_territory_id_user_id")
        ),
    )
    with op.batch_alter_table("permissions_territory_member", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_permissions_territory_member_user_id"), ["user_id"], unique=False
        )
