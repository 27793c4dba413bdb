"""Which records a reference can point at: the options of a list, and a search among more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from ..records import visible
from ..records.query import Query, Where
from ..records.registry import EntityType, Field
from ..records.work import Work
from .context import tenon
from .controls import Option, choices

MOST_OPTIONS = 25


def options_for(work: Work, found: Field, chosen: Any, search: str = "") -> tuple[Option, ...]:
    """The options of a field's control; for a reference those that ``search`` finds, the chosen one first."""
    if found.kind != "reference" or found.spec.to is None or found.spec.to not in work.registry:
        return stage_options(work, found) or choices(found.spec)
    if not work.access.allows(work.actor, "read", found.spec.to):
        return ()
    records = candidates(work, found.spec.to, search)
    options = {str(record.id): Option(str(record.id), record.title) for record in records}
    chosen_id = _uuid(chosen)
    if chosen_id is not None and str(chosen_id) not in options:
        titles = work.titles(found.spec.to, [chosen_id])
        first = {str(id_): Option(str(id_), title) for id_, title in titles.items()}
        options = {**first, **options}
    return tuple(options.values())


def candidates(work: Work, entity: str, search: str, size: int = MOST_OPTIONS) -> list[Any]:
    """The records that a person may mean by ``search``; the first ones by name without it."""
    type_ = work.type(entity)
    seen = visible.fields(work, type_)
    text = search.strip() or None
    query = Query(search=text, size=size, sort=_by_title(type_, seen), filter=_only_active(type_, seen))
    return work.page(entity, query).data


def _by_title(type_: EntityType, seen: Mapping[str, Field]) -> tuple[str, ...]:
    return tuple(path for path in type_.title if path in seen and seen[path].spec.sortable)


def _only_active(type_: EntityType, seen: Mapping[str, Field]) -> Where | None:
    return Where("active", "eq", True) if type_.name == "user" and "active" in seen else None


def stage_options(work: Work, found: Field) -> tuple[Option, ...]:
    """The stages or pipelines of every entity that has such a field: what a filter offers."""
    if found.path not in ("stage", "pipeline", "stage_status"):
        return ()
    from .links import STATUS_LABELS

    if found.path == "stage_status":
        return tuple(Option(key, label) for key, label in STATUS_LABELS.items())
    pipelines = [
        p
        for t in work.registry
        if t.stages and found in t.fields.values()
        for p in tenon().pipelines.pipelines_for(t.name)
    ]
    if found.path == "pipeline":
        return tuple(Option(p.key, p.label) for p in pipelines)
    return tuple({s.key: Option(s.key, s.label) for p in pipelines for s in p.stages.values()}.values())


def options_of_all(
    work: Work, fields: Iterable[Field], values: dict[str, Any], searches: dict[str, str]
) -> dict[str, tuple[Option, ...]]:
    """Options for every field of a form that has any."""
    return {
        f.path: options_for(work, f, values.get(f.path), searches.get(f.path, ""))
        for f in fields
        if f.kind == "reference" or f.spec.choices
    }


def _uuid(text: Any) -> UUID | None:
    try:
        return text if isinstance(text, UUID) else UUID(str(text))
    except ValueError:
        return None
