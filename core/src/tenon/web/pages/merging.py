"""Merging duplicates: find likely ones, choose value by value, and undo."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from rapidfuzz import fuzz
from werkzeug.wrappers import Response

from ...errors import TenonError
from ...messages import _
from ...records import merge
from ...records.query import Or, Query, Where
from ...records.record import Record
from ...records.registry import EntityType, Field
from ...records.work import Work
from ..cells import record_url
from ..context import actor, reader, tenon
from ..links import cells_for
from ..notices import flash
from .edit import editable

MOST = 10
ALIKE = 70


def routes(pages: Blueprint) -> None:
    address = "/<entity:entity>/<uuid:record_id>"
    pages.add_url_rule(f"{address}/duplicates", "duplicates", duplicates)
    pages.add_url_rule(f"{address}/merge/<uuid:other_id>", "compare", compare)
    pages.add_url_rule(f"{address}/merge/<uuid:other_id>", "merge", merge_records, methods=["POST"])
    pages.add_url_rule(f"{address}/merges/<uuid:merge_id>/undo", "undo_merge", undo_merge, methods=["POST"])


def duplicates(entity: EntityType, record_id: UUID) -> str:
    tenon().access.require(actor(), "merge", entity.name)
    with tenon().records.reading(actor(), via="web") as work:
        record = work.get(entity.name, record_id)
        text = request.args.get("q", "").strip()
        found = _searched(work, record, text) if text else alike(work, record)
        return render_template(
            "tenon/record/duplicates.html",
            entity=entity,
            record=record,
            found=found,
            text=text,
            cells=cells_for(work, found),
        )


def _searched(work: Work, record: Record, text: str) -> list[Record]:
    page = work.page(record.entity.name, Query(search=text, size=MOST + 1))
    return [other for other in page.data if other.id != record.id][:MOST]


def alike(work: Work, record: Record) -> list[Record]:
    """Records that may be the same: the same address or number, or a name that reads alike."""
    others: dict[UUID, Record] = {}
    same = [Where(f.path, "eq", record.get(f.path)) for f in _identifying(record)]
    if same:
        query = Query(filter=Or(tuple(same)), size=MOST)
        others.update({other.id: other for other in work.page(record.entity.name, query).data})
    for word in _words(record.title):
        found = work.page(record.entity.name, Query(search=word, size=MOST * 3)).data
        others.update({o.id: o for o in found if fuzz.token_sort_ratio(o.title, record.title) >= ALIKE})
    others.pop(record.id, None)
    likeness = {other.id: fuzz.token_sort_ratio(other.title, record.title) for other in others.values()}
    return sorted(others.values(), key=lambda other: -likeness[other.id])[:MOST]


def _identifying(record: Record) -> Iterable[Field]:
    kinds = ("email", "phone", "url")
    return [
        f
        for f in record.entity.fields.values()
        if f.kind in kinds and f.spec.filterable and record.get(f.path)
    ]


def _words(title: str) -> list[str]:
    return sorted({word for word in title.split() if len(word) > 2}, key=len, reverse=True)[:2]


def compare(entity: EntityType, record_id: UUID, other_id: UUID) -> str:
    tenon().access.require(actor(), "merge", entity.name)
    with tenon().records.reading(actor(), via="web") as work:
        return _comparison(work, entity, work.get(entity.name, record_id), work.get(entity.name, other_id))


def _comparison(
    work: Work, entity: EntityType, record: Record, other: Record, error: TenonError | None = None
) -> str:
    fields = editable(work, entity, "update")
    differing = [f for f in fields if record.get(f.path) != other.get(f.path)]
    return render_template(
        "tenon/record/merge.html",
        entity=entity,
        record=record,
        other=other,
        fields=differing,
        cells=cells_for(work, [record, other]),
        reader=reader(),
        error=error,
    )


def merge_records(entity: EntityType, record_id: UUID, other_id: UUID) -> Response | tuple[str, int]:
    try:
        with tenon().records.writing(actor(), via="web") as work:
            other = work.get(entity.name, other_id)
            chosen = _chosen(work, entity, other)
            report = merge.merge(work, entity.name, record_id, other_id, chosen)
    except TenonError as error:
        if error.status in (403, 404):
            raise
        with tenon().records.reading(actor(), via="web") as work:
            record, other = work.get(entity.name, record_id), work.get(entity.name, other_id)
            return _comparison(work, entity, record, other, error), error.status
    flash(
        _(
            "%(title)s now holds both records; %(moved)s links moved.",
            title=report.winner.title,
            moved=report.moved,
        ),
        "success",
    )
    for kind, kept, reason in report.kept:
        flash(
            _("%(kind)s %(id)s could not be moved: %(reason)s", kind=kind, id=str(kept)[:8], reason=reason),
            "warning",
        )
    return redirect(record_url(entity.collection, record_id), 303)


def _chosen(work: Work, entity: EntityType, other: Record) -> dict[str, Any]:
    """The values to take over from the other record."""
    taken = {}
    for found in editable(work, entity, "update"):
        if request.form.get(found.path) == "other":
            taken[found.path] = other.get(found.path)
            if found.spec.currency and found.spec.currency in entity.fields:
                taken[found.spec.currency] = other.get(found.spec.currency)
    return taken


def undo_merge(entity: EntityType, record_id: UUID, merge_id: UUID) -> Response:
    with tenon().records.writing(actor(), via="web") as work:
        report = merge.undo_merge(work, merge_id)
    flash(_("The merge is undone; %(count)s changes were taken back.", count=report.undone), "success")
    for _kind, _id, reason in report.conflicts:
        flash(reason, "warning")
    return redirect(url_for("web.record_page", entity=entity, record_id=record_id), 303)
