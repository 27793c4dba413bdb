"""From what was given to a change that may be written: checked, and refused by whoever may refuse it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ..errors import ForbiddenError, GuardError, InvalidError, Problem, StaleError, TenonError
from ..messages import _
from ..storage.ids import new_id
from . import reach, read, visible
from .record import Record
from .registry import EntityType, pointer
from .signals import Action, Change

if TYPE_CHECKING:
    from .work import Work

FACTS = frozenset({"id", "created_at", "updated_at", "created_by", "stage_since"})

Note = Mapping[str, Any] | None
Item = tuple[UUID, Mapping[str, Any], int | None]
"""A record's id, the values to give it, the version it is expected to have."""


def creations(
    work: Work,
    entity: str,
    items: Sequence[Mapping[str, Any]],
    notes: Sequence[Note] | None = None,
    facts: Sequence[Note] | None = None,
) -> list[Change | TenonError]:
    """A change for each new record, or what is wrong with it."""
    _must_write(work)
    type_ = work.type(entity)
    try:
        read.require(work, "create", entity)
    except ForbiddenError as error:
        return [error for _values in items]
    found = [
        _creation(work, type_, values, notes[i] if notes else None, facts[i] if facts else None)
        for i, values in enumerate(items)
    ]
    reach.check_references(work, found)
    return [_tried(work, change) for change in found]


def _creation(work: Work, type_: EntityType, data: Mapping[str, Any], note: Note, facts: Note) -> Change:
    values, problems = visible.load(work, type_, data, "create")
    if facts:
        known, wrong = type_.load(facts, readonly=FACTS)
        values.update(known)
        problems += wrong
    change = Change(type_, "create", None, values, dict(note or {}), problems)
    _defaults(work, type_, values)
    return change


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
    if type_.owner is not None and values.get(type_.owner) is None:
        values[type_.owner] = work.records.assign_owner(type_.name, values, work.actor)


def updates(
    work: Work,
    entity: str,
    items: Sequence[Item],
    notes: Sequence[Note] | None = None,
    facts: Note = None,
    *,
    action: str = "update",
) -> list[Change | TenonError]:
    """A change for each record, or what is wrong with it.

    ``action`` is what the actor has to be allowed to do to it; to give it another owner it is
    ``assign``, and that alone where nothing else changes.
    """
    _must_write(work)
    type_ = work.type(entity)
    assigning = _require(work, type_, items, action)
    before = _locked(work, type_, [id_ for id_, _values, _expect in items], action, assigning)
    found: list[Change | TenonError] = []
    for i, (id_, data, expect) in enumerate(items):
        record = before[id_]
        found.append(
            record
            if isinstance(record, TenonError)
            else _update(work, type_, record, data, expect, notes[i] if notes else None, facts, action)
        )
    changes = [change for change in found if isinstance(change, Change)]
    wrong = reach.refused(work, changes) if assigning else {}  # else they were locked within reach
    reach.check_references(work, changes)
    told = {id(changes[place]): error for place, error in wrong.items()}
    return [one if isinstance(one, TenonError) else told.get(id(one)) or _tried(work, one) for one in found]


def _require(work: Work, type_: EntityType, items: Sequence[Item], action: str) -> bool:
    """Whether any of the items names an owner, once the actor may do to this kind what they all ask for."""
    given = [type_.flatten(values).keys() for _id, values, _expect in items]
    assigning = type_.owner is not None and any(type_.owner in paths for paths in given)
    alone = assigning and all(paths == {type_.owner} for paths in given)
    may_assign = work.access.allows(work.actor, "assign", type_.name)
    read.require(work, "assign" if alone and may_assign else action, type_.name)
    return assigning


def _locked(
    work: Work, type_: EntityType, ids: Sequence[UUID], action: str, assigning: bool
) -> dict[UUID, Record | TenonError]:
    """The records as they stand, or why there is none to write."""
    found = reach.lock(work, type_, ids, "read", *(() if assigning else (action,)))
    missing = [id_ for id_ in ids if id_ not in found]
    readable = reach.within(work, type_, missing, "read") if missing and not assigning else set()
    for id_ in missing:
        if id_ in readable:
            work.access.watch.denied(work.actor, action, type_.name, record_id=id_)
        else:
            work.access.watch.unseen(work.actor, action, type_.name, id_, work.via)
    return {**{id_: reach.refusal(type_, id_, readable) for id_ in missing}, **found}


def _update(
    work: Work,
    type_: EntityType,
    record: Record,
    data: Mapping[str, Any],
    expect: int | None,
    note: Note,
    facts: Note,
    action: str,
) -> Change | TenonError:
    stale = _stale(work, record, expect)
    if stale is not None:
        return stale
    values, problems = visible.load(work, type_, data, "update")
    if facts:
        known, wrong = type_.load(facts, readonly=facts)
        values.update(known)
        problems += wrong
    changed = {path: value for path, value in values.items() if record.get(path) != value}
    _fill_currency(work, type_, record, changed)
    needs = frozenset("assign" if path == type_.owner else action for path in changed)
    if "assign" in needs:
        try:
            read.require(work, "assign", type_.name)
        except ForbiddenError as error:
            return error
    return Change(type_, "update", record, changed, dict(note or {}), problems, needs=needs)


def _fill_currency(work: Work, type_: EntityType, before: Record, changed: dict[str, Any]) -> None:
    for path in list(changed):
        f = type_.fields[path]
        sibling = f.spec.currency if f.kind == "money" and "." not in path else None
        if sibling is None or changed[path] is None:
            continue
        if before.get(sibling) is None and changed.get(sibling) is None:
            changed[sibling] = work.records.currency


def archivals(
    work: Work, entity: str, items: Sequence[tuple[UUID, int | None]], archived: bool
) -> list[Change | TenonError]:
    """A change for each record to be archived or restored, or what is wrong with it."""
    _must_write(work)
    type_ = work.type(entity)
    read.require(work, "archive", entity)
    before = _locked(work, type_, [id_ for id_, _expect in items], "archive", False)
    return [_archival(work, before[id_], archived, expect) for id_, expect in items]


def _archival(
    work: Work, record: Record | TenonError, archived: bool, expect: int | None
) -> Change | TenonError:
    if isinstance(record, TenonError):
        return record
    stale = _stale(work, record, expect)
    if stale is not None:
        return stale
    action: Action = "archive" if archived else "restore"
    values = {} if record.archived == archived else {"archived_at": work.now if archived else None}
    return _tried(work, Change(record.entity, action, record, values, needs=frozenset({"archive"})))


def removals(work: Work, entity: str, items: Sequence[tuple[UUID, int]]) -> list[Change | TenonError]:
    """A change for each record to be deleted for good while it is at that version."""
    _must_write(work)
    type_ = work.type(entity)
    read.require(work, "archive", entity)
    before = _locked(work, type_, [id_ for id_, _version in items], "archive", False)
    found: list[Change | TenonError] = []
    for id_, version in items:
        record = before[id_]
        stale = record if isinstance(record, TenonError) else _stale(work, record, version)
        needs = frozenset({"archive"})
        found.append(stale or Change(type_, "remove", record, {"version": version}, needs=needs))  # type: ignore[arg-type]
    return found


def _stale(work: Work, record: Record, expect: int | None) -> StaleError | None:
    if expect is None or record.version == expect:
        return None
    return StaleError(
        _("%(title)s was changed by somebody else", title=visible.title(work, record)),
        hint=_("Load it again (it is at version %(now)s, you had %(had)s) and repeat your change.",
               now=record.version, had=expect),
        version=record.version,
    )  # fmt: skip


# Whoever may refuse


def _tried(work: Work, change: Change) -> Change | TenonError:
    if change.before is not None and not change.values and not change.problems:
        return change
    try:
        return _checked(work, change)
    except TenonError as error:
        return error


def _checked(work: Work, change: Change) -> Change:
    """Ask everybody who may refuse; raise with all their reasons at once."""
    if change.problems:
        change.problems += _missing(change)
        raise InvalidError(problems=visible.masked(work, change.entity, change.problems))
    if change.entity.entity.validate is not None:
        change.entity.entity.validate(work, change)
    for handler in work.records.signals.about_to_write:
        handler(work, change)
    change.problems += _missing(change)
    if change.problems:
        refused = GuardError if change.guarded else InvalidError
        raise refused(problems=visible.masked(work, change.entity, change.problems))
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


def _must_write(work: Work) -> None:
    if not work.writable:
        raise ForbiddenError(_("This work only reads"), hint=_("Open it with records.writing(actor)."))
