"""INSERT … ON CONFLICT DO NOTHING, as both databases spell it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection


def insert_or_ignore(connection: Connection, table: sa.Table, row: dict[str, Any]) -> bool:
    """Insert one row unless a unique value of it is taken; say whether it was inserted."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    added = insert(table).values(**row).on_conflict_do_nothing().returning(*table.primary_key)
    return connection.execute(added).first() is not None
