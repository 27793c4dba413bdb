"""Create and edit: a form with what is wrong beside each field, and an answer to lost updates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from ...errors import ConflictError, GuardError, InvalidError, Problem, StaleError, TenonError
from ...messages import Message, _
from ...records import reach, visible
from ...records.record import Record
from ...records.registry import EntityType, Field
from ...records.work import Work
from .. import slots
from ..cells import record_url
from ..context import actor, reader, tenon
from ..controls import (
    FormState,
    anchor,
    as_values,
    defaults,
    form_fields,
    sections,
    sent_texts,
    texts_of,
)
from ..links import cells_for
from ..notices import flash
from ..pickers import options_of_all
from ..security import safe_next

Answer = str | Response | tuple[str, int]


@dataclass(frozen=True)
class Mistake:
    """A line of the error summary: what is wrong, and the field that mends it."""

    label: Message | str
    text: str
    anchor: str | None


@dataclass(frozen=True)
class Difference:
    """A field that both the reader and somebody else changed, or either of them."""

    field: Field
    theirs: Markup
    mine: Markup
    path: str


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/<entity:entity>/new", "create_page", create_page)
    pages.add_url_rule("/<entity:entity>/new", "create", create, methods=["POST"])
    pages.add_url_rule("/<entity:entity>/<uuid:record_id>/edit", "edit_page", edit_page)
    pages.add_url_rule("/<entity:entity>/<uuid:record_id>/edit", "edit", edit, methods=["POST"])


# Create


def create_page(entity: EntityType) -> str:
    tenon().access.require(actor(), "create", entity.name)
    with tenon().records.reading(actor(), via="web") as work:
        fields = editable(work, entity, "create")
        start = defaults(fields, reader()) | _given(fields)
        if entity.owned and "owner_id" in entity.fields:
            start.setdefault("owner_id", str(actor().id or ""))
        return _form(work, entity, None, start, action="create")


def create(entity: EntityType) -> Answer:
    texts, again = _sent(entity, "create")
    if again is not None:
        return again
    try:
        with tenon().records.writing(actor(), via="web") as work:
            values = as_values(entity, texts, reader())
            if entity.stages and request.form.get("pipeline"):
                values["pipeline"] = request.form["pipeline"]
            record = work.create(entity.name, values)
    except (InvalidError, ConflictError) as error:
        return _refused(entity, None, texts, error, "create")
    flash(_("%(title)s is created.", title=record.title), "success")
    return redirect(safe_next(request.form.get("next")) or record_url(entity.collection, record.id), 303)


def _given(fields: Sequence[Field]) -> dict[str, Any]:
    """Values that the link to the form brings along: ``?account_id=…``."""
    return {f.path: request.args[f.path] for f in fields if f.path in request.args}


# Edit


def edit_page(entity: EntityType, record_id: UUID) -> str:
    with tenon().records.reading(actor(), via="web") as work:
        record = work.get(entity.name, record_id)
        _require_change(work, entity)
        fields = editable(work, entity, "update")
        return _form(work, entity, record, texts_of(record, fields, reader()), action="update")


def _require_change(work: Work, entity: EntityType) -> None:
    """``ForbiddenError`` unless the reader may change such records, or at least whose they are."""
    assigns = entity.owner is not None and work.access.allows(work.actor, "assign", entity.name)
    work.access.require(work.actor, "assign" if assigns else "update", entity.name)


def edit(entity: EntityType, record_id: UUID) -> Answer:
    texts, again = _sent(entity, "update", record_id)
    if again is not None:
        return again
    expect = request.form.get("_version", type=int)
    try:
        with tenon().records.writing(actor(), via="web") as work:
            before = work.get(entity.name, record_id)
            values = _changed(work, entity, before, texts, expect)
            record = work.update(entity.name, record_id, values, expect=expect)
    except StaleError:
        return _conflict(entity, record_id, texts)
    except (InvalidError, ConflictError) as error:
        return _refused(entity, record_id, texts, error, "update")
    flash(_("%(title)s is saved.", title=record.title), "success")
    return redirect(safe_next(request.form.get("next")) or _where_it_is(entity, record_id), 303)


def _where_it_is(entity: EntityType, record_id: UUID) -> str:
    """The record's page; the list, where it is out of the reader's reach now that it is another's."""
    with tenon().records.reading(actor(), via="web") as work:
        if record_id in reach.readable(work, entity.name, [record_id]):
            return record_url(entity.collection, record_id)
    return url_for("web.list_page", entity=entity)


def _changed(
    work: Work, entity: EntityType, before: Record, texts: Mapping[str, Any], expect: int | None
) -> dict[str, Any]:
    """What the form changed. An unchanged text is not sent, so that a value that a
    form cannot show in full (seconds of a moment) is not cut; nor is one emptied that it
    does not show at all."""
    shown = texts_of(before, editable(work, entity, "update"), reader())
    seen = visible.fields(work, entity)
    texts = {path: text for path, text in texts.items() if path in seen or text}
    if expect != before.version:
        return as_values(entity, texts, reader())
    return as_values(entity, {p: t for p, t in texts.items() if shown.get(p) != t}, reader())


def editable(work: Work, type_: EntityType, action: str) -> list[Field]:
    """The fields of a form that the reader may write."""
    allowed = visible.writable(work, type_, action)
    return form_fields(type_, (f for f in type_.writable if f.path in allowed))


# The form


def _sent(
    entity: EntityType, action: str, record_id: UUID | None = None
) -> tuple[dict[str, Any], str | None]:
    """What was sent; and the form once more where a Find button was pressed."""
    with tenon().records.reading(actor(), via="web") as work:
        fields = editable(work, entity, action)
        allowed = visible.writable(work, entity, action)
        texts = {p: t for p, t in sent_texts(fields, request.form).items() if p in allowed}
        if "_find" not in request.form:
            return texts, None
        record = work.get(entity.name, record_id) if record_id else None
        return texts, _form(work, entity, record, texts, action=action)


def _form(
    work: Work,
    entity: EntityType,
    record: Record | None,
    texts: Mapping[str, Any],
    *,
    action: str,
    error: TenonError | None = None,
) -> str:
    fields = editable(work, entity, action)
    searches = {name[:-2]: text for name, text in request.form.items() if name.endswith("~q") and text}
    options = options_of_all(work, fields, dict(texts), searches)
    state = FormState(texts, error.problems if error else (), searches, options)
    about = slots.context(work, entity=entity, record=record)
    return render_template(
        "tenon/form/page.html",
        entity=entity,
        record=record,
        sections=sections(entity, fields, state, reader()),
        mistakes=mistakes(entity, error) if error else [],
        error=error,
        pipelines=tenon().pipelines.pipelines_for(entity.name) if entity.stages and record is None else [],
        chosen_pipeline=request.values.get("pipeline", ""),
        found=request.form.get("_find"),
        version=request.form.get("_version") or (record.version if record else None),
        next=safe_next(request.values.get("next")),
        after=slots.rendered("form.after", about),
        cancel=record_url(entity.collection, record.id)
        if record
        else url_for("web.list_page", entity=entity),
    )


def mistakes(entity: EntityType, error: TenonError) -> list[Mistake]:
    """The error summary's lines; each leads to its field if the form has it."""
    found = []
    for problem in error.problems or (Problem("", error.code, error.message),):
        path = problem.pointer.strip("/").replace("/", ".")
        field = entity.fields.get(path)
        found.append(Mistake(field.label if field else "", problem.detail, anchor(path) if field else None))
    return found


def _refused(
    entity: EntityType, record_id: UUID | None, texts: Mapping[str, Any], error: TenonError, action: str
) -> tuple[str, int]:
    with tenon().records.reading(actor(), via="web") as work:
        record = work.get(entity.name, record_id) if record_id else None
        status = 409 if isinstance(error, GuardError) else 422
        return _form(work, entity, record, texts, action=action, error=error), status


# Lost updates


def _conflict(entity: EntityType, record_id: UUID, texts: Mapping[str, Any]) -> tuple[str, int]:
    """Both values of every field that differs, and a choice between them."""
    with tenon().records.reading(actor(), via="web") as work:
        now = work.get(entity.name, record_id)
        fields = editable(work, entity, "update")
        shown = texts_of(now, fields, reader())
        mine, problems = entity.load(as_values(entity, texts, reader()))
        if problems:
            return _form(
                work, entity, now, texts, action="update", error=InvalidError(problems=problems)
            ), 422
        draft = Record(entity, {**now.values, **{p: v for p, v in mine.items() if "custom." not in p}})
        cells = cells_for(work, [now, draft])
        found = [
            Difference(f, cells.of(now, f), _mine(cells, draft, f, mine), f.path)
            for f in fields
            if f.path in texts and texts[f.path] != shown.get(f.path)
        ]
        page = render_template(
            "tenon/form/conflict.html",
            entity=entity,
            record=now,
            differences=found,
            texts=texts,
            shown=shown,
        )
        return page, 409


def _mine(cells: Any, draft: Record, found: Field, mine: Mapping[str, Any]) -> Markup:
    if found.path.startswith("custom."):
        return cells.value(found.spec, mine.get(found.path))  # type: ignore[no-any-return]
    return cells.of(draft, found)  # type: ignore[no-any-return]
