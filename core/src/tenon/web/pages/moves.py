"""Moving a record to another stage: one click where nothing is missing, a panel where something is."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from ...errors import ConflictError, InvalidError, Problem, StaleError, TenonError
from ...messages import _
from ...pipelines import MoveOutcome
from ...records.record import Record
from ...records.registry import EntityType
from ...records.work import Work
from ..cells import record_url
from ..context import actor, by_htmx, reader, tenon
from ..controls import as_values, sent_texts
from ..notices import flash
from ..security import safe_next
from ..stagepath import MovePanel, move_panel

REFUSALS = (ConflictError, InvalidError, StaleError)


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/<entity:entity>/<uuid:record_id>/move", "move_page", move_page)
    pages.add_url_rule("/<entity:entity>/<uuid:record_id>/move", "move", move, methods=["POST"])


def move_page(entity: EntityType, record_id: UUID) -> str:
    with tenon().records.reading(actor(), via="web") as work:
        record = work.get(entity.name, record_id)
        return render_panel(work, record, request.args.get("to", ""))


def render_panel(
    work: Work, record: Record, to: str, error: TenonError | None = None, back: str | None = None
) -> str:
    """The panel for a move, by itself for htmx, as a page of its own otherwise."""
    entity = record.entity
    key = request.values.get("pipeline") or record.get("pipeline")
    pipeline = tenon().pipelines.pipeline(entity.name, key)
    target = tenon().pipelines.stage(entity.name, pipeline.key, to)
    problems = (error.problems or (Problem("", error.code, error.message),)) if error else None
    panel: MovePanel = move_panel(work, record, target, pipeline, problems=problems, texts=_texts(entity))
    template = "tenon/record/move.html" if by_htmx() else "tenon/record/move_page.html"
    return render_template(
        template,
        entity=entity,
        record=record,
        panel=panel,
        next=back or _next(record),
        refused=error is not None,
    )


def _texts(entity: EntityType) -> dict[str, Any]:
    return sent_texts(entity.writable, request.form) if request.method == "POST" else {}


def _next(record: Record) -> str:
    return safe_next(request.values.get("next")) or record_url(record.entity.collection, record.id)


def move(entity: EntityType, record_id: UUID) -> Response | tuple[str, int]:
    to = request.form.get("to", "")
    try:
        with tenon().records.writing(actor(), via="web") as work:
            record = work.get(entity.name, record_id)
            outcome = attempt(work, record, to)
    except REFUSALS as error:
        with tenon().records.reading(actor(), via="web") as work:
            return render_panel(work, work.get(entity.name, record_id), to, error), error.status
    flash(told(outcome, record, to), "success")
    return redirect(_next(record), 303)


def attempt(work: Work, record: Record, to: str) -> MoveOutcome:
    """Move the record as the form says: with fields filled, a reason, or against the guards."""
    texts = {p: t for p, t in _texts(record.entity).items() if p not in ("stage", "pipeline")}
    return tenon().pipelines.move(
        work,
        record.entity.name,
        record.id,
        to,
        values=as_values(record.entity, texts, reader()),
        pipeline=request.form.get("pipeline") or None,
        reason=request.form.get("reason", "").strip() or None,
        override=request.form.get("override") == "1",
        expect=request.form.get("_version", type=int),
    )


def told(outcome: MoveOutcome, record: Record, to: str) -> str:
    """What became of the move, in words."""
    pipeline = outcome.record.get("pipeline") if outcome.record else record.get("pipeline")
    stage = reader().label(tenon().pipelines.stage(record.entity.name, pipeline, to).label)
    if outcome.moved:
        return _("%(title)s is now in %(stage)s.", title=record.title, stage=stage)
    return _("%(title)s waits for approval to move to %(stage)s.", title=record.title, stage=stage)
