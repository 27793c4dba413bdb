"""What identity writes of users by itself enters their history as any write of a record does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..identity.users import UserWrite
from . import audit
from .record import Record
from .signals import Change
from .work import Work

if TYPE_CHECKING:
    from .records import Records


def keep(records: Records, write: UserWrite) -> None:
    """Write the audit row of ``write``, in its transaction. Subscribed to ``identity.users.told``."""
    work = Work(records, write.connection, write.actor, via=write.via, now=write.at)
    type_ = work.type("user")
    values = dict(write.values)
    if write.before is None:
        audit.record(work, [Change(type_, "create", None, values)])
        return
    before = Record(type_, dict(write.before))
    if write.action == "password":
        audit.record_deed(work, type_.name, before.id, write.action, values["version"])
    else:
        audit.record(work, [Change(type_, "update", before, values)])
