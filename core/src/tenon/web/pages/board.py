"""The board of a pipeline: its stages as columns, its records as cards that move between them.

A card moves by dragging, by keys, or by the small form on it; all three send the
same request and are refused with the same reasons.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ...messages import Message
from ...pipelines import CompiledPipeline, CompiledStage
from ...pipelines.board import StageTotal
from ...records import visible
from ...records.query import Filter, Query, Where, all_of
from ...records.read import Page
from ...records.registry import EntityType
from ...records.work import Work
from ..cards import Card, cards_of
from ..context import actor, by_htmx, may, reader, tenon
from ..notices import flash
from .moves import REFUSALS, attempt, render_panel, told

PAGE = 25


@dataclass(frozen=True)
class BoardState:
    """What a board shows, as it stands in its address."""

    type: EntityType
    pipeline: CompiledPipeline
    mine: bool
    search: str

    def url(self, endpoint: str = "web.board", record_id: UUID | None = None, **more: str) -> str:
        pairs = {"mine": "1" if self.mine else "", "q": self.search, **more}
        query = urlencode({name: value for name, value in pairs.items() if value})
        parts: dict[str, Any] = {"record_id": record_id} if record_id else {}
        address = url_for(endpoint, entity=self.type.collection, pipeline=self.pipeline.key, **parts)
        return f"{address}?{query}" if query else address

    def move_url(self, record_id: UUID) -> str:
        return self.url("web.board_move", record_id)

    @property
    def filter(self) -> Filter | None:
        return Where("owner_id", "eq", "$me") if self.mine else None


@dataclass(frozen=True)
class Column:
    """A stage with its first cards, or the next ones."""

    total: StageTotal
    sums: list[str]
    cards: list[Card]
    more: str | None


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/<entity:entity>/board/<pipeline>", "board", board)
    pages.add_url_rule("/<entity:entity>/board/<pipeline>/cards", "board_cards", board_cards)
    pages.add_url_rule(
        "/<entity:entity>/board/<pipeline>/move/<uuid:record_id>", "board_move", board_move, methods=["POST"]
    )


def board(entity: EntityType, pipeline: str) -> str:
    state = _state(entity, pipeline)
    with tenon().records.reading(actor(), via="web") as work:
        return render_template(
            "tenon/board/page.html",
            state=state,
            entity=entity,
            pipelines=tenon().pipelines.pipelines_for(entity.name),
            columns=_columns(work, state),
            may_move=may("transition", entity.name),
            may_create=may("create", entity.name),
        )


def _state(entity: EntityType, pipeline: str) -> BoardState:
    found = tenon().pipelines.pipeline(entity.name, pipeline)
    return BoardState(entity, found, request.args.get("mine") == "1", request.args.get("q", "").strip())


def _columns(work: Work, state: BoardState, only: Sequence[str] | None = None) -> list[Column]:
    """The columns in the order of their stages; every one, or those of some stages."""
    totals = [total for total in _totals(work, state) if only is None or total.stage.key in only]
    pages = [_page(work, state, total) for total in totals]
    cards = cards_of(work, state.pipeline, state.type, [record for page in pages for record in page.data])
    return [_column(state, total, page, cards) for total, page in zip(totals, pages, strict=True)]


def _page(work: Work, state: BoardState, total: StageTotal, after: str | None = None) -> Page:
    where = all_of(
        Where("pipeline", "eq", state.pipeline.key), Where("stage", "eq", total.stage.key), state.filter
    )
    query = Query(
        filter=where,
        sort=_order(state.type, total.stage, visible.fields(work, state.type)),
        size=PAGE,
        after=after,
        search=state.search or None,
    )
    return work.page(state.type.name, query)


def _column(state: BoardState, total: StageTotal, page: Page, cards: Mapping[UUID, Card]) -> Column:
    more = state.url("web.board_cards", stage=total.stage.key, after=page.next) if page.next else None
    sums = [reader().short_money(amount, code or None) for code, amount in total.amounts.items()]
    return Column(total, sums, [cards[record.id] for record in page.data], more)


def _order(type_: EntityType, stage: CompiledStage, seen: Container[str]) -> tuple[str, ...]:
    """Open records by the day they are due, closed ones with the latest first."""
    day = type_.stages.close_date if type_.stages else None
    path = next((p for p in (day, "stage_since") if p is not None and p in seen), None)
    if path is None:
        return ()
    return (path,) if stage.is_open else (f"-{path}",)


def board_cards(entity: EntityType, pipeline: str) -> str:
    """The next cards of one column; a page of its own without htmx."""
    state = _state(entity, pipeline)
    stage = tenon().pipelines.stage(entity.name, state.pipeline.key, request.args.get("stage", ""))
    with tenon().records.reading(actor(), via="web") as work:
        total = next(t for t in _totals(work, state) if t.stage.key == stage.key)
        page = _page(work, state, total, request.args.get("after"))
        column = _column(state, total, page, cards_of(work, state.pipeline, entity, page.data))
        template = "tenon/board/cards.html" if by_htmx() else "tenon/board/more.html"
        return render_template(
            template, state=state, entity=entity, column=column, may_move=may("transition", entity.name)
        )


def _totals(work: Work, state: BoardState) -> list[StageTotal]:
    return tenon().pipelines.board_totals(
        work, state.type.name, state.pipeline.key, state.filter, state.search or None
    )


# Moving a card


def board_move(entity: EntityType, pipeline: str, record_id: UUID) -> Response | str | tuple[str, int]:
    state = _state(entity, pipeline)
    to = request.form.get("to", "")
    try:
        with tenon().records.writing(actor(), via="web") as work:
            record = work.get(entity.name, record_id)
            outcome = attempt(work, record, to)
    except REFUSALS as error:
        return _refused(state, record_id, to, error)
    said = told(outcome, record, to)
    if not by_htmx():
        flash(said, "success")
        return redirect(state.url(), 303)
    return _swapped(state, {record.get("stage"), to}, said)


def _swapped(state: BoardState, stages: set[Any], said: Message | str, panel: str = "") -> str:
    """The columns that changed, each in its place, and what is to be read out."""
    with tenon().records.reading(actor(), via="web") as work:
        return render_template(
            "tenon/board/moved.html",
            state=state,
            entity=state.type,
            columns=_columns(work, state, sorted(stages - {None})),
            said=said,
            panel=panel,
            may_move=True,
        )


def _refused(state: BoardState, record_id: UUID, to: str, error: Any) -> tuple[str, int]:
    """Every reason at once with the fields that mend them; the card goes back."""
    with tenon().records.reading(actor(), via="web") as work:
        record = work.get(state.type.name, record_id)
        panel = render_panel(work, record, to, error, back=state.url())
    if not by_htmx():
        return panel, error.status
    return _swapped(state, {record.get("stage"), to}, error.message, panel), error.status
