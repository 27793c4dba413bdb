"""The same done to several records, with a result for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ...errors import BadRequestError, InvalidError, Problem, TenonError
from ...messages import Message, _
from ...records.record import Record
from ...records.registry import EntityType, Field, nearest
from ...records.work import Work
from ...storage.ids import new_id
from ..cells import currency_path
from ..context import actor, reader, tenon
from ..controls import FormState, as_values, control, sent_texts
from ..pickers import options_for
from ..security import safe_next
from .edit import editable

DIRECT = frozenset({"archive", "restore"})


@dataclass(frozen=True)
class Outcome:
    """What became of one record."""

    id: UUID
    title: str
    problems: tuple[str, ...] = ()


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/<entity:entity>/bulk", "bulk", bulk, methods=["POST"])


def bulk(entity: EntityType) -> Response | str | tuple[str, int]:
    ids = _ids()
    back = safe_next(request.form.get("back")) or url_for("web.list_page", entity=entity.collection)
    if not ids:
        return redirect(back, 303)
    action = request.form.get("action", "")
    if action in DIRECT:
        return _results(entity, ids, back, _archive(entity, ids, archived=action == "archive"))
    path = "owner_id" if action == "owner" else request.form.get("field", "")
    if request.form.get("apply") == "1" and "_find" not in request.form:
        return _apply(entity, ids, back, path)
    return _ask(entity, ids, back, action, path)


def _ids() -> list[UUID]:
    most = tenon().settings.limits.max_bulk
    try:
        ids = list(dict.fromkeys(UUID(text) for text in request.form.getlist("id")))
    except ValueError:
        raise BadRequestError(_("A record's id cannot be read")) from None
    if len(ids) > most:
        raise InvalidError(
            _("Choose %(most)s records at most", most=most), hint=_("Repeat it for the others.")
        )
    return ids


def _ask(
    entity: EntityType,
    ids: Sequence[UUID],
    back: str,
    action: str,
    path: str,
    error: TenonError | None = None,
) -> str:
    """Which field, and which value."""
    with tenon().records.reading(actor(), via="web") as work:
        fields = _offered(work, entity)
        chosen = next((f for f in fields if f.path == path), None)
        titles = work.titles(entity.name, ids)
        return render_template(
            "tenon/list/bulk.html",
            entity=entity,
            ids=ids,
            titles=[titles[i] for i in ids if i in titles],
            back=back,
            action=action,
            fields=fields,
            chosen=chosen,
            control=_control(work, entity, chosen, error) if chosen else None,
        )


def _offered(work: Work, entity: EntityType) -> list[Field]:
    """The fields that several records can have the same value of."""
    return [f for f in editable(work, entity, "update") if not f.spec.unique]


def _chosen(entity: EntityType, path: str) -> Field:
    """The field that was chosen; ``BadRequestError`` for one that the reader may not write."""
    with tenon().records.reading(actor(), via="web") as work:
        fields = {f.path: f for f in editable(work, entity, "update")}
    if path not in fields:
        raise BadRequestError(
            _("%(entity)s has no field %(path)s", entity=entity.label, path=path), hint=nearest(path, fields)
        )
    return fields[path]


def _control(work: Work, entity: EntityType, chosen: Field, error: TenonError | None) -> Any:
    search = request.form.get(f"{chosen.path}~q", "")
    texts = sent_texts([chosen], request.form)
    options = {chosen.path: options_for(work, chosen, texts.get(chosen.path), search)}
    state = FormState(texts, error.problems if error else (), {chosen.path: search}, options)
    return control(entity, chosen, state, reader())


def _apply(entity: EntityType, ids: Sequence[UUID], back: str, path: str) -> str | tuple[str, int]:
    chosen = _chosen(entity, path)
    texts = sent_texts([chosen], request.form)
    values = as_values(entity, texts, reader())
    if chosen.spec.currency and values.get(path) is None:
        values.pop(currency_path(chosen), None)
    if path == "owner_id":
        tenon().access.require(actor(), "assign", entity.name)
    _checked, problems = entity.load(values)
    if chosen.spec.required and values.get(path) is None:
        problems.append(Problem(f"/{path}", "required", _("Give a value: this field cannot be empty")))
    if problems:
        error = InvalidError(problems=problems)
        return _ask(entity, ids, back, request.form.get("action", ""), path, error), 422
    with tenon().records.writing(actor(), via="web", batch=new_id()) as work:
        titles = work.titles(entity.name, ids)
        results = work.bulk_update(entity.name, [(id_, values, None) for id_ in ids])
        outcomes = _outcomes(ids, titles, results)
    return _results(entity, ids, back, outcomes)


def _archive(entity: EntityType, ids: Sequence[UUID], *, archived: bool) -> list[Outcome]:
    with tenon().records.writing(actor(), via="web", batch=new_id()) as work:
        titles = work.titles(entity.name, ids)
        return _outcomes(ids, titles, work.bulk_archive(entity.name, ids, archived=archived))


def _outcomes(
    ids: Sequence[UUID], titles: dict[UUID, str], results: Sequence[Record | TenonError]
) -> list[Outcome]:
    return [
        Outcome(
            id_, titles.get(id_, str(id_)[:8]), _reasons(result) if isinstance(result, TenonError) else ()
        )
        for id_, result in zip(ids, results, strict=True)
    ]


def _reasons(error: TenonError) -> tuple[Message | str, ...]:
    return tuple(problem.detail for problem in error.problems) or (error.message,)


def _results(entity: EntityType, ids: Sequence[UUID], back: str, outcomes: list[Outcome]) -> str:
    done = [outcome for outcome in outcomes if not outcome.problems]
    failed = [outcome for outcome in outcomes if outcome.problems]
    return render_template("tenon/list/bulk_done.html", entity=entity, done=done, failed=failed, back=back)
