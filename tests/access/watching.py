"""What tests of the access log share: a policy with something to refuse, and the log as it was written."""

from __future__ import annotations

import sqlalchemy as sa

from tenon.access.entries import Entry, Wanted, entries
from tenon.access.models import AccessEntry
from tenon.access.policy import OpenPolicy
from tenon.app import Tenon
from tenon.identity.actor import Actor


class OwnRecords(OpenPolicy):
    """Everybody sees the records that they own, and only administrators may merge."""

    def allows(self, actor: Actor, action: str, entity: str) -> bool:
        return actor.admin or action != "merge"

    def scope(
        self, actor: Actor, action: str, entity: str, table: sa.FromClause
    ) -> sa.ColumnElement[bool] | None:
        return table.c.owner_id == actor.id if "owner_id" in table.c else None


def clear(tenon: Tenon, *kinds: str) -> None:
    """Take out what making the test's world left in the log: everything, or what is of those kinds."""
    assert tenon.access_log.flush()
    gone = sa.delete(AccessEntry)
    with tenon.storage.writing() as connection:
        connection.execute(gone.where(AccessEntry.kind.in_(kinds)) if kinds else gone)


def logged(tenon: Tenon, kind: str | None = None, size: int = 100) -> list[Entry]:
    """Everything in the log, or what is of one kind, the newest first; what waits is written first."""
    assert tenon.access_log.flush()
    return entries(tenon.storage, Wanted(kind=kind), size)
