"""The policy's history: the newest revision is in force, in every process within a second."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tenon.api import Actor, ConflictError, NotFoundError, _, system

from .checking import require_sound
from .document import PolicyDocument, document_of
from .models import Revision
from .names import Names


@dataclass(frozen=True)
class Entry:
    """One revision in the history."""

    number: int
    at: datetime
    actor_name: str
    note: str | None
    lines: int


class Revisions:
    """Reads and adds revisions."""

    def __init__(self, tenon: Any) -> None:
        self._tenon = tenon

    def newest(self) -> int:
        """The number in force; 0 where there is none yet."""
        with self._reading() as work:
            found = work.connection.execute(sa.select(sa.func.max(Revision.number))).scalar_one()
        return found or 0

    def load(self, number: int) -> PolicyDocument:
        """The policy of that number, or ``NotFoundError``."""
        with self._reading() as work:
            data = work.connection.execute(
                sa.select(Revision.document).where(Revision.number == number)
            ).scalar_one_or_none()
        if data is None:
            raise NotFoundError(_("There is no revision %(number)d of the policy", number=number))
        return document_of(data)

    def history(self, size: int = 50) -> list[Entry]:
        """The newest revisions first."""
        table: Any = Revision.__table__
        with self._reading() as work:
            rows = work.connection.execute(sa.select(table).order_by(table.c.number.desc()).limit(size))
            return [
                Entry(row.number, row.at, row.actor_name, row.note, len(row.document.get("lines", ())))
                for row in rows
            ]

    def add(
        self,
        document: PolicyDocument,
        names: Names,
        actor: Actor,
        *,
        note: str | None = None,
        after: int | None = None,
    ) -> int:
        """Put a policy in force; its number.

        ``after`` is the number that its author started from: ``ConflictError`` where somebody else
        changed it meanwhile. ``InvalidError`` with every error for a policy that does not check.
        """
        require_sound(document, names)
        with self._tenon.records.writing(system("activate a policy"), via="policy") as work:
            newest = work.connection.execute(sa.select(sa.func.max(Revision.number))).scalar_one() or 0
            if after is not None and newest != after:
                raise ConflictError(
                    _("Somebody changed the policy in the meantime"),
                    hint=_("It is at revision %(now)d; compare, and make your change again.", now=newest),
                )
            self._insert(work, newest + 1, document, actor, note)
        self._tenon.access_log.record(
            kind="policy", actor=actor, detail={"revision": newest + 1, "note": note or ""}
        )
        return int(newest) + 1

    def add_first(self, work: Any, document: PolicyDocument, names: Names, actor: Actor) -> None:
        """The first revision, in a transaction that is open; nothing where there is one."""
        require_sound(document, names)
        keeper = work.as_system("the first policy")
        if keeper.connection.execute(sa.select(sa.func.max(Revision.number))).scalar_one() is None:
            self._insert(keeper, 1, document, actor, None)

    def _insert(
        self, work: Any, number: int, document: PolicyDocument, actor: Actor, note: str | None
    ) -> None:
        values: dict[str, Any] = {
            "number": number,
            "at": work.now,
            "actor_id": actor.id,
            "actor_name": actor.name if actor.id else f"system: {actor.reason}",
            "note": note[:500] if note else None,
            "document": document.as_data(),
        }
        try:
            work.connection.execute(sa.insert(Revision).values(**values))
        except sa.exc.IntegrityError as error:
            raise ConflictError(
                _("Somebody changed the policy in the same moment"), hint=_("Look at it, and try again.")
            ) from error

    def _reading(self) -> Any:
        return self._tenon.records.reading(system("the policy's revisions"))
