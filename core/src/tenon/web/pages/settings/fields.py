"""Fields of the customer's own: made, changed and archived per kind of record."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ....errors import ConflictError, InvalidError, NotFoundError, Problem, TenonError
from ....messages import _
from ....records import custom
from ....records.custom import Definition
from ....records.registry import EntityType
from ...context import actor, tenon
from ...notices import flash
from .admin import admins_only

Answer = str | Response | tuple[str, int]


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/settings/fields", "custom_fields", overview)
    pages.add_url_rule(
        "/settings/fields/<entity:entity>/new", "new_field", edit_field, methods=["GET", "POST"]
    )
    pages.add_url_rule(
        "/settings/fields/<entity:entity>/<key>", "edit_field", edit_field, methods=["GET", "POST"]
    )


@admins_only
def overview() -> str:
    with tenon().storage.reading() as connection:
        definitions = custom.definitions(connection)
    types = [t for t in tenon().records.registry if tenon().access.allows(actor(), "customize", t.name)]
    groups = [(t, [d for d in definitions if d.entity == t.name]) for t in types]
    return render_template("tenon/settings/fields.html", groups=groups, kinds=custom.KINDS)


@admins_only
def edit_field(entity: EntityType, key: str | None = None) -> Answer:
    before = _existing(entity, key) if key else None
    if request.method == "GET":
        start = before or Definition(entity.name, "", "", request.args.get("kind", "text"))
        return _form(entity, before, start)
    wanted = _sent(entity, before)
    try:
        with tenon().records.writing(actor(), via="web") as work:
            custom.redefine(work, wanted) if before else custom.define(work, wanted)
    except (InvalidError, ConflictError) as error:
        return _form(entity, before, wanted, error), error.status
    flash(_("The field %(label)s is saved.", label=wanted.label), "success")
    return redirect(url_for("web.custom_fields"), 303)


def _existing(entity: EntityType, key: str) -> Definition:
    with tenon().storage.reading() as connection:
        found = [d for d in custom.definitions(connection, entity.name) if d.key == key]
    if not found:
        raise NotFoundError(_("%(entity)s has no field %(key)s", entity=entity.label, key=key))
    return found[0]


def _sent(entity: EntityType, before: Definition | None) -> Definition:
    """The definition that the form describes; an existing field keeps its key and kind."""
    form = request.form
    kind = before.kind if before else form.get("kind", "text")
    label = form.get("label", "").strip()
    return Definition(
        entity=entity.name,
        key=before.key if before else form.get("key", "").strip() or key_from(label),
        label=label,
        kind=kind,
        required=form.get("required") == "1",
        unique=form.get("unique") == "1",
        indexed=form.get("indexed") == "1",
        default=form.get("default", "").strip() or None,
        choices=_choices(form.get("choices", "")),
        to=form.get("to") or None if kind == "reference" else None,
        currency=(form.get("currency", "").strip().upper() or None) if kind == "money" else None,
        scale=form.get("scale", 4, type=int) if form.get("scale") else 4,
        help=form.get("help", "").strip() or None,
        modes=tuple(form.getlist("modes")),
        position=form.get("position", 0, type=int) if form.get("position") else 0,
        archived=form.get("archived") == "1",
    )


def key_from(label: str) -> str:
    """``Contract no.`` as ``contract_no``: a key that a label suggests."""
    letters = "".join(c if c.isascii() and c.isalnum() else "_" for c in label.lower())
    return "_".join(part for part in letters.split("_") if part)[:40].lstrip("0123456789_")


def _choices(text: str) -> dict[str, str]:
    """One choice a line: ``key = label``, or a label alone."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        left, equals, right = (part.strip() for part in line.partition("="))
        if left:
            found[left if equals else key_from(left) or left] = right if equals and right else left
    return found


def _form(
    entity: EntityType, before: Definition | None, shown: Definition, error: TenonError | None = None
) -> str:
    problems: dict[str, list[str]] = {}
    for problem in _problems(error):
        problems.setdefault(problem.pointer.strip("/"), []).append(problem.detail)
    parts: dict[str, Any] = {
        "entity": entity,
        "before": before,
        "d": shown,
        "choices": "\n".join(f"{key} = {label}" for key, label in shown.choices.items()),
        "kinds": custom.KINDS,
        "types": list(tenon().records.registry),
        "modes": sorted(tenon().settings.modes),
        "problems": problems,
        "error": error,
    }
    return render_template("tenon/settings/field.html", **parts)


def _problems(error: TenonError | None) -> tuple[Problem, ...]:
    if error is None:
        return ()
    return error.problems or (Problem("", error.code, error.message),)
