"""The fields of a kind of record as one actor knows them.

A field outside the actor's field set is not there for them: whatever reads names or gives
hints does so from these mappings, so that a hidden field answers as one that does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..access.policy import FieldSet
from ..errors import Problem, TenonError
from ..messages import _
from .record import Record
from .registry import EntityType, Field, Registry, pointer

if TYPE_CHECKING:
    from .work import Work

ALWAYS = frozenset({"id", "version"})
"""What every record that may be seen is addressed and matched by."""


def fields(work: Work, type_: EntityType, action: str = "read") -> Mapping[str, Field]:
    """The fields that the actor may use for ``action``, by path."""
    return within(work, type_, work.fields(type_, action))


def within(work: Work, type_: EntityType, allowed: FieldSet) -> Mapping[str, Field]:
    """The fields of ``type_`` that a field set leaves, by path."""
    paths = allowed.paths
    if paths is None:
        return type_.fields

    def build() -> dict[str, Field]:
        return {p: f for p, f in type_.fields.items() if p in paths or p in ALWAYS or p == "custom"}

    found: Mapping[str, Field] = work.records.statement((type_, "visible", paths), build)
    return found


def writable(work: Work, type_: EntityType, action: str) -> Mapping[str, Field]:
    """The fields that the actor may give values for; whose record it is, by whoever may assign."""
    found = fields(work, type_, action)
    owner = type_.owner
    if action != "update" or work.elevated:
        return found
    if not work.access.allows(work.actor, "update", type_.name):
        found = {}
    if owner is None or owner in found or owner not in fields(work, type_):
        return found
    if work.access.allows(work.actor, "assign", type_.name):
        return {**found, owner: type_.fields[owner]}
    return found


def kind(work: Work, type_: EntityType, *actions: str) -> EntityType:
    """``type_`` as if the fields that none of ``actions`` may use did not exist."""
    allowed = [work.fields(type_, action) for action in actions]
    if any(one.paths is None for one in allowed):
        return type_
    paths = frozenset().union(*(one.paths for one in allowed if one.paths is not None))

    def build() -> EntityType:
        known = within(work, type_, FieldSet(paths))
        customers = {p: f for p, f in type_.custom_fields.items() if p in known}
        sides = tuple(
            replace(e, paths={name: p for name, p in e.paths.items() if p in known}) for e in type_.extensions
        )
        return replace(
            type_, fields=known, custom_fields=customers, extensions=tuple(e for e in sides if e.paths)
        )

    found: EntityType = work.records.statement((type_, "kind", paths), build)
    return found


def registry(work: Work) -> Registry:
    """The kinds of record with the fields that the actor may read or write."""
    known = {type_.name: kind(work, type_, "read", "create", "update") for type_ in work.registry}
    return work.registry.with_types(known)


def hide(work: Work, record: Record) -> Record:
    """``record`` without the values that the actor may not see."""
    seen = work.fields(record.entity, "read")
    if seen.paths is not None:
        record.values = {p: v for p, v in record.values.items() if p in seen or p in ALWAYS or p == "custom"}
        record.hide_custom(seen.paths)
    return record


def title(work: Work, record: Record) -> str:
    """What the actor may know a record by; a part of its id where that is nothing."""
    return hide(work, Record(record.entity, dict(record.values))).title


def load(
    work: Work, type_: EntityType, data: Mapping[str, Any], action: str
) -> tuple[dict[str, Any], list[Problem]]:
    """Checked values by path, and every problem: of fields to see and not to write, and of unknown ones."""
    written, seen = writable(work, type_, action), fields(work, type_)
    if written is type_.fields:
        return type_.load(data)
    known = written if seen.keys() <= written.keys() else {**seen, **written}
    values, problems = type_.load(data, known=known)
    for path in [p for p in values if p not in written]:
        del values[path]
        if path in known:
            detail = _("You may not change %(label)s", label=known[path].label)
            problems.append(Problem(pointer(path), "read-only", detail))
        else:
            detail = _("There is no field %(path)s", path=path)
            problems.append(Problem(pointer(path), "unknown-field", detail))
    return values, problems


def masked(work: Work, type_: EntityType, problems: Iterable[Problem]) -> list[Problem]:
    """``problems`` without what they say of fields that the actor may neither see nor write."""
    if work.fields(type_, "read").paths is None:
        return list(problems)
    known = fields(work, type_).keys() | writable(work, type_, "update").keys()
    known |= fields(work, type_, "create").keys()
    return [_mask(type_, problem, known) for problem in problems]


def told(work: Work, type_: EntityType, error: TenonError) -> str:
    """All that an error says, as far as the actor may know it."""
    details = [str(problem.detail) for problem in masked(work, type_, error.problems)]
    return "\n".join([str(error.message), *details])


def _mask(type_: EntityType, problem: Problem, known: Iterable[str]) -> Problem:
    path = problem.pointer.removeprefix("/").replace("/", ".")
    if problem.code == "unknown-field" or path not in type_.fields or path in known:
        return problem
    detail = _("A field that you may not see keeps this from happening: ask whoever fills it")
    return Problem("", problem.code, detail, {k: problem.extra[k] for k in ("stage",) if k in problem.extra})
