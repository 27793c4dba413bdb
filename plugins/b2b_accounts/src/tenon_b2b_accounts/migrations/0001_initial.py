"""Initial"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tenon.api import ExactDecimal, Id, Json, UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "b2b_accounts_account",
        sa.Column("id", Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("owner_id", Id, nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("parent_id", Id, nullable=True),
        sa.Column("type", sa.String(length=60), nullable=True),
        sa.Column("industry", sa.String(length=100), nullable=True),
        sa.Column("revenue", ExactDecimal(4, 24), nullable=True),
        sa.Column("revenue_currency", sa.String(length=3), nullable=True),
        sa.Column("employees", sa.BigInteger(), nullable=True),
        sa.Column("founded", sa.BigInteger(), nullable=True),
        sa.Column("website", sa.String(length=2000), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("registration_number", sa.String(length=60), nullable=True),
        sa.Column("tax_number", sa.String(length=40), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("street", sa.String(length=200), nullable=True),
        sa.Column("postal_code", sa.String(length=20), nullable=True),
        sa.Column("city", sa.String(length=100), nullable=True),
        sa.Column("region", sa.String(length=100), nullable=True),
        sa.Column("country", sa.String(length=60), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", Id, nullable=True),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.Column("custom", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["identity_user.id"],
            name=op.f("fk_b2b_accounts_account_owner_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["b2b_accounts_account.id"],
            name=op.f("fk_b2b_accounts_account_parent_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_b2b_accounts_account")),
    )
    with op.batch_alter_table("b2b_accounts_account", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_b2b_accounts_account_created_at_id"), ["created_at", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_b2b_accounts_account_email"), ["email"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_b2b_accounts_account_industry_name_id"), ["industry", "name", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_b2b_accounts_account_name_id"), ["name", "id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_b2b_accounts_account_owner_id_name_id"), ["owner_id", "name", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_b2b_accounts_account_parent_id"), ["parent_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_b2b_accounts_account_phone"), ["phone"], unique=False)
        batch_op.create_index(batch_op.f("ix_b2b_accounts_account_tax_number"), ["tax_number"], unique=False)

    op.create_table(
        "b2b_accounts_account_contact",
        sa.Column("id", Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("contact_id", Id, nullable=False),
        sa.Column("role", sa.String(length=120), nullable=False),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", Id, nullable=True),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.Column("custom", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["b2b_accounts_account.id"],
            name=op.f("fk_b2b_accounts_account_contact_account_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["nouns_contact.id"],
            name=op.f("fk_b2b_accounts_account_contact_contact_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_b2b_accounts_account_contact")),
    )
    with op.batch_alter_table("b2b_accounts_account_contact", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_b2b_accounts_account_contact_account_id_ends_on_id"),
            ["account_id", "ends_on", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_b2b_accounts_account_contact_contact_id_starts_on_id"),
            ["contact_id", "starts_on", "id"],
            unique=False,
        )

    op.create_table(
        "b2b_accounts_opportunity",
        sa.Column("id", Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("owner_id", Id, nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=True),
        sa.Column("account_id", Id, nullable=True),
        sa.Column("contact_id", Id, nullable=True),
        sa.Column("product_id", Id, nullable=True),
        sa.Column("amount", ExactDecimal(4, 24), nullable=True),
        sa.Column("amount_currency", sa.String(length=3), nullable=True),
        sa.Column("close_date", sa.Date(), nullable=True),
        sa.Column("probability", sa.BigInteger(), nullable=True),
        sa.Column("forecast_category", sa.String(length=60), nullable=True),
        sa.Column("next_step", sa.String(length=200), nullable=True),
        sa.Column("source", sa.String(length=60), nullable=True),
        sa.Column("lost_reason", sa.String(length=60), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("pipeline", sa.String(length=60), nullable=False),
        sa.Column("stage", sa.String(length=60), nullable=False),
        sa.Column("stage_status", sa.String(length=10), nullable=False),
        sa.Column("stage_since", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", Id, nullable=True),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.Column("custom", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["b2b_accounts_account.id"],
            name=op.f("fk_b2b_accounts_opportunity_account_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["nouns_contact.id"],
            name=op.f("fk_b2b_accounts_opportunity_contact_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["identity_user.id"],
            name=op.f("fk_b2b_accounts_opportunity_owner_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["nouns_product.id"],
            name=op.f("fk_b2b_accounts_opportunity_product_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_b2b_accounts_opportunity")),
        sa.UniqueConstraint("number", name=op.f("uq_b2b_accounts_opportunity_number")),
    )
    with op.batch_alter_table("b2b_accounts_opportunity", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_b2b_accounts_opportunity_account_id_stage_status_id"),
            ["account_id", "stage_status", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_b2b_accounts_opportunity_close_date_id"), ["close_date", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_b2b_accounts_opportunity_contact_id"), ["contact_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_b2b_accounts_opportunity_created_at_id"), ["created_at", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_b2b_accounts_opportunity_name_id"), ["name", "id"], unique=False)
        batch_op.create_index(
            "ix_b2b_accounts_opportunity_own_sums",
            ["owner_id", "stage", "amount_currency", "archived_at", "pipeline", "amount"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_b2b_accounts_opportunity_owner_id_created_at_id"),
            ["owner_id", "created_at", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_b2b_accounts_opportunity_owner_id_stage_status_close_date_id"),
            ["owner_id", "stage_status", "close_date", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_b2b_accounts_opportunity_pipeline_stage_close_date_id"),
            ["pipeline", "stage", "close_date", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_b2b_accounts_opportunity_pipeline_stage_stage_since_id"),
            ["pipeline", "stage", "stage_since", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_b2b_accounts_opportunity_product_id"), ["product_id"], unique=False
        )
        batch_op.create_index(
            "ix_b2b_accounts_opportunity_sums",
            ["stage", "amount_currency", "archived_at", "pipeline", "amount"],
            unique=False,
        )
