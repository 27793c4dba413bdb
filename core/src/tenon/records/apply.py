"""Changes into the database: grouped, each statement carrying the scope, and what came of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import exc

from ..errors import StaleError, TenonError
from ..messages import _
from . import constraints, reach, visible
from .record import Record
from .registry import EntityType
from .signals import Action, Change

if TYPE_CHECKING:
    from .work import Work

Group = list[tuple[int, Change]]


def one(work: Work, change: Change | TenonError) -> Record:
    """Write one change; raises what is wrong with it."""
    if isinstance(change, TenonError):
        raise change
    if _nothing_to_do(change):
        return _as_it_was(work, change)
    try:
        within = _apply(work, change.entity, change.action, [change])
    except exc.IntegrityError as error:
        raise constraints.explain(work, change, error) from error
    if not within:
        reach.still_within(work, [change])
    work.pending.append(change)
    return _done(work, change)


def many(work: Work, found: Sequence[Change | TenonError]) -> list[Record | TenonError]:
    """Write what was prepared, group by group; one by one where the database refuses."""
    results: dict[int, Record | TenonError] = {}
    groups: dict[tuple[str, frozenset[str], tuple[str, ...]], Group] = defaultdict(list)
    for index, change in enumerate(found):
        if isinstance(change, TenonError):
            results[index] = change
        elif _nothing_to_do(change):
            results[index] = _as_it_was(work, change)
        else:
            groups[change.action, change.needs, tuple(sorted(change.values))].append((index, change))
    for group in groups.values():
        results.update(_group(work, group))
    return [results[index] for index in range(len(found))]


def _nothing_to_do(change: Change) -> bool:
    return change.before is not None and not change.values


def _as_it_was(work: Work, change: Change) -> Record:
    assert change.before is not None
    return visible.hide(work, change.before)


def _group(work: Work, group: Group) -> dict[int, Record | TenonError]:
    changes = [change for _i, change in group]
    try:
        with work.unguarded.begin_nested():
            if not _apply(work, changes[0].entity, changes[0].action, changes):
                reach.still_within(work, changes)
    except (exc.IntegrityError, TenonError) as error:
        if len(group) > 1:
            half = len(group) // 2
            return _group(work, group[:half]) | _group(work, group[half:])
        told = error if isinstance(error, TenonError) else constraints.explain(work, changes[0], error)
        return {group[0][0]: told}
    work.pending += changes
    return {index: _done(work, change) for index, change in group}


def _done(work: Work, change: Change) -> Record:
    before = dict(change.before.values) if change.before is not None else dict.fromkeys(change.entity.columns)
    stored = {p: v for p, v in change.values.items() if not p.startswith("custom.")}
    change.after = Record(change.entity, {**before, **stored})
    return visible.hide(work, Record(change.entity, dict(change.after.values)))


def _apply(work: Work, type_: EntityType, action: Action, changes: list[Change]) -> bool:
    """Write the rows of changes that are alike in kind, action and fields.

    Whether the database said in the same breath that they are within the actor's scope.
    """
    if action == "remove":
        _delete(work, type_, changes)
        return False
    custom = any(path.startswith("custom.") for path in changes[0].values)
    for change in changes:
        if action == "create" or custom:
            stored = change.before.values.get("custom") if change.before else None
            given = {p[7:]: v for p, v in change.values.items() if p.startswith("custom.")}
            change.values["custom"] = type_.store_custom(stored, given)
        if change.before is not None:
            change.values["version"] = change.before.version + 1
            change.values["updated_at"] = work.now
    within = False
    if action == "create":
        within = _insert(work, type_, changes)
    else:
        _update(work, type_, changes)
    _apply_extensions(work, type_, changes)
    return within


def _insert(work: Work, type_: EntityType, changes: list[Change]) -> bool:
    """Insert; whether a single row is known to be within the actor's scope."""
    columns = [c.key for c in type_.table.columns]
    rows = [{c: change.values.get(c) for c in columns} for change in changes]
    allowed = work.scope(type_, "create")
    insert = work.records.statement((type_, "insert"), lambda: sa.insert(type_.table))
    if allowed is None or len(rows) > 1:
        work.unguarded.execute(insert, rows)
        return allowed is None
    # A predicate that looks at other rows may not see this one yet; then it is asked again.
    told = work.records.statement((type_, "insert", allowed), lambda: insert.returning(allowed))
    return bool(work.unguarded.execute(told, rows).scalar_one())


def _update(work: Work, type_: EntityType, changes: list[Change]) -> None:
    columns = sorted(p for p in changes[0].values if p in type_.table.c)
    guards = reach.guards(work, changes[0])
    statement = work.records.statement(
        (type_, "update", guards, *columns), lambda: _update_statement(type_, columns, guards)
    )
    rows = [
        {"id_": c.before.id, "version_": c.before.version, **{f"new_{p}": c.values[p] for p in columns}}
        for c in changes
        if c.before is not None
    ]
    done = work.unguarded.execute(statement, rows if len(rows) > 1 else rows[0]).rowcount
    if done not in (len(rows), -1):
        raise _missed(work, changes)


def _update_statement(
    type_: EntityType, columns: Sequence[str], guards: tuple[sa.ColumnElement[bool], ...]
) -> sa.Update:
    table = type_.table
    return (
        sa.update(table)
        .where(table.c.id == sa.bindparam("id_"), table.c.version == sa.bindparam("version_"), *guards)
        .values({p: sa.bindparam(f"new_{p}", type_=table.c[p].type) for p in columns})
    )


def _missed(work: Work, changes: Sequence[Change]) -> TenonError:
    """Why a write did not reach its rows, told of one: it changed, or is out of the actor's reach by now."""
    change = changes[0]
    if len(changes) == 1 and change.before is not None and reach.guards(work, change):
        id_, type_ = change.before.id, change.entity
        readable = reach.within(work, type_, [id_], "read")
        if id_ not in reach.within(work, type_, readable, *change.needs):
            return reach.refusal(type_, id_, readable)
    return StaleError(
        _("Somebody changed this record in the same moment"),
        hint=_("Load it again and repeat your change."),
    )


def _delete(work: Work, type_: EntityType, changes: list[Change]) -> None:
    ids = [change.before.id for change in changes if change.before is not None]
    for handler in work.records.signals.about_to_remove:
        handler(work, changes)
    for extension in type_.extensions:
        work.unguarded.execute(sa.delete(extension.table).where(extension.table.c.id.in_(ids)))
    guards = reach.guards(work, changes[0])
    done = work.unguarded.execute(sa.delete(type_.table).where(type_.table.c.id.in_(ids), *guards)).rowcount
    if done not in (len(set(ids)), -1):
        raise _missed(work, changes)


def _apply_extensions(work: Work, type_: EntityType, changes: list[Change]) -> None:
    """Write side tables: an update where the row is there, else an insert."""
    for extension in type_.extensions:
        for change in changes:
            given = {name: change.values[p] for name, p in extension.paths.items() if p in change.values}
            if given:
                _apply_extension(work, extension.table, _id(change), given, fresh=change.before is None)


def _apply_extension(work: Work, table: sa.Table, id_: UUID, given: dict[str, Any], *, fresh: bool) -> None:
    done = 0
    if not fresh:
        done = work.unguarded.execute(sa.update(table).where(table.c.id == id_).values(given)).rowcount
    if not done:
        work.unguarded.execute(sa.insert(table).values(id=id_, **given))


def _id(change: Change) -> UUID:
    found: UUID = change.before.id if change.before is not None else change.values["id"]
    return found
