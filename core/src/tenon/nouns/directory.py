"""Keeps the party directory in step with the records it stands for, in their transaction."""

from __future__ import annotations

from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ..api import Change, Record, Work
from .party import Party

COPIED = ("name", "email", "phone", "owner_id", "archived_at")
KEEPING = "the party directory follows the records it stands for"


def keep_directory(work: Work, changes: list[Change]) -> None:
    """Write the rows of every person and organisation that these changes concern."""
    rows = [row(change) for change in changes if concerns_directory(change)]
    if not rows:
        return
    work.as_system(KEEPING).connection.execute(_upsert(work.dialect), rows)


@cache
def _upsert(dialect: str) -> Any:
    table: Any = Party.__table__
    insert = (sqlite if dialect == "sqlite" else postgresql).insert(table)
    copied = {column: insert.excluded[column] for column in (*COPIED, "updated_at")}
    return insert.on_conflict_do_update(
        index_elements=["id"], set_={**copied, "version": table.c.version + 1}
    )


def forget(work: Work, changes: list[Change]) -> None:
    """Take those out of the directory whose records are being undone."""
    gone = [
        change.before.id for change in changes if change.before is not None and change.entity.entity.party
    ]
    if gone:
        table: Any = Party.__table__
        work.as_system(KEEPING).connection.execute(sa.delete(table).where(table.c.id.in_(gone)))


def directory_first(work: Work, change: Change) -> None:
    """Have the directory's rows of this transaction written before something refers to them."""
    if work.pending and any(
        f.spec.to == "party" and change.changed(f.path) for f in change.entity.references
    ):
        work.flush()


def concerns_directory(change: Change) -> bool:
    """Whether a change is of a party and touches what the directory copies."""
    if change.entity.entity.party is None or change.action == "remove":
        return False
    if change.before is None or change.action != "update":
        return True
    return any(map(change.changed, (*change.entity.title, *COPIED)))


def row(change: Change) -> dict[str, Any]:
    """The directory's row for the record as it is after the change."""
    record = change.after
    assert record is not None
    return {
        "id": record.id,
        "version": 1,
        "created_at": record.created_at,
        "updated_at": record["updated_at"],
        "created_by": record.get("created_by"),
        "owner_id": record.get("owner_id"),
        "archived_at": record.get("archived_at"),
        "custom": {},
        "entity": record.entity.name,
        "kind": record.entity.entity.party,
        "name": party_name(record),
        "email": record.get("email"),
        "phone": record.get("phone"),
    }


def party_name(record: Record) -> str:
    return record.title[:200]
