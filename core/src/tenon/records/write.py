"""The one write path: validate, ask access, ask guards, write, remember.

Every face ends here, one record at a time or many. A change goes through the
same steps in the same order whoever makes it, so that no rule, permission,
audit row or event can be passed by.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import exc

from ..errors import ForbiddenError, GuardError, InvalidError, NotFoundError, Problem, StaleError, TenonError
from ..messages import _
from ..storage.ids import new_id
from . import audit, constraints, read
from .record import Record
from .registry import EntityType, pointer
from .signals import Action, Change

if TYPE_CHECKING:
    from .work import Work

FACTS = frozenset({"id", "created_at", "updated_at", "created_by", "stage_since"})

Note = Mapping[str, Any] | None


def create(
    work: Work, entity: str, values: Mapping[str, Any], *, note: Note = None, facts: Note = None
) -> Record:
    return _one(work, [_prepare_create(work, entity, values, note, facts)])


def update(
    work: Work,
    entity: str,
    id_: UUID,
    values: Mapping[str, Any],
    *,
    expect: int | None = None,
    note: Note = None,
    facts: Note = None,
) -> Record:
    before = _lock(work, entity, [id_], "update").get(id_)
    return _one(work, [_prepare_update(work, before, entity, id_, values, expect, note, facts)])


def set_archived(work: Work, entity: str, id_: UUID, archived: bool, *, expect: int | None = None) -> Record:
    before = _lock(work, entity, [id_], "archive").get(id_)
    return _one(work, [_prepare_archive(work, before, entity, id_, archived, expect)])


def bulk_create(
    work: Work,
    entity: str,
    items: Sequence[Mapping[str, Any]],
    *,
    notes: Sequence[Note] | None = None,
    facts: Sequence[Note] | None = None,
) -> list[Record | TenonError]:
    found = [
        _tried(
            lambda i=i, values=values: _prepare_create(  # type: ignore[misc]
                work, entity, values, notes[i] if notes else None, facts[i] if facts else None
            )
        )
        for i, values in enumerate(items)
    ]
    return _many(work, found)


def bulk_update(
    work: Work,
    entity: str,
    items: Sequence[tuple[UUID, Mapping[str, Any], int | None]],
    *,
    notes: Sequence[Note] | None = None,
) -> list[Record | TenonError]:
    if len(items) > 1 and _refers_to_its_own(work.type(entity), items):
        # each must see the ones before it: of two records that take each other as parent, one may
        return [
            result
            for i, item in enumerate(items)
            for result in bulk_update(work, entity, [item], notes=[notes[i]] if notes else None)
        ]
    locked = _lock(work, entity, [id_ for id_, _values, _expect in items], "update")
    found = [
        _tried(
            lambda i=i, id_=id_, values=values, expect=expect: _prepare_update(  # type: ignore[misc]
                work, locked.get(id_), entity, id_, values, expect, notes[i] if notes else None
            )
        )
        for i, (id_, values, expect) in enumerate(items)
    ]
    return _many(work, found)


def _refers_to_its_own(type_: EntityType, items: Sequence[tuple[UUID, Mapping[str, Any], Any]]) -> bool:
    """Whether an item sets a link between records of this one kind, such as a parent."""
    links = {f.path for f in type_.references if f.spec.to == type_.name}
    return bool(links) and any(not links.isdisjoint(type_.flatten(values)) for _id, values, _expect in items)


def bulk_archive(work: Work, entity: str, ids: Sequence[UUID], archived: bool) -> list[Record | TenonError]:
    locked = _lock(work, entity, ids, "archive")
    found = [
        _tried(lambda id_=id_: _prepare_archive(work, locked.get(id_), entity, id_, archived, None))  # type: ignore[misc]
        for id_ in ids
    ]
    return _many(work, found)


def bulk_remove(work: Work, entity: str, items: Sequence[tuple[UUID, int]]) -> list[Record | TenonError]:
    """Delete records for good, each only while it is at that version: to undo their creation."""
    locked = _lock(work, entity, [id_ for id_, _version in items], "archive")
    type_ = work.type(entity)
    found = [
        _tried(
            lambda id_=id_, version=version: Change(  # type: ignore[misc]
                type_, "remove", _present(work, type_, locked.get(id_), id_, version), {"version": version}
            )
        )
        for id_, version in items
    ]
    return _many(work, found)


def flush(work: Work) -> None:
    """Write audit rows and tell the subscribers, for all changes since the last flush."""
    # What subscribers write in turn is told as well.
    while work.pending:
        changes, work.pending = work.pending, []
        audit.record(work, changes)
        for handler in work.records.signals.written:
            handler(work, changes)


# Preparing a change


def _prepare_create(work: Work, entity: str, data: Mapping[str, Any], note: Note, facts: Note) -> Change:
    _must_write(work)
    type_ = work.type(entity)
    work.access.require(work.actor, "create", entity)
    values, problems = type_.load(data)
    problems += _hidden(work, type_, values, "create")
    if facts:
        known, wrong = type_.load(facts, readonly=FACTS)
        values.update(known)
        problems += wrong
    _defaults(work, type_, values)
    change = Change(type_, "create", None, values, dict(note or {}), problems)
    return _checked(work, change)


def _defaults(work: Work, type_: EntityType, values: dict[str, Any]) -> None:
    for f in type_.defaulted:
        if values.get(f.path) is None:
            default = f.spec.default
            values[f.path] = default() if callable(default) else default
    for amount, currency in type_.currencies:
        if values.get(amount) is not None and values.get(currency) is None:
            values[currency] = work.records.currency
    if "id" not in values:
        values["id"] = new_id()
    values["version"] = 1
    values.setdefault("created_at", work.now)
    values.setdefault("updated_at", work.now)
    values.setdefault("created_by", work.actor.id)
    values.setdefault("archived_at", None)
    if type_.owned and values.get("owner_id") is None:
        values["owner_id"] = work.records.assign_owner(type_.name, values, work.actor)


def _prepare_update(
    work: Work,
    before: Record | None,
    entity: str,
    id_: UUID,
    data: Mapping[str, Any],
    expect: int | None,
    note: Note,
    facts: Note = None,
) -> Change:
    _must_write(work)
    type_ = work.type(entity)
    record = _present(work, type_, before, id_, expect)
    values, problems = type_.load(data)
    problems += _hidden(work, type_, values, "update")
    if facts:
        known, wrong = type_.load(facts, readonly=facts)
        values.update(known)
        problems += wrong
    changed = {path: value for path, value in values.items() if record.get(path) != value}
    _fill_currency(work, type_, record, changed)
    change = Change(type_, "update", record, changed, dict(note or {}), problems)
    return _checked(work, change) if changed or problems else change


def _fill_currency(work: Work, type_: EntityType, before: Record, changed: dict[str, Any]) -> None:
    for path in list(changed):
        f = type_.fields[path]
        sibling = f.spec.currency if f.kind == "money" and "." not in path else None
        if sibling is None or changed[path] is None:
            continue
        if before.get(sibling) is None and changed.get(sibling) is None:
            changed[sibling] = work.records.currency


def _prepare_archive(
    work: Work, before: Record | None, entity: str, id_: UUID, archived: bool, expect: int | None
) -> Change:
    _must_write(work)
    type_ = work.type(entity)
    record = _present(work, type_, before, id_, expect)
    action: Action = "archive" if archived else "restore"
    if record.archived == archived:
        return Change(type_, action, record, {})
    return _checked(work, Change(type_, action, record, {"archived_at": work.now if archived else None}))


def _present(work: Work, type_: EntityType, record: Record | None, id_: UUID, expect: int | None) -> Record:
    if record is None:
        raise NotFoundError(_("There is no %(entity)s %(id)s", entity=type_.label, id=id_))
    if expect is not None and record.version != expect:
        raise StaleError(
            _("%(title)s was changed by somebody else", title=record.title),
            hint=_("Load it again (it is at version %(now)s, you had %(had)s) and repeat your change.",
                   now=record.version, had=expect),
            version=record.version,
        )  # fmt: skip
    return record


def _checked(work: Work, change: Change) -> Change:
    """Ask everybody who may refuse; raise with all their reasons at once."""
    if change.problems:
        change.problems += _missing(change)
        raise InvalidError(problems=change.problems)
    if change.entity.entity.validate is not None:
        change.entity.entity.validate(work, change)
    for handler in work.records.signals.about_to_write:
        handler(work, change)
    change.problems += _missing(change)
    if change.problems:
        raise (GuardError if change.guarded else InvalidError)(problems=change.problems)
    return change


def _missing(change: Change) -> list[Problem]:
    """Required fields that would be empty after the write."""
    named = {p.pointer for p in change.problems}
    found = []
    for f in change.entity.fields.values():
        if not f.spec.required or pointer(f.path) in named or f.path == "custom":
            continue
        if (change.action == "create" or f.path in change.values) and change.values.get(f.path) in (None, ""):
            found.append(Problem(pointer(f.path), "required", _("%(label)s is needed", label=f.label)))
    return found


def _hidden(work: Work, type_: EntityType, values: Mapping[str, Any], action: str) -> list[Problem]:
    """A field that the actor may not write answers as one that does not exist."""
    allowed = work.fields(type_, action)
    if allowed.paths is None:
        return []
    return [
        Problem(pointer(path), "unknown-field", _("There is no field %(path)s", path=path))
        for path in values
        if path not in allowed
    ]


def _must_write(work: Work) -> None:
    if not work.writable:
        raise ForbiddenError(_("This work only reads"), hint=_("Open it with records.writing(actor)."))


def _lock(work: Work, entity: str, ids: Sequence[UUID], action: str) -> dict[UUID, Record]:
    """Those records as they stand, locked until the transaction ends."""
    type_ = work.type(entity)
    work.access.require(work.actor, action, entity)
    if len(ids) == 1:
        rows = work.unguarded.execute(read.by_id(work, type_, "read", action, lock=True), {"id_": ids[0]})
    else:
        rows = work.unguarded.execute(_lock_many(work, type_, ids, action))
    found = (Record(type_, dict(zip(type_.columns, row, strict=True))) for row in rows)
    return {record.id: record for record in found}


def _lock_many(work: Work, type_: EntityType, ids: Sequence[UUID], action: str) -> sa.Select[Any]:
    scopes = [work.scope(type_, needed) for needed in ("read", action)]
    allowed = [scope for scope in scopes if scope is not None]
    statement = read.select(type_, type_.columns).where(type_.table.c.id.in_(set(ids)), *allowed)
    return statement.with_for_update(key_share=True, of=type_.table)


# Writing


def _one(work: Work, changes: list[Change]) -> Record:
    change = changes[0]
    if change.before is not None and not change.values:
        return read.hide(work, change.before)
    try:
        within = _apply(work, change.entity, change.action, changes)
    except exc.IntegrityError as error:
        raise constraints.explain(work, change, error) from error
    if not within:
        _within_scope(work, changes)
    work.pending += changes
    return _done(work, change)


def _many(work: Work, found: list[Change | TenonError]) -> list[Record | TenonError]:
    """Apply what was prepared, group by group; fall back to one by one where the database refuses."""
    results: dict[int, Record | TenonError] = {}
    groups: dict[tuple[str, tuple[str, ...]], list[tuple[int, Change]]] = defaultdict(list)
    for index, change in enumerate(found):
        if isinstance(change, TenonError):
            results[index] = change
        elif change.before is not None and not change.values:
            results[index] = read.hide(work, change.before)
        else:
            groups[change.action, tuple(sorted(change.values))].append((index, change))
    for group in groups.values():
        results.update(_group(work, group))
    return [results[index] for index in range(len(found))]


def _group(work: Work, group: list[tuple[int, Change]]) -> dict[int, Record | TenonError]:
    changes = [change for _i, change in group]
    try:
        with work.unguarded.begin_nested():
            if not _apply(work, changes[0].entity, changes[0].action, changes):
                _within_scope(work, changes)
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
    return read.hide(work, Record(change.entity, dict(change.after.values)))


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
    statement = work.records.statement((type_, "update", *columns), lambda: _update_statement(type_, columns))
    rows = [
        {"id_": c.before.id, "version_": c.before.version, **{f"new_{p}": c.values[p] for p in columns}}
        for c in changes
        if c.before is not None
    ]
    done = work.unguarded.execute(statement, rows if len(rows) > 1 else rows[0]).rowcount
    if done not in (len(rows), -1):
        raise StaleError(
            _("Somebody changed this record in the same moment"),
            hint=_("Load it again and repeat your change."),
        )


def _delete(work: Work, type_: EntityType, changes: list[Change]) -> None:
    ids = [change.before.id for change in changes if change.before is not None]
    for handler in work.records.signals.about_to_remove:
        handler(work, changes)
    for extension in type_.extensions:
        work.unguarded.execute(sa.delete(extension.table).where(extension.table.c.id.in_(ids)))
    work.unguarded.execute(sa.delete(type_.table).where(type_.table.c.id.in_(ids)))


def _update_statement(type_: EntityType, columns: Sequence[str]) -> sa.Update:
    table = type_.table
    return (
        sa.update(table)
        .where(table.c.id == sa.bindparam("id_"), table.c.version == sa.bindparam("version_"))
        .values({p: sa.bindparam(f"new_{p}", type_=table.c[p].type) for p in columns})
    )


def _apply_extensions(work: Work, type_: EntityType, changes: list[Change]) -> None:
    """Write side tables: an update where the row is there, else an insert."""
    for extension in type_.extensions:
        for change in changes:
            given = {name: change.values[p] for name, p in extension.paths.items() if p in change.values}
            if not given:
                continue
            id_ = change.before.id if change.before is not None else change.values["id"]
            table = extension.table
            done = 0
            if change.before is not None:
                done = work.unguarded.execute(
                    sa.update(table).where(table.c.id == id_).values(given)
                ).rowcount
            if not done:
                work.unguarded.execute(sa.insert(table).values(id=id_, **given))


def _within_scope(work: Work, changes: list[Change]) -> None:
    """After the write each record must still be one that the actor may write so."""
    for change in changes:
        action = "create" if change.action == "create" else "update"
        allowed = work.scope(change.entity, action)
        if allowed is None or change.action in ("archive", "restore", "remove"):
            continue
        if change.before is not None and _untouched(work, change, allowed):
            continue
        id_ = change.before.id if change.before is not None else change.values["id"]
        table = change.entity.table
        if work.unguarded.execute(sa.select(table.c.id).where(table.c.id == id_, allowed)).first() is None:
            raise ForbiddenError(
                _("This would put the record out of your reach"),
                hint=_("Ask somebody whose records these are, or an administrator."),
            )


def _untouched(work: Work, change: Change, allowed: sa.ColumnElement[bool]) -> bool:
    """Whether the predicate that held when the record was locked asks for nothing that changed."""
    asked = work.records.statement((allowed, "asks"), lambda: _columns_of(allowed))
    return asked is not None and asked.isdisjoint(change.values)


def _columns_of(predicate: sa.ColumnElement[bool]) -> frozenset[str] | None:
    """The columns a predicate asks for; ``None`` where it looks at other rows too."""
    parts = list(sa.sql.visitors.iterate(predicate))
    if any(isinstance(part, sa.SelectBase | sa.TextClause) for part in parts):
        return None
    return frozenset(part.key for part in parts if isinstance(part, sa.ColumnClause))


def _tried(prepare: Callable[[], Change]) -> Change | TenonError:
    try:
        return prepare()
    except TenonError as error:
        return error
