"""Whether a write is within the actor's reach: the record as it was, as it will be, what it refers to.

A record that the actor may not read answers as one that is not there; one that may be read
and not changed says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa

from ..errors import ForbiddenError, NotFoundError, Problem, TenonError
from ..messages import _
from . import read
from .record import Record
from .registry import EntityType, Field, pointer
from .signals import Change

if TYPE_CHECKING:
    from .work import Work

CHUNK = 500


def absent(type_: EntityType, id_: UUID) -> NotFoundError:
    """What is answered for a record that is not there, or not there for the actor."""
    return NotFoundError(_("There is no %(entity)s %(id)s", entity=type_.label, id=id_))


# The record as it was


def lock(work: Work, type_: EntityType, ids: Sequence[UUID], *actions: str) -> dict[UUID, Record]:
    """Those records within the actor's reach for all of ``actions``, locked until the transaction ends."""
    if len(ids) == 1:
        rows = work.unguarded.execute(read.by_id(work, type_, *actions, lock=True), {"id_": ids[0]})
    else:
        statement = read.select(type_, type_.columns).where(
            type_.table.c.id.in_(set(ids)), *scopes(work, type_, *actions)
        )
        rows = work.unguarded.execute(statement.with_for_update(key_share=True, of=type_.table))
    found = (Record(type_, dict(zip(type_.columns, row, strict=True))) for row in rows)
    return {record.id: record for record in found}


def scopes(work: Work, type_: EntityType, *actions: str) -> tuple[sa.ColumnElement[bool], ...]:
    """The predicates of those actions, each once; none where all records are within reach."""
    found = (work.scope(type_, action) for action in actions)
    return tuple(dict.fromkeys(scope for scope in found if scope is not None))


def within(work: Work, type_: EntityType, ids: Iterable[UUID], *actions: str) -> set[UUID]:
    """Those of ``ids`` that are records within the actor's reach for all of ``actions``."""
    wanted = list(dict.fromkeys(ids))
    allowed = scopes(work, type_, *actions)
    found: set[UUID] = set()
    for start in range(0, len(wanted), CHUNK):
        some = type_.table.c.id.in_(wanted[start : start + CHUNK])
        found |= set(work.unguarded.scalars(sa.select(type_.table.c.id).where(some, *allowed)))
    return found


def may(work: Work, record: Record, action: str) -> bool:
    """Whether the actor may do that to this record, as a page asks before it offers a button."""
    if not work.access.allows(work.actor, action, record.entity.name):
        return False
    return work.scope(record.entity, action) is None or bool(within(work, record.entity, [record.id], action))


def refusal(type_: EntityType, id_: UUID, known: Iterable[UUID]) -> TenonError:
    """Why a record cannot be written: it is not there for the actor, or out of reach for this."""
    return forbidden(type_) if id_ in known else absent(type_, id_)


def forbidden(type_: EntityType) -> ForbiddenError:
    return ForbiddenError(
        _("You may not do this to this %(entity)s", entity=type_.label),
        hint=_("Ask somebody whose records these are, or an administrator."),
    )


def refused(work: Work, changes: Sequence[Change]) -> dict[int, TenonError]:
    """Those changes, by their place, whose record is out of the actor's reach for what they need."""
    wanted: dict[tuple[EntityType, str], set[UUID]] = defaultdict(set)
    for change in changes:
        for action in change.needs:
            if change.before is not None:
                wanted[change.entity, action].add(change.before.id)
    held = {
        key: within(work, key[0], ids, key[1]) if work.scope(*key) is not None else ids
        for key, ids in wanted.items()
    }
    found = [
        place
        for place, change in enumerate(changes)
        if change.before is not None
        and any(change.before.id not in held[change.entity, action] for action in change.needs)
    ]
    for change in (changes[place] for place in found):
        needs = " ".join(sorted(change.needs))
        work.access.watch.denied(work.actor, needs, change.entity.name, record_id=_id(change))
    return {place: forbidden(changes[place].entity) for place in found}


def guards(work: Work, change: Change) -> tuple[sa.ColumnElement[bool], ...]:
    """The predicates that an UPDATE or DELETE has to carry.

    The record is locked, so that one that asks for its own columns still holds. One that looks
    at other rows is asked again with the write: what it found may be gone meanwhile.
    """
    asked = scopes(work, change.entity, "read", *sorted(change.needs))
    return tuple(scope for scope in asked if _looks_elsewhere(work, scope))


def _looks_elsewhere(work: Work, predicate: sa.ColumnElement[bool]) -> bool:
    def look() -> bool:
        parts = sa.sql.visitors.iterate(predicate)
        return any(isinstance(part, sa.SelectBase | sa.TextClause) for part in parts)

    found: bool = work.records.statement((predicate, "elsewhere"), look)
    return found


# The record as it will be


def still_within(work: Work, changes: Sequence[Change]) -> None:
    """After the write each record must be one that the actor may write so; ``ForbiddenError``."""
    wanted: dict[tuple[EntityType, str], set[UUID]] = defaultdict(set)
    for change in changes:
        action = _afterwards(change)
        allowed = work.scope(change.entity, action) if action is not None else None
        if (
            allowed is None
            or action is None
            or (change.before is not None and _untouched(work, change, allowed))
        ):
            continue
        wanted[change.entity, action].add(_id(change))
    for (type_, action), ids in wanted.items():
        beyond = ids - within(work, type_, ids, action)
        for id_ in beyond:
            work.access.watch.denied(work.actor, action, type_.name, "reach", id_)
        if beyond:
            raise ForbiddenError(
                _("This would put the record out of your reach"),
                hint=_("Ask somebody whose records these are, or an administrator."),
            )


def _afterwards(change: Change) -> str | None:
    """The action in whose scope the record has to be once it is written."""
    if change.action == "create":
        return "create"
    if change.action != "update":
        return None
    owner = change.entity.owner
    if owner is not None and change.changed(owner):
        return "assign"
    return "merge" if "merge" in change.needs else "update"


def _id(change: Change) -> UUID:
    found: UUID = change.before.id if change.before is not None else change.values["id"]
    return found


def _untouched(work: Work, change: Change, allowed: sa.ColumnElement[bool]) -> bool:
    """Whether the predicate that held when the record was locked asks for nothing that changed."""
    asked: frozenset[str] | None = work.records.statement((allowed, "asks"), lambda: _columns_of(allowed))
    return asked is not None and asked.isdisjoint(path.rpartition(".")[2] for path in change.values)


def _columns_of(predicate: sa.ColumnElement[bool]) -> frozenset[str] | None:
    """The names of all columns that a predicate asks for, in whatever table; ``None`` where it cannot
    be told."""
    parts = list(sa.sql.visitors.iterate(predicate))
    if any(isinstance(part, sa.TextClause) for part in parts):
        return None
    return frozenset(part.key for part in parts if isinstance(part, sa.ColumnClause))


# What it refers to


def check_references(work: Work, changes: Sequence[Change]) -> None:
    """Refuse values that refer to a record which is not there, or not there for the actor: both alike."""
    if work.elevated:
        return
    given = [(change, f) for change in changes for f in _referring(work, change)]
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for change, f in given:
        wanted[str(f.spec.to)].add(change.values[f.path])
    there = {entity: readable(work, entity, ids) for entity, ids in wanted.items()}
    for change, f in given:
        if change.values[f.path] not in there[str(f.spec.to)]:
            work.access.watch.unseen(work.actor, "read", str(f.spec.to), change.values[f.path], work.via)
            detail = _("There is no such %(label)s", label=f.label)
            change.problems.append(Problem(pointer(f.path), "unknown-reference", detail))


def _referring(work: Work, change: Change) -> Iterable[Field]:
    """The references that a change sets and that are not the database's alone to check."""
    for f in change.entity.references:
        value, to = change.values.get(f.path), f.spec.to
        if value is None or to not in work.registry or not change.changed(f.path):
            continue
        if value == work.actor.id:
            continue
        if f.column is None or not _sees_all(work, str(to)):
            yield f


def _sees_all(work: Work, entity: str) -> bool:
    return work.access.allows(work.actor, "read", entity) and work.scope(work.type(entity), "read") is None


def readable(work: Work, entity: str, ids: Iterable[UUID]) -> set[UUID]:
    """Those of ``ids`` that are records which the actor may read."""
    if not work.access.allows(work.actor, "read", entity):
        return set()
    return within(work, work.type(entity), ids, "read")
