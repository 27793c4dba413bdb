"""Initial"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tenon.storage.types import ExactDecimal, Id, Json, UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "nouns_counter",
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_nouns_counter")),
    )
    op.create_table(
        "nouns_product",
        sa.Column("id", Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("sku", sa.String(length=60), nullable=True),
        sa.Column("family", sa.String(length=100), nullable=True),
        sa.Column("list_price", ExactDecimal(4, 24), nullable=True),
        sa.Column("list_price_currency", sa.String(length=3), nullable=True),
        sa.Column("unit", sa.String(length=30), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", Id, nullable=True),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.Column("custom", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nouns_product")),
        sa.UniqueConstraint("sku", name=op.f("uq_nouns_product_sku")),
    )
    with op.batch_alter_table("nouns_product", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_nouns_product_created_at_id"), ["created_at", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_nouns_product_family_name_id"), ["family", "name", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_nouns_product_name_id"), ["name", "id"], unique=False)

    op.create_table(
        "nouns_contact",
        sa.Column("id", Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("owner_id", Id, nullable=True),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("first_name", sa.String(length=100), nullable=True),
        sa.Column("last_name", sa.String(length=100), nullable=True),
        sa.Column("title", sa.String(length=120), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("mobile", sa.String(length=40), nullable=True),
        sa.Column("birthday", sa.Date(), nullable=True),
        sa.Column("language", sa.String(length=12), nullable=True),
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
            ["owner_id"], ["identity_user.id"], name=op.f("fk_nouns_contact_owner_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nouns_contact")),
    )
    with op.batch_alter_table("nouns_contact", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_nouns_contact_created_at_id"), ["created_at", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_nouns_contact_email"), ["email"], unique=False)
        batch_op.create_index(batch_op.f("ix_nouns_contact_name_id"), ["name", "id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_nouns_contact_owner_id_name_id"), ["owner_id", "name", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_nouns_contact_phone"), ["phone"], unique=False)

    op.create_table(
        "nouns_party",
        sa.Column("id", Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("owner_id", Id, nullable=True),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", Id, nullable=True),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.Column("custom", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["identity_user.id"], name=op.f("fk_nouns_party_owner_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nouns_party")),
    )
    with op.batch_alter_table("nouns_party", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_nouns_party_created_at_id"), ["created_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_nouns_party_email"), ["email"], unique=False)
        batch_op.create_index(batch_op.f("ix_nouns_party_name_id"), ["name", "id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_nouns_party_owner_id_name_id"), ["owner_id", "name", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_nouns_party_phone"), ["phone"], unique=False)

    op.create_table(
        "nouns_activity",
        sa.Column("id", Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("owner_id", Id, nullable=True),
        sa.Column("type", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("happened_at", UtcDateTime(), nullable=True),
        sa.Column("duration", sa.BigInteger(), nullable=True),
        sa.Column("direction", sa.String(length=60), nullable=True),
        sa.Column("follow_up_at", UtcDateTime(), nullable=True),
        sa.Column("about_entity", sa.String(length=60), nullable=True),
        sa.Column("about_id", Id, nullable=True),
        sa.Column("party_id", Id, nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", Id, nullable=True),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.Column("custom", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["identity_user.id"], name=op.f("fk_nouns_activity_owner_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["party_id"], ["nouns_party.id"], name=op.f("fk_nouns_activity_party_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nouns_activity")),
    )
    with op.batch_alter_table("nouns_activity", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_nouns_activity_about_id_happened_at_id"),
            ["about_id", "happened_at", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_nouns_activity_created_at_id"), ["created_at", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_nouns_activity_happened_at_id"), ["happened_at", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_nouns_activity_owner_id_happened_at_id"),
            ["owner_id", "happened_at", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_nouns_activity_party_id_happened_at_id"),
            ["party_id", "happened_at", "id"],
            unique=False,
        )

    op.create_table(
        "nouns_order",
        sa.Column("id", Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("owner_id", Id, nullable=True),
        sa.Column("number", sa.String(length=40), nullable=True),
        sa.Column("party_id", Id, nullable=False),
        sa.Column("placed_on", sa.Date(), nullable=True),
        sa.Column("status", sa.String(length=60), nullable=False),
        sa.Column("total", ExactDecimal(4, 24), nullable=True),
        sa.Column("total_currency", sa.String(length=3), nullable=True),
        sa.Column("reference", sa.String(length=100), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", Id, nullable=True),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.Column("custom", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["identity_user.id"], name=op.f("fk_nouns_order_owner_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["party_id"], ["nouns_party.id"], name=op.f("fk_nouns_order_party_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nouns_order")),
        sa.UniqueConstraint("number", name=op.f("uq_nouns_order_number")),
    )
    with op.batch_alter_table("nouns_order", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_nouns_order_created_at_id"), ["created_at", "id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_nouns_order_owner_id_placed_on_id"), ["owner_id", "placed_on", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_nouns_order_party_id_placed_on_id"), ["party_id", "placed_on", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_nouns_order_placed_on_id"), ["placed_on", "id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_nouns_order_status_placed_on_id"), ["status", "placed_on", "id"], unique=False
        )

    op.create_table(
        "nouns_order_line",
        sa.Column("id", Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("product_id", Id, nullable=True),
        sa.Column("description", sa.String(length=500), nullable=True),
        sa.Column("quantity", ExactDecimal(4, 24), nullable=False),
        sa.Column("unit_price", ExactDecimal(4, 24), nullable=True),
        sa.Column("amount", ExactDecimal(4, 24), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", Id, nullable=True),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.Column("custom", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["nouns_order.id"], name=op.f("fk_nouns_order_line_order_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["nouns_product.id"],
            name=op.f("fk_nouns_order_line_product_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nouns_order_line")),
    )
    with op.batch_alter_table("nouns_order_line", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_nouns_order_line_order_id_position_id"),
            ["order_id", "position", "id"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_nouns_order_line_product_id"), ["product_id"], unique=False)

    op.create_table(
        "nouns_task",
        sa.Column("id", Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("owner_id", Id, nullable=True),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("status", sa.String(length=60), nullable=False),
        sa.Column("priority", sa.String(length=60), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("remind_at", UtcDateTime(), nullable=True),
        sa.Column("reminded_at", UtcDateTime(), nullable=True),
        sa.Column("overdue", sa.Boolean(), nullable=True),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("timeline_at", UtcDateTime(), nullable=True),
        sa.Column("follows_id", Id, nullable=True),
        sa.Column("about_entity", sa.String(length=60), nullable=True),
        sa.Column("about_id", Id, nullable=True),
        sa.Column("party_id", Id, nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", Id, nullable=True),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.Column("custom", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["follows_id"], ["nouns_activity.id"], name=op.f("fk_nouns_task_follows_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["identity_user.id"], name=op.f("fk_nouns_task_owner_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["party_id"], ["nouns_party.id"], name=op.f("fk_nouns_task_party_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nouns_task")),
    )
    with op.batch_alter_table("nouns_task", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_nouns_task_about_id_timeline_at_id"),
            ["about_id", "timeline_at", "id"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_nouns_task_created_at_id"), ["created_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_nouns_task_follows_id"), ["follows_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_nouns_task_owner_id_status_due_at_id"),
            ["owner_id", "status", "due_at", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_nouns_task_party_id_timeline_at_id"),
            ["party_id", "timeline_at", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_nouns_task_status_due_at_id"), ["status", "due_at", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_nouns_task_status_remind_at_id"), ["status", "remind_at", "id"], unique=False
        )
