"""The one write path: validate, ask access, ask guards, write, remember.

Every face ends here, one record at a time or many. A change goes through the
same steps in the same order whoever makes it, so that no rule, permission,
audit row or event can be passed by: ``prepare`` checks what was given, ``reach``
holds it against the actor's scopes, ``apply`` writes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ..errors import TenonError
from . import apply, audit, prepare
from .prepare import Item, Note
from .record import Record
from .registry import EntityType

if TYPE_CHECKING:
    from .work import Work


def create(
    work: Work, entity: str, values: Mapping[str, Any], *, note: Note = None, facts: Note = None
) -> Record:
    (change,) = prepare.creations(work, entity, [values], [note], [facts])
    return apply.one(work, change)


def update(
    work: Work,
    entity: str,
    id_: UUID,
    values: Mapping[str, Any],
    *,
    expect: int | None = None,
    note: Note = None,
    facts: Note = None,
    action: str = "update",
) -> Record:
    (change,) = prepare.updates(work, entity, [(id_, values, expect)], [note], facts, action=action)
    return apply.one(work, change)


def set_archived(work: Work, entity: str, id_: UUID, archived: bool, *, expect: int | None = None) -> Record:
    (change,) = prepare.archivals(work, entity, [(id_, expect)], archived)
    return apply.one(work, change)


def bulk_create(
    work: Work,
    entity: str,
    items: Sequence[Mapping[str, Any]],
    *,
    notes: Sequence[Note] | None = None,
    facts: Sequence[Note] | None = None,
) -> list[Record | TenonError]:
    return apply.many(work, prepare.creations(work, entity, items, notes, facts))


def bulk_update(
    work: Work, entity: str, items: Sequence[Item], *, notes: Sequence[Note] | None = None
) -> list[Record | TenonError]:
    if len(items) > 1 and _refers_to_its_own(work.type(entity), items):
        # each must see the ones before it: of two records that take each other as parent, one may
        return [
            result
            for i, item in enumerate(items)
            for result in bulk_update(work, entity, [item], notes=[notes[i]] if notes else None)
        ]
    return apply.many(work, prepare.updates(work, entity, items, notes))


def _refers_to_its_own(type_: EntityType, items: Sequence[Item]) -> bool:
    """Whether an item sets a link between records of this one kind, such as a parent."""
    links = {f.path for f in type_.references if f.spec.to == type_.name}
    return bool(links) and any(not links.isdisjoint(type_.flatten(values)) for _id, values, _expect in items)


def bulk_archive(work: Work, entity: str, ids: Sequence[UUID], archived: bool) -> list[Record | TenonError]:
    return apply.many(work, prepare.archivals(work, entity, [(id_, None) for id_ in ids], archived))


def bulk_remove(work: Work, entity: str, items: Sequence[tuple[UUID, int]]) -> list[Record | TenonError]:
    """Delete records for good, each only while it is at that version: to undo their creation."""
    return apply.many(work, prepare.removals(work, entity, items))


def flush(work: Work) -> None:
    """Write audit rows and tell the subscribers, for all changes since the last flush."""
    # What subscribers write in turn is told as well.
    while work.pending:
        changes, work.pending = work.pending, []
        audit.record(work, changes)
        for handler in work.records.signals.written:
            handler(work, changes)
