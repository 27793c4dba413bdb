"""A record's page: what it is, where it stands, what happened around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, abort, redirect, render_template, request
from werkzeug.wrappers import Response

from ...messages import Message, _
from ...records import reach
from ...records.query import Query, Where
from ...records.record import Record
from ...records.registry import EntityType, Field
from ...records.work import Work
from .. import slots
from ..cells import record_url
from ..context import actor, may, tenon
from ..controls import in_order
from ..links import cells_for
from ..notices import flash
from ..stagepath import stage_path
from ..timeline import activity_types, timeline_of
from .approvals import view_of
from .lists import visible

RELATED_SHOWN = 8
SECONDARY = frozenset({"created_at", "updated_at", "created_by", "archived_at"})
STAGE_FIELDS = frozenset({"pipeline", "stage", "stage_status", "stage_since"})


@dataclass(frozen=True)
class Facts:
    """Fields under one heading."""

    label: Message | str | None
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Related:
    """Records that point at this one through one of their fields."""

    type: EntityType
    field: Field
    records: list[Record]
    url: str
    more: bool


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/<entity:entity>/<uuid:record_id>", "record_page", record_page)
    pages.add_url_rule("/<entity:entity>/<uuid:record_id>/panel/<key>", "panel", panel)
    pages.add_url_rule("/<entity:entity>/<uuid:record_id>/archive", "archive", archive, methods=["POST"])
    pages.add_url_rule("/<entity:entity>/<uuid:record_id>/restore", "restore", restore, methods=["POST"])


def record_page(entity: EntityType, record_id: UUID) -> str:
    with tenon().records.reading(actor(), via="web") as work:
        record = work.get(entity.name, record_id)
        return render_template("tenon/record/page.html", **parts(work, record))


def parts(work: Work, record: Record) -> dict[str, Any]:
    """Everything a record's page shows."""
    type_ = record.entity
    about = slots.context(work, entity=type_, record=record)
    related = related_records(work, record)
    seen = visible(work, type_)
    path = stage_path(work, record) if type_.stages else None
    return {
        "entity": type_,
        "record": record,
        "facts": facts(type_, seen),
        "times": [f for f in seen if f.path in SECONDARY],
        "cells": cells_for(work, [record, *(r for group in related for r in group.records)]),
        "path": path,
        "waiting": view_of(work, path.waiting) if path and path.waiting else None,
        "badges": slots.badges(about),
        "actions": slots.actions("record.action", about),
        "panels": slots.rendered("record.panel", about),
        "sidebar": slots.rendered("record.sidebar", about),
        "related": related,
        "timeline": timeline_of(work, record, request.args.get("after")),
        "activity_types": activity_types(work),
        "may_change": not record.archived and any(reach.may(work, record, a) for a in ("update", "assign")),
        "may_archive": reach.may(work, record, "archive"),
        "may_merge": not record.archived and reach.may(work, record, "merge"),
        "tab": "overview",
    }


def facts(type_: EntityType, seen: Sequence[Field]) -> list[Facts]:
    """The fields by who gave them, without what stands elsewhere on the page."""
    elsewhere = SECONDARY | (STAGE_FIELDS if type_.stages else frozenset())
    shown = [
        f
        for f in in_order(type_, seen)
        if f.path not in elsewhere and (f.path,) != type_.title and f.kind != "id"
    ]
    found = [Facts(None, tuple(f for f in shown if "." not in f.path))]
    for extension in type_.extensions:
        found.append(
            Facts(extension.label, tuple(f for f in shown if f.path.startswith(f"ext.{extension.key}.")))
        )
    found.append(Facts(_("More fields"), tuple(f for f in shown if f.path.startswith("custom."))))
    return [part for part in found if part.fields]


def related_records(work: Work, record: Record) -> list[Related]:
    """What points at this record: an account's contacts and opportunities, an order's lines."""
    found = []
    for type_, field in work.registry.pointing_at(record.entity.name):
        if type_.plugin == "identity" or record.entity.plugin == "identity":
            continue
        if (
            not field.spec.filterable
            or not may("read", type_.name)
            or field.path not in work.fields(type_, "read")
        ):
            continue
        if type_.name in ("activity", "task"):
            continue
        where = Where(field.path, "eq", record.id)
        data = work.page(type_.name, Query(filter=where, size=RELATED_SHOWN + 1)).data
        if data:
            url = f"/{type_.collection}?filter[{field.path}][eq]={record.id}"
            found.append(Related(type_, field, data[:RELATED_SHOWN], url, len(data) > RELATED_SHOWN))
    return found


def panel(entity: EntityType, record_id: UUID, key: str) -> str:
    """One panel by itself, for those that load after the page."""
    with tenon().records.reading(actor(), via="web") as work:
        record = work.get(entity.name, record_id)
        about = slots.context(work, entity=entity, record=record)
        place = request.args.get("place", "record.panel")
        if place not in ("record.panel", "record.sidebar"):
            abort(404)
        part = slots.one(place, key, about)
        return render_template("tenon/record/panel.html", part=part, entity=entity, record=record)


def archive(entity: EntityType, record_id: UUID) -> Response:
    with tenon().records.writing(actor(), via="web") as work:
        record = work.archive(entity.name, record_id)
    flash(_("%(title)s is archived. It can be restored at any time.", title=record.title), "success")
    return redirect(record_url(entity.collection, record_id), 303)


def restore(entity: EntityType, record_id: UUID) -> Response:
    with tenon().records.writing(actor(), via="web") as work:
        record = work.restore(entity.name, record_id)
    flash(_("%(title)s is restored.", title=record.title), "success")
    return redirect(record_url(entity.collection, record_id), 303)
