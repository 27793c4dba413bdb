"""What happens to a record, announced inside the transaction.

Pipelines (guards), exchange (the outbox) and whoever else composes the kernel
subscribe; ``records`` knows none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from ..errors import Problem

if TYPE_CHECKING:
    from .record import Record
    from .registry import EntityType
    from .work import Work

Action = Literal["create", "update", "archive", "restore", "remove"]


@dataclass
class Change:
    """A write that is about to happen, or has.

    ``before`` is the record as it was (``None`` for a create). ``values`` holds the
    new values by field path and may be added to before the write. ``note``
    carries what the caller said about it (a reason, an override, history dates)
    and what subscribers add for the audit row and the event. ``problems`` added before the write refuse it,
    all together. ``needs`` are the actions that the actor must be allowed to do to the record
    as it was.
    """

    entity: EntityType
    action: Action
    before: Record | None
    values: dict[str, Any]
    note: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    guarded: bool = False
    after: Record | None = None
    needs: frozenset[str] = frozenset()

    def changed(self, path: str) -> bool:
        """Whether this write gives ``path`` another value than it had."""
        if path not in self.values:
            return False
        return self.before is None or self.before.get(path) != self.values[path]

    def value(self, path: str) -> Any:
        """The value ``path`` will have after the write."""
        if path in self.values:
            return self.values[path]
        return self.before.get(path) if self.before is not None else None

    def refuse(self, pointer: str, code: str, detail: str, **extra: Any) -> None:
        """Add a reason against this write."""
        self.problems.append(Problem(pointer, code, detail, extra))


Handler = Callable[["Work", Change], None]


@dataclass
class Signals:
    """Subscribers in the order they came. An exception refuses the write.

    ``about_to_write`` sees single changes before anything is written. ``written``
    sees the list of changes of one flush, so that a subscriber can write its own
    rows for all of them at once. ``about_to_remove`` is for rows that hang on records
    whose creation is being undone, ``merged`` is told entity, winner and loser of a merge.
    """

    about_to_write: list[Handler] = field(default_factory=list)
    about_to_remove: list[Callable[[Work, list[Change]], None]] = field(default_factory=list)
    merged: list[Callable[[Work, str, UUID, UUID], None]] = field(default_factory=list)
    written: list[Callable[[Work, list[Change]], None]] = field(default_factory=list)
