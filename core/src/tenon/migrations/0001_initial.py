"""Initial"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tenon.storage.types import ExactDecimal, Id, Json, UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "tenon_access_log",
        sa.Column("id", Id, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("actor_id", Id, nullable=True),
        sa.Column("actor_name", sa.String(length=200), nullable=False),
        sa.Column("key_id", Id, nullable=True),
        sa.Column("via", sa.String(length=30), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=True),
        sa.Column("record_id", Id, nullable=True),
        sa.Column("action", sa.String(length=60), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("detail", Json, nullable=True),
        sa.Column("address", sa.String(length=45), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenon_access_log")),
    )
    with op.batch_alter_table("tenon_access_log", schema=None) as batch_op:
        batch_op.create_index("ix_tenon_access_log_actor", ["actor_id", "at", "id"], unique=False)
        batch_op.create_index("ix_tenon_access_log_at", ["at", "id"], unique=False)
        batch_op.create_index("ix_tenon_access_log_entity", ["entity", "at", "id"], unique=False)
        batch_op.create_index("ix_tenon_access_log_kind", ["kind", "at", "id"], unique=False)
        batch_op.create_index(
            "ix_tenon_access_log_record",
            ["record_id", "at"],
            unique=False,
            postgresql_where=sa.text("record_id IS NOT NULL"),
        )

    op.create_table(
        "tenon_approval",
        sa.Column("id", Id, nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("record_id", Id, nullable=False),
        sa.Column("pipeline", sa.String(length=60), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=True),
        sa.Column("target", sa.String(length=60), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("requested_by", Id, nullable=True),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("values", Json, nullable=False),
        sa.Column("covers", Json, nullable=False),
        sa.Column("steps", Json, nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("step_since", UtcDateTime(), nullable=False),
        sa.Column("reminded_at", UtcDateTime(), nullable=True),
        sa.Column("escalated_at", UtcDateTime(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("replaced_by", Id, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenon_approval")),
    )
    with op.batch_alter_table("tenon_approval", schema=None) as batch_op:
        batch_op.create_index("ix_tenon_approval_record", ["record_id", "id"], unique=False)
        batch_op.create_index(
            "uq_tenon_approval_pending",
            ["record_id"],
            unique=True,
            sqlite_where=sa.text("status IN ('pending', 'granted')"),
            postgresql_where=sa.text("status IN ('pending', 'granted')"),
        )

    op.create_table(
        "tenon_audit",
        sa.Column("id", Id, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor_id", Id, nullable=True),
        sa.Column("actor_name", sa.String(length=200), nullable=False),
        sa.Column("via", sa.String(length=30), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("record_id", Id, nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changes", Json, nullable=False),
        sa.Column("note", Json, nullable=True),
        sa.Column("batch", Id, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenon_audit")),
    )
    with op.batch_alter_table("tenon_audit", schema=None) as batch_op:
        batch_op.create_index(
            "ix_tenon_audit_batch",
            ["batch", "id"],
            unique=False,
            postgresql_where=sa.text("batch IS NOT NULL"),
        )
        batch_op.create_index("ix_tenon_audit_record", ["record_id", "id"], unique=False)

    op.create_table(
        "tenon_custom_field",
        sa.Column("id", Id, nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("label", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("options", Json, nullable=False),
        sa.Column("indexed", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenon_custom_field")),
        sa.UniqueConstraint("entity", "key", name=op.f("uq_tenon_custom_field_entity_key")),
    )
    op.create_table(
        "tenon_delegation",
        sa.Column("id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("delegate_id", Id, nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenon_delegation")),
    )
    with op.batch_alter_table("tenon_delegation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tenon_delegation_delegate_id"), ["delegate_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_tenon_delegation_user_id"), ["user_id"], unique=False)

    op.create_table(
        "tenon_delivery",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("id", Id, nullable=False),
        sa.Column("event_id", Id, nullable=False),
        sa.Column("event_seq", sa.BigInteger(), nullable=False),
        sa.Column("target", sa.String(length=160), nullable=False),
        sa.Column("lane", sa.String(length=160), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("leased_by", sa.String(length=80), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_tenon_delivery")),
        sa.UniqueConstraint("id", name=op.f("uq_tenon_delivery_id")),
    )
    with op.batch_alter_table("tenon_delivery", schema=None) as batch_op:
        batch_op.create_index(
            "ix_tenon_delivery_due",
            ["due_at", "seq"],
            unique=False,
            sqlite_where=sa.text("state = 'new'"),
            postgresql_where=sa.text("state = 'new'"),
        )
        batch_op.create_index(
            "ix_tenon_delivery_lane",
            ["target", "lane", "event_seq"],
            unique=False,
            sqlite_where=sa.text("state IN ('new', 'leased', 'sent', 'unknown', 'dead')"),
            postgresql_where=sa.text("state IN ('new', 'leased', 'sent', 'unknown', 'dead')"),
        )
        batch_op.create_index(
            "ix_tenon_delivery_lease",
            ["lease_until"],
            unique=False,
            sqlite_where=sa.text("lease_until IS NOT NULL"),
            postgresql_where=sa.text("lease_until IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_tenon_delivery_unknown",
            ["due_at", "seq"],
            unique=False,
            sqlite_where=sa.text("state = 'unknown'"),
            postgresql_where=sa.text("state = 'unknown'"),
        )
        batch_op.create_index("uq_tenon_delivery_event_id_target", ["event_id", "target"], unique=True)

    op.create_table(
        "tenon_event",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("entity", sa.String(length=80), nullable=True),
        sa.Column("record_id", Id, nullable=True),
        sa.Column("lane", sa.String(length=160), nullable=False),
        sa.Column("payload", Json, nullable=False),
        sa.Column("actor_id", Id, nullable=True),
        sa.Column("via", sa.String(length=40), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_tenon_event")),
        sa.UniqueConstraint("id", name=op.f("uq_tenon_event_id")),
    )
    with op.batch_alter_table("tenon_event", schema=None) as batch_op:
        batch_op.create_index(
            "ix_tenon_event_new",
            ["seq"],
            unique=False,
            sqlite_where=sa.text("state = 'new'"),
            postgresql_where=sa.text("state = 'new'"),
        )
        batch_op.create_index("ix_tenon_event_record", ["record_id", "seq"], unique=False)

    op.create_table(
        "tenon_external_id",
        sa.Column("id", Id, nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("record_id", Id, nullable=False),
        sa.Column("system", sa.String(length=60), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenon_external_id")),
        sa.UniqueConstraint(
            "entity", "system", "external_id", name=op.f("uq_tenon_external_id_entity_system_external_id")
        ),
    )
    with op.batch_alter_table("tenon_external_id", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tenon_external_id_record_id"), ["record_id"], unique=False)

    op.create_table(
        "tenon_idempotency_key",
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", Json, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("actor", "key", name=op.f("pk_tenon_idempotency_key")),
    )
    with op.batch_alter_table("tenon_idempotency_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tenon_idempotency_key_at"), ["at"], unique=False)

    op.create_table(
        "tenon_import",
        sa.Column("id", Id, nullable=False),
        sa.Column("plan_id", Id, nullable=True),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("file", sa.String(length=255), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("map_name", sa.String(length=255), nullable=False),
        sa.Column("map_text", sa.Text(), nullable=False),
        sa.Column("layout", Json, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("made", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("actor_id", Id, nullable=True),
        sa.Column("actor_name", sa.String(length=200), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("moved_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenon_import")),
    )
    with op.batch_alter_table("tenon_import", schema=None) as batch_op:
        batch_op.create_index("ix_tenon_import_plan_id", ["plan_id", "step"], unique=False)

    op.create_table(
        "tenon_job",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("id", Id, nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("payload", Json, nullable=False),
        sa.Column("unique_key", sa.String(length=200), nullable=True),
        sa.Column("timer", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("leased_by", sa.String(length=80), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_tenon_job")),
        sa.UniqueConstraint("id", name=op.f("uq_tenon_job_id")),
        sa.UniqueConstraint("unique_key", name=op.f("uq_tenon_job_unique_key")),
    )
    with op.batch_alter_table("tenon_job", schema=None) as batch_op:
        batch_op.create_index(
            "ix_tenon_job_due",
            ["due_at", "seq"],
            unique=False,
            sqlite_where=sa.text("state = 'new'"),
            postgresql_where=sa.text("state = 'new'"),
        )
        batch_op.create_index(
            "ix_tenon_job_lease",
            ["lease_until"],
            unique=False,
            sqlite_where=sa.text("lease_until IS NOT NULL"),
            postgresql_where=sa.text("lease_until IS NOT NULL"),
        )

    op.create_table(
        "tenon_merge",
        sa.Column("id", Id, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor_id", Id, nullable=True),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("winner_id", Id, nullable=False),
        sa.Column("loser_id", Id, nullable=False),
        sa.Column("batch", Id, nullable=False),
        sa.Column("moved", Json, nullable=False),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenon_merge")),
    )
    with op.batch_alter_table("tenon_merge", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tenon_merge_loser_id"), ["loser_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_tenon_merge_winner_id"), ["winner_id"], unique=False)

    op.create_table(
        "tenon_stage_history",
        sa.Column("id", Id, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("record_id", Id, nullable=False),
        sa.Column("pipeline", sa.String(length=60), nullable=False),
        sa.Column("stage", sa.String(length=60), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("from_stage", sa.String(length=60), nullable=True),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.Column("left_at", UtcDateTime(), nullable=True),
        sa.Column("seconds", sa.BigInteger(), nullable=True),
        sa.Column("actor_id", Id, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("overridden", sa.Boolean(), nullable=False),
        sa.Column("amount", ExactDecimal(4, 24), nullable=True),
        sa.Column("previous_amount", ExactDecimal(4, 24), nullable=True),
        sa.Column("close_date", sa.Date(), nullable=True),
        sa.Column("previous_close_date", sa.Date(), nullable=True),
        sa.Column("category", sa.String(length=60), nullable=True),
        sa.Column("previous_category", sa.String(length=60), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenon_stage_history")),
    )
    with op.batch_alter_table("tenon_stage_history", schema=None) as batch_op:
        batch_op.create_index("ix_tenon_stage_history_record", ["record_id", "entered_at"], unique=False)
        batch_op.create_index(
            "uq_tenon_stage_history_current",
            ["record_id"],
            unique=True,
            sqlite_where=sa.text("left_at IS NULL AND kind = 'stage'"),
            postgresql_where=sa.text("left_at IS NULL AND kind = 'stage'"),
        )

    op.create_table(
        "tenon_stall",
        sa.Column("id", Id, nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("record_id", Id, nullable=False),
        sa.Column("pipeline", sa.String(length=60), nullable=False),
        sa.Column("stage", sa.String(length=60), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("noticed_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenon_stall")),
        sa.UniqueConstraint(
            "entity", "record_id", "since", name=op.f("uq_tenon_stall_entity_record_id_since")
        ),
    )
    op.create_table(
        "tenon_timer",
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_tenon_timer")),
    )
    op.create_table(
        "tenon_view",
        sa.Column("id", Id, nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("query", Json, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenon_view")),
    )
    with op.batch_alter_table("tenon_view", schema=None) as batch_op:
        batch_op.create_index("ix_tenon_view_entity", ["entity", "owner_id"], unique=False)

    op.create_table(
        "tenon_webhook",
        sa.Column("id", Id, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secrets", Json, nullable=False),
        sa.Column("events", Json, nullable=False),
        sa.Column("entity", sa.String(length=80), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("inactive_reason", sa.Text(), nullable=True),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenon_webhook")),
    )
    op.create_table(
        "tenon_approval_seat",
        sa.Column("approval_id", Id, nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("escalated", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["approval_id"],
            ["tenon_approval.id"],
            name=op.f("fk_tenon_approval_seat_approval_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("approval_id", "step", "user_id", name=op.f("pk_tenon_approval_seat")),
    )
    with op.batch_alter_table("tenon_approval_seat", schema=None) as batch_op:
        batch_op.create_index("ix_tenon_approval_seat_user_id", ["user_id", "approval_id"], unique=False)

    op.create_table(
        "tenon_approval_vote",
        sa.Column("id", Id, nullable=False),
        sa.Column("approval_id", Id, nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("seat_id", Id, nullable=False),
        sa.Column("cast_by", Id, nullable=False),
        sa.Column("decision", sa.String(length=10), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["approval_id"],
            ["tenon_approval.id"],
            name=op.f("fk_tenon_approval_vote_approval_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenon_approval_vote")),
        sa.UniqueConstraint(
            "approval_id", "step", "cast_by", name=op.f("uq_tenon_approval_vote_approval_id_step_cast_by")
        ),
        sa.UniqueConstraint(
            "approval_id", "step", "seat_id", name=op.f("uq_tenon_approval_vote_approval_id_step_seat_id")
        ),
    )
    op.create_table(
        "tenon_import_row",
        sa.Column("id", Id, nullable=False),
        sa.Column("import_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("cells", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("field", sa.String(length=120), nullable=True),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("record_id", Id, nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"], ["tenon_import.id"], name=op.f("fk_tenon_import_row_import_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenon_import_row")),
    )
    with op.batch_alter_table("tenon_import_row", schema=None) as batch_op:
        batch_op.create_index("ix_tenon_import_row_import_id", ["import_id", "kind", "row"], unique=False)
