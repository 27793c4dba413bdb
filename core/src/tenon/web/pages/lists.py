"""The list of an entity: filter, search, order, columns, saved views, and the next page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ...errors import TenonError
from ...messages import Message, _
from ...records.read import Page
from ...records.registry import EntityType, Field
from ...records.visible import fields as seen_fields
from ...records.work import Work
from .. import slots, views
from ..cells import NUMERIC, Cells
from ..context import actor, by_htmx, may, reader, tenon
from ..controls import Control, FormState, control
from ..filters import NOT_EMPTY, PERIOD_LABELS, SENTENCES, SEVERAL, Clause, filterable, operators
from ..links import cells_for, links_to, stage_labels
from ..listing import ListState, read_state
from ..notices import flash
from ..pickers import options_for

TOTAL_CAP = 10_000


@dataclass(frozen=True)
class Chip:
    """A condition in words, and the address of the list without it."""

    text: str
    without: str


@dataclass(frozen=True)
class Column:
    """A column's head: ``url`` sorts by it, where it can be sorted."""

    field: Field
    url: str | None
    direction: str | None

    @property
    def numeric(self) -> bool:
        return self.field.kind in NUMERIC


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/<entity:entity>", "list_page", list_page)
    pages.add_url_rule("/<entity:entity>/views", "save_view", save_view, methods=["POST"])
    pages.add_url_rule(
        "/<entity:entity>/views/<uuid:view>/delete", "delete_view", delete_view, methods=["POST"]
    )


def list_page(entity: EntityType) -> str | Response:
    state = read_state(entity, request.args)
    if request.args.get("op"):
        return redirect(state.plus(_built(request.args.get("field", ""))).url())
    with tenon().records.reading(actor(), via="web") as work:
        found, problem = _found(work, state)
        parts = _parts(work, state, found)
        if by_htmx() and state.after:
            return render_template("tenon/list/rows.html", **parts)
        return render_template("tenon/list/page.html", problem=problem, **parts, **_tools(work, state))


def _found(work: Work, state: ListState) -> tuple[Page, TenonError | None]:
    """The page, or an empty one with what is wrong with the question."""
    size = tenon().settings.limits.page_size
    try:
        return work.page(state.type.name, state.query(size, total_cap=TOTAL_CAP)), None
    except TenonError as error:
        if error.status != 400:
            raise
        return Page([]), error


def _parts(work: Work, state: ListState, page: Page) -> dict[str, Any]:
    """What the rows need."""
    seen = visible(work, state.type)
    about = slots.context(work, entity=state.type, records=page.data)
    more = [("after", page.next)] if page.next else []
    return {
        "entity": state.type,
        "state": state,
        "page": page,
        "columns": [_column(state, f) for f in state.shown(seen)],
        "extra": slots.values("list.column", about),
        "cells": cells_for(work, page.data),
        "next_url": state.url("web.list_page", *more) if more else None,
        "bulk": bool(bulk_actions(state.type)),
    }


def _tools(work: Work, state: ListState) -> dict[str, Any]:
    """What stands above the rows: chips, the filter form, columns, views, actions."""
    seen = visible(work, state.type)
    adding = seen_fields(work, state.type).get(request.args.get("add", ""))
    about = slots.context(work, entity=state.type)
    return {
        "chips": list(_chips(work, state)),
        "fields": filterable(state.type, seen),
        "choosable": seen,
        "adding": _builder(work, state.type, adding) if adding else None,
        "views": views.views_of(tenon().storage, state.type, actor().id, seen_fields(work, state.type)),
        "actions": slots.actions("list.action", about),
        "may_create": may("create", state.type.name),
        "may_export": may("export", state.type.name),
        "may_import": may("import", state.type.name),
        "bulk_actions": bulk_actions(state.type),
        "pipelines": tenon().pipelines.pipelines_for(state.type.name) if state.type.stages else [],
        "reset_url": url_for("web.list_page", entity=state.type.collection),
    }


def visible(work: Work, type_: EntityType) -> list[Field]:
    """The fields of a kind of record that the reader may see and would want to."""
    seen = seen_fields(work, type_)
    return [f for f in type_.shown if f.path in seen]


def _column(state: ListState, found: Field) -> Column:
    url = state.sorted_by(found.path).url() if found.spec.sortable else None
    return Column(found, url, state.direction(found.path))


def bulk_actions(type_: EntityType) -> list[tuple[str, Message]]:
    """What can be done to several records at once, by whoever reads the page."""
    found = []
    if may("update", type_.name):
        found += [("owner", _("Give to another owner"))] if type_.owned and may("assign", type_.name) else []
        found += [("change", _("Change a field"))]
    if may("archive", type_.name):
        found += [("archive", _("Archive")), ("restore", _("Restore"))]
    return found


# Conditions


def _chips(work: Work, state: ListState) -> Iterator[Chip]:
    for clause in state.clauses:
        yield Chip(describe(work, state.type, clause), state.without(clause).url())


def describe(work: Work, type_: EntityType, clause: Clause) -> str:
    """A condition as a person would say it: ``Amount is at least 1,000``."""
    found = seen_fields(work, type_).get(clause.field)
    label = reader().label(found.label) if found else clause.field
    if clause.op == "empty":
        return reader().text(NOT_EMPTY if clause.value == "false" else SENTENCES["empty"], field=label)
    sentence = SENTENCES.get(clause.op)
    value = _values(work, type_, clause)
    return reader().text(sentence, field=label, value=value) if sentence else f"{label} {clause.op} {value}"


def _values(work: Work, type_: EntityType, clause: Clause) -> str:
    """What a condition compares with, in words: ``Won or Lost``, ``1,000 and 2,000``."""
    if clause.op == "within" and clause.value in PERIOD_LABELS:
        return reader().text(PERIOD_LABELS[clause.value])
    several = clause.op in SEVERAL or clause.op == "between"
    values = [part.strip() for part in clause.value.split(",")] if several else [clause.value]
    shown = [_shown(work, type_, clause.field, value) for value in values if value]
    return reader().listed(shown, "or" if clause.op in SEVERAL else "and")


def _shown(work: Work, type_: EntityType, path: str, value: str) -> str:
    found = seen_fields(work, type_).get(path)
    if found is None:
        return value
    if value == "$me":
        return reader().text(_("me"))
    label = stage_labels().get((type_.name, path, value))
    if label is not None:
        return reader().label(label)
    try:
        several = found.kind == "multi_choice"
        loaded = found.load([value] if several else value)
        links = links_to(work, found.spec.to, [loaded]) if found.kind == "reference" and found.spec.to else {}
        return Cells(reader(), links).value(found.spec, loaded).striptags()
    except Exception:
        # Whatever stands in the address is shown as it stands there; the query says what is wrong with it.
        return value


def _builder(work: Work, type_: EntityType, found: Field) -> Mapping[str, Any]:
    """The form for one more condition on ``found``."""
    state = FormState({}, options={found.path: options_for(work, found, "")})
    made: Control = control(type_, found, state, reader())
    return {
        "field": found,
        "control": made,
        "operators": operators(found),
        "periods": list(PERIOD_LABELS.items()),
    }


def _built(path: str) -> Clause:
    """The condition that the filter form sent."""
    op = request.args.get("op", "eq")
    values = [value for value in request.args.getlist("value") if value]
    if op == "empty":
        return Clause(path, op, "true")
    if op == "within":
        return Clause(path, op, request.args.get("period", "this_month"))
    if op == "between":
        return Clause(path, op, f"{values[0] if values else ''},{request.args.get('value2', '')}")
    return Clause(path, op, ",".join(values))


# Saved views


def save_view(entity: EntityType) -> Response:
    who = actor()
    assert who.id is not None
    state = read_state(entity, request.args)
    name = request.form.get("name", "")
    shared = request.form.get("shared") == "1"
    saved = views.save_view(
        tenon().storage, entity.name, who.id, name, shared, state.pairs(), now=tenon().clock.now()
    )
    flash(_("The view is saved."), "success")
    pairs = [pair for pair in state.pairs() if pair[0] != "view"]
    address = ListState(entity).url("web.list_page", *pairs, ("view", str(saved)))
    return redirect(address, 303)


def delete_view(entity: EntityType, view: UUID) -> Response:
    who = actor()
    assert who.id is not None
    views.delete_view(tenon().storage, view, who.id)
    flash(_("The view is deleted."), "success")
    return redirect(url_for("web.list_page", entity=entity.collection), 303)
