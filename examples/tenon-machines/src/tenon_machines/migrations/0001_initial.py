"""Make the tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tenon.api import Id, Json, UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "machines_contact",
        sa.Column("id", Id, nullable=False),
        sa.Column("operator", sa.Boolean(), nullable=True),
        sa.Column("instructed_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["id"], ["nouns_contact.id"], name=op.f("fk_machines_contact_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_machines_contact")),
    )
    op.create_table(
        "machines_machine",
        sa.Column("id", Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("serial_number", sa.String(length=60), nullable=False),
        sa.Column("model", sa.String(length=120), nullable=True),
        sa.Column("party_id", Id, nullable=True),
        sa.Column("product_id", Id, nullable=True),
        sa.Column("installed_on", sa.Date(), nullable=True),
        sa.Column("warranty_until", sa.Date(), nullable=True),
        sa.Column("reminded_of", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("owner_id", Id, nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", Id, nullable=True),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.Column("custom", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["identity_user.id"], name=op.f("fk_machines_machine_owner_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["party_id"], ["nouns_party.id"], name=op.f("fk_machines_machine_party_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["nouns_product.id"],
            name=op.f("fk_machines_machine_product_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_machines_machine")),
        sa.UniqueConstraint("serial_number", name=op.f("uq_machines_machine_serial_number")),
    )
    with op.batch_alter_table("machines_machine", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_machines_machine_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_machines_machine_party_id_warranty_until"),
            ["party_id", "warranty_until"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_machines_machine_product_id"), ["product_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_machines_machine_warranty_until"), ["warranty_until"], unique=False
        )
