"""Records that stay in a stage too long without anything being done about them.

Noticed once an episode: it begins when the record enters the stage or something
is done about it, and a notice for it is a row that can exist only once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ..identity.actor import system
from ..storage.ids import new_id
from .approvals import Emit
from .compiled import CompiledPipeline, CompiledStage
from .definition import Definitions
from .models import Stall

if TYPE_CHECKING:
    from ..records.records import Records
    from ..records.signals import Change
    from ..records.work import Work

TABLE: sa.Table = Stall.__table__  # type: ignore[assignment]
CHUNK = 500

LastActivity = Callable[["Work", str, Sequence[UUID]], Mapping[UUID, datetime]]


def no_activity(_work: Work, _entity: str, _ids: Sequence[UUID]) -> Mapping[UUID, datetime]:
    """Without a plugin that keeps activities, only a move ends an episode."""
    return {}


class Stalls:
    """Finds stalled records. ``last_activity(work, entity, ids)`` says when something
    was last done about each record, for those about which anything was."""

    def __init__(
        self, definitions: Definitions, emit: Emit, last_activity: LastActivity = no_activity
    ) -> None:
        self.definitions = definitions
        self.emit = emit
        self.last_activity = last_activity

    def notice(self, records: Records) -> int:
        """Notice every episode that has gone too long by now; gives how many are new.

        A transaction a chunk, so that no writer waits for the whole of it.
        """
        return sum(
            self._notice_stage(records, pipeline, stage)
            for pipeline in self.definitions.pipelines.values()
            for stage in pipeline.stages.values()
            if stage.stall is not None and stage.is_open
        )

    def _notice_stage(self, records: Records, pipeline: CompiledPipeline, stage: CompiledStage) -> int:
        found, last = 0, None
        while True:
            with records.writing(system("stalled records"), via="job") as work:
                rows = self._candidates(work, pipeline, stage, last)
                if not rows:
                    return found
                found += self._notice(work, pipeline, stage, {row.id: row.stage_since for row in rows})
                last = rows[-1].id

    def _candidates(
        self, work: Work, pipeline: CompiledPipeline, stage: CompiledStage, after: UUID | None
    ) -> Sequence[Any]:
        assert stage.stall is not None
        table = work.type(pipeline.entity).table
        statement = sa.select(table.c.id, table.c.stage_since).where(
            table.c.pipeline == pipeline.key,
            table.c.stage == stage.key,
            table.c.stage_since <= work.now - stage.stall.after,
            table.c.archived_at.is_(None),
        )
        if after is not None:
            statement = statement.where(table.c.id > after)
        return work.unguarded.execute(statement.order_by(table.c.id).limit(CHUNK)).all()

    def _notice(
        self, work: Work, pipeline: CompiledPipeline, stage: CompiledStage, entered: Mapping[UUID, datetime]
    ) -> int:
        assert stage.stall is not None
        done = self.last_activity(work, pipeline.entity, list(entered))
        since = {id_: max(at, done.get(id_, at)) for id_, at in entered.items()}
        _end_earlier(work, since)
        late = {id_: at for id_, at in since.items() if at + stage.stall.after <= work.now}
        new = _insert(work, pipeline, stage, late)
        for id_ in new:
            payload = {"pipeline": pipeline.key, "stage": stage.key, "since": late[id_]}
            self.emit(work, "stage.stalled", pipeline.entity, id_, payload)
        return len(new)

    def stalled(self, work: Work, entity: str, ids: Iterable[UUID]) -> set[UUID]:
        """Those of ``ids`` that stand still in their stage, as of the last look."""
        table = work.type(entity).table
        found = sa.select(TABLE.c.record_id).join(table, table.c.id == TABLE.c.record_id)
        return set(
            work.unguarded.scalars(
                found.where(
                    TABLE.c.record_id.in_(list(ids)),
                    TABLE.c.entity == entity,
                    TABLE.c.ended_at.is_(None),
                    TABLE.c.stage == table.c.stage,
                    TABLE.c.since >= table.c.stage_since,
                )
            )
        )

    def written(self, work: Work, changes: Sequence[Change]) -> None:
        """Records that are gone for good leave no notices behind."""
        gone = [c.before.id for c in changes if c.action == "remove" and c.before is not None]
        if gone:
            work.unguarded.execute(sa.delete(TABLE).where(TABLE.c.record_id.in_(gone)))


def _end_earlier(work: Work, since: Mapping[UUID, datetime]) -> None:
    """Episodes that were noticed and have ended by a move or an activity."""
    noticed = sa.select(TABLE.c.id, TABLE.c.record_id, TABLE.c.since).where(
        TABLE.c.record_id.in_(list(since)), TABLE.c.ended_at.is_(None)
    )
    ended = [row.id for row in work.unguarded.execute(noticed) if row.since < since[row.record_id]]
    if ended:
        work.unguarded.execute(sa.update(TABLE).where(TABLE.c.id.in_(ended)).values(ended_at=work.now))


def _insert(
    work: Work, pipeline: CompiledPipeline, stage: CompiledStage, late: Mapping[UUID, datetime]
) -> list[UUID]:
    """Keep a notice of each episode unless there is one; gives the records of the new ones."""
    common = {"entity": pipeline.entity, "pipeline": pipeline.key, "stage": stage.key, "noticed_at": work.now}
    rows = [{**common, "id": new_id(), "record_id": id_, "since": at} for id_, at in late.items()]
    if not rows:
        return []
    return list(work.unguarded.scalars(_unless_there(work.dialect, rows)))


def _unless_there(dialect: str, rows: Iterable[dict[str, Any]]) -> Any:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return insert(TABLE).values(list(rows)).on_conflict_do_nothing().returning(TABLE.c.record_id)
