"""Sharing: rows that say which record is shared with whom, how far, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from tenon.api import Work, new_id

from .models import Grant

TABLE: Any = Grant.__table__


@dataclass(frozen=True)
class Share:
    """One record to be shared with a person, a team or a territory."""

    entity: str
    record_id: UUID
    principal_kind: str
    principal_id: UUID
    level: int
    cause: str
    cause_id: UUID
    label: str | None = None
    until: datetime | None = None


def grant(work: Work, shares: Iterable[Share]) -> None:
    """Write grants; one that is there for the same cause takes the new level and end.

    ``work`` is the system's. A record that stands in the party directory is shared there too.
    """
    rows = [_row(work, share, entity) for share in shares for entity in _kinds(work, share.entity)]
    if rows:
        work.connection.execute(_upsert(work.dialect), rows)


def revoke(work: Work, *conditions: sa.ColumnElement[bool]) -> int:
    """Take grants away; how many rows went."""
    return int(work.connection.execute(sa.delete(TABLE).where(*conditions)).rowcount)


def _kinds(work: Work, entity: str) -> tuple[str, ...]:
    return (entity, "party") if work.type(entity).entity.party else (entity,)


def _row(work: Work, share: Share, entity: str) -> dict[str, Any]:
    row = {**vars(share), "entity": entity, "id": new_id(), "at": work.now}
    return row | {"granted_by": None}


def _upsert(dialect: str) -> Any:
    insert = (sqlite if dialect == "sqlite" else postgresql).insert(TABLE)
    keys = ["entity", "record_id", "principal_id", "cause", "cause_id"]
    changed = {name: insert.excluded[name] for name in ("level", "until", "label", "granted_by", "at")}
    return insert.on_conflict_do_update(index_elements=keys, set_=changed)
