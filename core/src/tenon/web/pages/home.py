"""Home: one's pipeline by stage, what is due, what moved last, what stands still."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, render_template, url_for

from ...pipelines import CompiledPipeline
from ...pipelines.board import StageTotal
from ...records import visible
from ...records.query import Query, Where, all_of
from ...records.record import Record
from ...records.registry import EntityType
from ...records.work import Work
from .. import slots
from ..context import actor, may, reader, tenon
from ..links import cells_for
from ..navigation import shown_types
from .tasks import due_tasks

SHOWN = 8
RECENT_PER_KIND = 5


@dataclass(frozen=True)
class Bar:
    """A stage as a line of the pipeline's chart. Its length is the number of records: amounts in
    several currencies have no common length."""

    total: StageTotal
    sums: list[str]
    url: str


@dataclass(frozen=True)
class Funnel:
    """One's open records of a pipeline, by stage."""

    pipeline: CompiledPipeline
    url: str
    bars: list[Bar]
    most: int


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/", "home", home)


def home() -> str:
    with tenon().records.reading(actor(), via="web") as work:
        tasks, recent, stalled = due_tasks(work, SHOWN), _recent(work), list(_stalled(work))
        return render_template(
            "tenon/home/page.html",
            funnels=list(_funnels(work)),
            tasks=tasks,
            recent=recent,
            stalled=stalled,
            cells=cells_for(work, [*tasks, *recent, *stalled]),
            widgets=slots.rendered("home.widget", slots.context(work)),
            approvals=len(tenon().pipelines.approvals.inbox(work)),
            nothing_yet=not _anything(work),
        )


def _staged(work: Work) -> Iterator[EntityType]:
    """The kinds of record with stages that the reader may see."""
    needed = {"pipeline", "stage", "stage_status", "stage_since"}
    for type_ in work.registry:
        if type_.stages and may("read", type_.name) and needed <= visible.fields(work, type_).keys():
            yield type_


def _mine(work: Work, type_: EntityType) -> Where | None:
    """One's own, where there are owners to be seen."""
    return Where("owner_id", "eq", "$me") if "owner_id" in visible.fields(work, type_) else None


def _funnels(work: Work) -> Iterator[Funnel]:
    for type_ in _staged(work):
        mine = _mine(work, type_)
        for pipeline in tenon().pipelines.pipelines_for(type_.name):
            totals = tenon().pipelines.board_totals(work, type_.name, pipeline.key, mine)
            bars = [_bar(type_, pipeline, total) for total in totals if total.stage.is_open]
            if any(bar.total.count for bar in bars):
                url = url_for("web.board", entity=type_.collection, pipeline=pipeline.key, mine=1)
                yield Funnel(pipeline, url, bars, max(bar.total.count for bar in bars))


def _bar(type_: EntityType, pipeline: CompiledPipeline, total: StageTotal) -> Bar:
    sums = [reader().short_money(amount, code or None) for code, amount in total.amounts.items()]
    query = f"?filter[pipeline][eq]={pipeline.key}&filter[stage][eq]={total.stage.key}"
    mine = "&filter[owner_id][eq]=$me" if type_.owned else ""
    return Bar(total, sums, url_for("web.list_page", entity=type_.collection) + query + mine)


def _recent(work: Work) -> list[Record]:
    """What changed last, of every kind with a place in the menu."""
    found: list[Record] = []
    for type_ in shown_types():
        if type_.plugin != "identity" and "updated_at" in visible.fields(work, type_):
            found += work.page(type_.name, Query(sort=("-updated_at",), size=RECENT_PER_KIND)).data
    return sorted(found, key=lambda record: record["updated_at"], reverse=True)[:SHOWN]


def _stalled(work: Work) -> Iterator[Record]:
    """One's records that stand still, those that have waited longest first."""
    for type_ in _staged(work):
        conditions = all_of(Where("stage_status", "eq", "open"), _mine(work, type_))
        query = Query(filter=conditions, sort=("stage_since",), size=SHOWN * 4)
        records = work.page(type_.name, query).data
        waiting: set[UUID] = tenon().pipelines.stalls.stalled(work, type_.name, [r.id for r in records])
        yield from [record for record in records if record.id in waiting][:SHOWN]


def _anything(work: Work) -> bool:
    return any(work.page(t.name, Query(size=1)).data for t in shown_types() if t.plugin != "identity")
