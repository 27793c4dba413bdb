"""Field sets: names for which fields of which kinds are shown."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from tenon.api import NotFoundError, _

from ..editing import with_field_set, with_fields, without_field_set
from ..line import EVERY
from .activating import proposed
from .parts import document, document_sent, number_sent, page, policy, tenon, wanted


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/field-sets", "field_sets", field_sets)
    pages.add_url_rule("/field-sets", "change_field_set", change_field_set, methods=["POST"])
    pages.add_url_rule("/field-sets/remove", "remove_field_set", remove_field_set, methods=["POST"])
    pages.add_url_rule("/field-sets/kind", "field_set_kind", field_set_kind)
    pages.add_url_rule("/field-sets/kind", "change_fields", change_fields, methods=["POST"])


def field_sets() -> str:
    registry = tenon().records.registry
    uses: dict[str, list[str]] = {}
    for line in document().lines:
        uses.setdefault(line.fields, []).append(line.sub)
    return page(
        "field_sets",
        "field_sets",
        sets=[(found, _counts(key, registry)) for key, found in document().field_sets.items()],
        given=list(policy().names.field_sets.values()),
        uses={key: list(dict.fromkeys(roles)) for key, roles in uses.items()},
    )


def _counts(key: str, registry: Any) -> list[tuple[Any, int, int]]:
    """For each kind that a set says something of: how many fields it shows of how many."""
    found, snapshot = document().field_sets[key], policy().snapshot
    shown = []
    for entity, type_ in policy().names.entities.items():
        if {entity, EVERY} & {*found.show, *found.hide}:
            paths = frozenset(registry[entity].fields)
            shown.append((type_, len(snapshot.given(key, entity, paths)), len(paths)))
    return shown


def change_field_set() -> str:
    """Add a field set, or call one otherwise."""
    key, label = request.form.get("name", ""), request.form.get("label", "")
    changed = with_field_set(document_sent(), key, label)
    return proposed(changed, number_sent(), _("Field set %(name)s", name=label or key), "field_sets")


def remove_field_set() -> str:
    key = wanted("set")
    changed = without_field_set(document_sent(), key)
    return proposed(changed, number_sent(), _("Without the field set %(name)s", name=key), "field_sets")


def field_set_kind() -> str:
    key, entity = wanted("set"), wanted("kind")
    found, type_ = document().field_sets.get(key), _type(entity)
    if found is None:
        raise NotFoundError(_("There is no field set %(name)s", name=key))
    paths = frozenset(type_.fields)
    return page(
        "field_set_kind",
        "field_sets",
        set=found,
        type=type_,
        fields=[field for field in type_.fields.values() if field.path not in ("id", "version", "custom")],
        shown=policy().snapshot.given(key, entity, paths),
        rest=_shows_rest(found, entity),
    )


def _shows_rest(found: Any, entity: str) -> bool:
    """Whether a field that nobody has thought of yet would be shown."""
    show = found.show.get(entity, found.show.get(EVERY))
    return show is None or "*" in show


def change_fields() -> str:
    key, entity = wanted("set"), wanted("kind")
    type_, form = _type(entity), request.form
    changed = with_fields(
        document_sent(), key, entity, form.getlist("shown"), _choosable(type_), rest=form.get("rest") == "1"
    )
    return proposed(changed, number_sent(), _("Fields of %(kind)s", kind=type_.label_plural), "field_sets")


def _choosable(type_: Any) -> list[str]:
    return [path for path in type_.fields if path not in ("id", "version", "custom")]


def _type(entity: str) -> Any:
    if entity not in policy().names.entities:
        raise NotFoundError(_("There is no kind of record %(name)s", name=entity))
    return tenon().records.registry[entity]
