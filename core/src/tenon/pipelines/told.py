"""What pipelines tell a record's timeline: its moves between stages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa

from ..messages import _
from ..records import visible
from ..records.timeline import Key, TimelineItem
from .history import TABLE

if TYPE_CHECKING:
    from ..records.work import Work


def moves(work: Work, entity: str, id_: UUID, before: Key | None, size: int) -> Iterable[TimelineItem]:
    """The moves of a record, newest first; being created is told by the audit trail."""
    type_ = work.type(entity)
    if type_.stages is None or not {"stage", "pipeline"} <= visible.fields(work, type_).keys():
        return []
    told = sa.select(TABLE).where(
        TABLE.c.record_id == id_,
        TABLE.c.entity == entity,
        TABLE.c.kind == "stage",
        TABLE.c.from_stage.is_not(None),
    )
    if before is not None:
        at, last = before
        earlier = sa.and_(TABLE.c.entered_at == at, TABLE.c.id < last)
        told = told.where(sa.or_(TABLE.c.entered_at < at, earlier))
    rows = work.unguarded.execute(told.order_by(TABLE.c.entered_at.desc(), TABLE.c.id.desc()).limit(size))
    return [_item(row) for row in rows]


def _item(row: sa.Row[tuple[object, ...]]) -> TimelineItem:
    return TimelineItem(
        at=row.entered_at,
        id=row.id,
        kind="stage",
        title=_("Stage"),
        text=row.reason,
        actor_id=row.actor_id,
        data={
            "pipeline": row.pipeline,
            "from": row.from_stage,
            "to": row.stage,
            "overridden": row.overridden,
        },
    )
