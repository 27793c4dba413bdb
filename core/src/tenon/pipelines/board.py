"""Sums by stage, as a board shows them above its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ..records.query import Filter, Query, Where, all_of
from .compiled import CompiledPipeline, CompiledStage

if TYPE_CHECKING:
    from ..records.work import Work


@dataclass(frozen=True)
class StageTotal:
    """What stands in a stage. ``amounts`` and ``weighted`` (by the stage's probability)
    are sums by currency; both are empty where the actor may not see amounts."""

    stage: CompiledStage
    count: int = 0
    amounts: Mapping[str, Decimal] = field(default_factory=dict)
    weighted: Mapping[str, Decimal] = field(default_factory=dict)


def board_totals(
    work: Work, pipeline: CompiledPipeline, where: Filter | None = None, search: str | None = None
) -> list[StageTotal]:
    """The totals of every stage, in their order, over the records the actor may see. One statement."""
    type_ = work.type(pipeline.entity)
    path = type_.stages.amount if type_.stages is not None else None
    seen = path is not None and path in work.fields(type_, "read")
    query = Query(filter=all_of(Where("pipeline", "eq", pipeline.key), where), search=search)
    rows = work.sums(pipeline.entity, query, by=("stage",), of=(path,) if path and seen else ())
    money = (path, type_.fields[path].spec.currency or "") if path and seen else None
    by_stage = {key: [row for row in rows if row["stage"] == key] for key in pipeline.stages}
    return [_total(stage, by_stage[key], money) for key, stage in pipeline.stages.items()]


def _total(
    stage: CompiledStage, rows: Sequence[Mapping[str, Any]], money: tuple[str, str] | None
) -> StageTotal:
    count = sum(row["count"] for row in rows)
    if money is None:
        return StageTotal(stage, count)
    path, currency = money
    amounts = {row.get(currency) or "": row[path] for row in rows if row[path] is not None}
    weighted = {code: amount * stage.probability / 100 for code, amount in amounts.items()}
    return StageTotal(stage, count, amounts, weighted)
