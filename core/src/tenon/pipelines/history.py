"""What became of records in their pipelines: written with each change, read as a list.

Two statements a flush, however many records it has: one closes the stays that
ended, one inserts the rows that began. The law, held by tests: replaying the rows
gives the record's present stage, and its stays add up to its age.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from ..plugin.contributions import StageTracking
from ..records import visible
from ..storage.ids import new_id
from .definition import Definitions
from .models import StageHistory

if TYPE_CHECKING:
    from ..records.signals import Change
    from ..records.work import Work

TABLE: sa.Table = StageHistory.__table__  # type: ignore[assignment]
VALUES = ("amount", "close_date", "category")

_INSERT = sa.insert(TABLE)
_CLOSE = (
    sa.update(TABLE)
    .where(
        TABLE.c.record_id == sa.bindparam("of_record"),
        TABLE.c.left_at.is_(None),
        TABLE.c.kind == "stage",
    )
    .values(left_at=sa.bindparam("at", type_=TABLE.c.left_at.type), seconds=sa.bindparam("lasted"))
)

_RESTAGE = (
    sa.update(TABLE)
    .where(
        TABLE.c.record_id == sa.bindparam("of_record"),
        TABLE.c.entered_at > sa.bindparam("since", type_=TABLE.c.entered_at.type),
        TABLE.c.kind == "value",
    )
    .values({name: sa.bindparam(f"in_{name}") for name in ("pipeline", "stage", "status")})
)


@dataclass(frozen=True)
class StageEntry:
    """A stay in a stage (``kind`` ``stage``) or a change of value during one (``value``).

    ``seconds`` is what a stay lasted, ``None`` while it goes on.
    """

    id: UUID
    kind: str
    pipeline: str
    stage: str
    status: str
    from_stage: str | None
    entered_at: datetime
    left_at: datetime | None
    seconds: int | None
    actor_id: UUID | None
    reason: str | None
    overridden: bool
    amount: Decimal | None
    previous_amount: Decimal | None
    close_date: date | None
    previous_close_date: date | None
    category: str | None
    previous_category: str | None


_COLUMNS = tuple(TABLE.c[f.name] for f in fields(StageEntry))


def whole_seconds(start: datetime, end: datetime) -> int:
    """The seconds between two moments, each cut to whole ones, so that stays that
    follow one another add up to the whole without rounding away."""
    return int(end.timestamp() // 1) - int(start.timestamp() // 1)


def entries(work: Work, entity: str, id_: UUID) -> list[StageEntry]:
    """The history of a record, oldest first. Whoever may see the record may see it,
    but for values that stand in fields they may not. Who may not see stages is told nothing."""
    record = work.get(entity, id_)
    if not {"stage", "pipeline"} <= visible.fields(work, record.entity).keys():
        return []
    statement = sa.select(*_COLUMNS).where(TABLE.c.record_id == id_, TABLE.c.entity == entity)
    rows = work.unguarded.execute(statement.order_by(TABLE.c.entered_at, TABLE.c.id))
    tracked = record.entity.stages or StageTracking()
    seen = work.fields(record.entity, "read")
    hidden = [name for name in VALUES if (path := getattr(tracked, name)) is not None and path not in seen]
    blank = {f"{prefix}{name}": None for name in hidden for prefix in ("", "previous_")}
    return [StageEntry(**{**row._mapping, **blank}) for row in rows]


def seconds_by_stage(history: Iterable[StageEntry], now: datetime) -> dict[str, int]:
    """How long a record has been in each stage; the present one counts until ``now`` while it is open."""
    found: dict[str, int] = {}
    for entry in history:
        if entry.kind != "stage":
            continue
        lasted = entry.seconds
        if lasted is None:
            lasted = whole_seconds(entry.entered_at, now) if entry.status == "open" else 0
        found[entry.stage] = found.get(entry.stage, 0) + lasted
    return found


@dataclass
class _Ledger:
    """The rows that one flush entails."""

    work: Work
    definitions: Definitions
    closed: list[dict[str, Any]] = field(default_factory=list)
    added: list[dict[str, Any]] = field(default_factory=list)
    late: list[dict[str, Any]] = field(default_factory=list)
    begun: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    gone: list[UUID] = field(default_factory=list)

    def take(self, change: Change) -> None:
        if change.action == "create":
            self._create(change)
        elif change.action == "remove" and change.before is not None:
            self.gone.append(change.before.id)
        elif change.changed("stage") or change.changed("pipeline"):
            self._move(change)
        elif _values_changed(change):
            row = self._row(change, "value", self.work.now)
            row["left_at"], row["seconds"] = self.work.now, 0
            self.added.append(row)

    def _create(self, change: Change) -> None:
        stays = change.note.get("history") or [
            {"stage": change.values["stage"], "at": change.values["stage_since"]}
        ]
        previous: str | None = None
        for stay in stays:
            row = self._row(change, "stage", stay["at"], stay["stage"])
            row["from_stage"] = previous
            self._end(change.values["id"], stay["at"])
            self._begin(row)
            previous = stay["stage"]

    def _move(self, change: Change) -> None:
        before = change.before
        if before is None:
            return
        at = change.values["stage_since"]
        if not self._end(before.id, at):
            lasted = whole_seconds(before["stage_since"], at)
            self.closed.append({"of_record": before.id, "at": at, "lasted": lasted})
        row = self._row(change, "stage", at)
        row["from_stage"] = before["stage"]
        self._begin(row)
        if at < self.work.now:
            self._enter_late(change, row)

    def _enter_late(self, change: Change, row: dict[str, Any]) -> None:
        """A move dated back: values that changed since did so in the stage it leads to, and
        those that come with it are known only now."""
        stay = {name: row[name] for name in ("pipeline", "stage", "status")}
        for added in self.added:
            if added["kind"] == "value" and added["record_id"] == row["record_id"]:
                added.update(stay)
        self.late.append({"of_record": row["record_id"], "since": row["entered_at"], **_prefixed(stay)})
        if _values_changed(change):
            value = {**row, "id": new_id(), "kind": "value", "from_stage": None}
            value.update(entered_at=self.work.now, left_at=self.work.now, seconds=0)
            self.added.append(value)
            row.update({name: row[f"previous_{name}"] for name in VALUES})

    def _begin(self, row: dict[str, Any]) -> None:
        self.added.append(row)
        self.begun[row["record_id"]] = row

    def _end(self, record: UUID, at: datetime) -> bool:
        """Close a stay that began in this very flush; its row is not in the database yet."""
        row = self.begun.get(record)
        if row is None:
            return False
        row["left_at"], row["seconds"] = at, whole_seconds(row["entered_at"], at)
        return True

    def _row(self, change: Change, kind: str, at: datetime, stage: str | None = None) -> dict[str, Any]:
        tracked = change.entity.stages or StageTracking()
        key = stage or change.value("stage")
        pipeline = change.value("pipeline")
        row: dict[str, Any] = {
            "id": new_id(),
            "kind": kind,
            "entity": change.entity.name,
            "record_id": change.before.id if change.before is not None else change.values["id"],
            "pipeline": pipeline,
            "stage": key,
            "status": change.value("stage_status"),
            "from_stage": None,
            "entered_at": at,
            "left_at": None,
            "seconds": None,
            "actor_id": change.note.get("requested_by", self.work.actor.id),
            "reason": change.note.get("reason"),
            "overridden": bool(change.note.get("overridden")),
        }
        found = self.definitions.pipelines.get(pipeline)
        compiled = found.stages.get(key) if found is not None else None
        if compiled is not None:
            row["status"] = compiled.status
        for name in VALUES:
            path = getattr(tracked, name)
            row[name] = change.value(path) if path else None
            row[f"previous_{name}"] = change.before.get(path) if path and change.before is not None else None
        if tracked.category is None and compiled is not None:
            row["category"] = compiled.category
            row["previous_category"] = self._category(change)
        return row

    def _category(self, change: Change) -> str | None:
        """The forecast category that the stage a record comes from stands for."""
        if change.before is None:
            return None
        pipeline = self.definitions.pipelines.get(change.before["pipeline"])
        stage = pipeline.stages.get(change.before["stage"]) if pipeline is not None else None
        return stage.category if stage is not None else None

    def write(self) -> None:
        connection = self.work.unguarded
        if self.closed:
            connection.execute(_CLOSE, self.closed)
        if self.late:
            connection.execute(_RESTAGE, self.late)
        if self.added:
            connection.execute(_INSERT, self.added)
        if self.gone:
            connection.execute(sa.delete(TABLE).where(TABLE.c.record_id.in_(self.gone)))


def _prefixed(stay: dict[str, Any]) -> dict[str, Any]:
    return {f"in_{name}": value for name, value in stay.items()}


def _values_changed(change: Change) -> bool:
    tracked = change.entity.stages or StageTracking()
    return any(path is not None and change.changed(path) for path in (getattr(tracked, n) for n in VALUES))


def record_history(work: Work, changes: Sequence[Change], definitions: Definitions) -> None:
    """Write the rows that the changes of one flush entail."""
    ledger = _Ledger(work, definitions)
    for change in changes:
        if change.entity.stages is not None:
            ledger.take(change)
    ledger.write()
