"""Cards of a board: what is shown of each record, looked up for all of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from markupsafe import Markup

from ..pipelines import CompiledPipeline, CompiledStage
from ..records.record import Record
from ..records.registry import EntityType, Field
from ..records.work import Work
from . import slots
from .cells import Cells
from .context import reader, tenon
from .links import cells_for


@dataclass(frozen=True)
class Card:
    """A record on the board: what is shown of it and where it may go."""

    record: Record
    amount: Markup
    facts: list[Markup]
    owner: str
    age: str
    stalled: bool
    badges: list[Any]
    targets: list[CompiledStage]


@dataclass(frozen=True)
class _Looks:
    """What all cards of a page need."""

    cells: Cells
    amount: Field | None
    facts: Sequence[Field]
    stalled: set[UUID]
    badges: Sequence[Mapping[UUID, Any]]


def cards_of(
    work: Work, pipeline: CompiledPipeline, type_: EntityType, records: Sequence[Record]
) -> dict[UUID, Card]:
    """The cards of ``records``, by id; however many there are, the database is asked as often."""
    if not records:
        return {}
    seen = {f.path: f for f in type_.shown if f.path in work.fields(type_, "read")}
    tracking = type_.stages
    about = slots.context(work, entity=type_, records=records)
    looks = _Looks(
        cells_for(work, records),
        seen.get(tracking.amount) if tracking and tracking.amount else None,
        _facts(type_, seen),
        tenon().pipelines.stalls.stalled(work, type_.name, [record.id for record in records]),
        [values for _slot, values in slots.values("board.badge", about)],
    )
    return {record.id: _card(work, pipeline, record, looks) for record in records}


def _card(work: Work, pipeline: CompiledPipeline, record: Record, looks: _Looks) -> Card:
    owner, since = record.entity.fields.get("owner_id"), record.get("stage_since")
    key = pipeline.settled(record.get("stage"))
    return Card(
        record,
        looks.cells.of(record, looks.amount) if looks.amount else Markup(),
        [text for f in looks.facts if (text := looks.cells.of(record, f))],
        looks.cells.plain(record, owner) if owner else "",
        reader().duration(work.now - since) if since else "",
        record.id in looks.stalled,
        [values[record.id] for values in looks.badges if values.get(record.id)],
        list(pipeline.targets(key)) if key else [],
    )


def _facts(type_: EntityType, seen: Mapping[str, Field]) -> list[Field]:
    """What a card says beside its title and amount: the first reference and the close date."""
    columns = [path for path in type_.entity.list_columns if path in seen]
    links = [path for path in columns if seen[path].kind == "reference" and path != "owner_id"][:1]
    day = type_.stages.close_date if type_.stages else None
    return [seen[path] for path in [*links, *([day] if day else [])] if path in seen]
