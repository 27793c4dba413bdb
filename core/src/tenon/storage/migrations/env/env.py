"""Alembic's entry: runs on the connection and with the version table it is handed."""

from __future__ import annotations

from alembic import context

from tenon.storage import Base

handed = context.config.attributes
context.configure(
    connection=handed["connection"],
    version_table=handed["version_table"],
    # Batch mode names the constraints of the tables it rebuilds by this metadata's convention.
    target_metadata=Base.metadata,
)
with context.begin_transaction():
    context.run_migrations()
