"""By what ids other systems know our records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from ..errors import DuplicateError
from ..messages import _
from ..storage.ids import new_id
from . import reach
from .models import ExternalId
from .record import Record

if TYPE_CHECKING:
    from .work import Work

TABLE: sa.Table = ExternalId.__table__  # type: ignore[assignment]


def resolve(work: Work, entity: str, system: str, external_ids: Iterable[str]) -> dict[str, UUID]:
    """Our ids of what ``system`` calls by ``external_ids``, as far as the actor may read those records."""
    found = taken(work, entity, system, external_ids)
    seen = reach.readable(work, entity, found.values()) if found else set()
    return {external_id: id_ for external_id, id_ in found.items() if id_ in seen}


def taken(work: Work, entity: str, system: str, external_ids: Iterable[str]) -> dict[str, UUID]:
    """The same for every record: what must not be given twice, whoever may read it."""
    found = sa.select(TABLE.c.external_id, TABLE.c.record_id).where(
        TABLE.c.entity == entity, TABLE.c.system == system, TABLE.c.external_id.in_(set(external_ids))
    )
    return dict(work.unguarded.execute(found).all())


def of_record(work: Work, entity: str, id_: UUID) -> dict[str, str]:
    """System to external id, for one record; ``NotFoundError`` where the actor may not read it."""
    work.get(entity, id_)
    found = sa.select(TABLE.c.system, TABLE.c.external_id).where(
        TABLE.c.entity == entity, TABLE.c.record_id == id_
    )
    return dict(work.unguarded.execute(found).all())


def link(work: Work, entity: str, pairs: Mapping[str, UUID], system: str) -> None:
    """Remember that ``system`` calls those records by those ids; ``pairs`` maps external id to ours."""
    known = taken(work, entity, system, pairs)
    for external_id, id_ in pairs.items():
        if known.get(external_id, id_) != id_:
            raise _taken(system, external_id)
    rows = [
        {"id": new_id(), "entity": entity, "record_id": id_, "system": system, "external_id": external_id}
        for external_id, id_ in pairs.items()
        if external_id not in known
    ]
    if rows:
        work.unguarded.execute(sa.insert(TABLE), rows)


def _taken(system: str, external_id: str) -> DuplicateError:
    return DuplicateError(
        _("%(system)s already has another record for %(id)s", system=system, id=external_id),
        hint=_("Use another id, or ask somebody who sees that record to change it."),
    )


def forget(work: Work, entity: str, ids: Iterable[UUID]) -> None:
    """Drop what every system calls those records: they are gone."""
    work.unguarded.execute(sa.delete(TABLE).where(TABLE.c.entity == entity, TABLE.c.record_id.in_(list(ids))))


def upsert(
    work: Work,
    entity: str,
    system: str,
    external_id: str,
    values: Mapping[str, Any],
    *,
    expect: int | None = None,
) -> tuple[Record, bool]:
    """Change the record that ``system`` calls ``external_id``, or create it; whether it was created."""
    known = resolve(work, entity, system, [external_id]).get(external_id)
    if known is None and taken(work, entity, system, [external_id]):
        raise _taken(system, external_id)
    if known is not None:
        return work.update(entity, known, values, expect=expect), False
    record = work.create(entity, values)
    link(work, entity, {external_id: record.id}, system)
    return record, True
