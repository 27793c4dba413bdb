"""Customers' own fields over the API, and who one is."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response

from ..errors import InvalidError, NotFoundError, Problem
from ..messages import _
from ..nearest import did_you_mean
from ..records import custom, visible
from ..records.custom import Definition
from . import idempotency
from .operations import Call, answer

KEYS = tuple(Definition.__dataclass_fields__)
TYPES: dict[str, tuple[type, ...]] = {
    "key": (str,),
    "label": (str,),
    "kind": (str,),
    "required": (bool,),
    "unique": (bool,),
    "indexed": (bool,),
    "choices": (dict,),
    "to": (str, type(None)),
    "currency": (str, type(None)),
    "scale": (int,),
    "help": (str, type(None)),
    "modes": (list,),
    "position": (int,),
    "archived": (bool,),
}


def list_fields(call: Call) -> Response:
    """Every field of the kind of record, the customer's own with their definitions."""
    with call.tenon.records.reading(call.actor, via="api") as work:
        type_ = work.type(call.kind.name)
        work.access.require(call.actor, "read", type_.name)
        seen = visible.kind(work, type_, "read", "create", "update").fields
        # Those that are out of use, or of another mode, are no fields and still definitions.
        gone = type_.fields.keys() - seen.keys()
        mine = [d for d in custom.definitions(work.unguarded, type_.name) if d.path not in gone]
    fields = [
        {
            "path": f.path,
            "label": str(f.label),
            "kind": f.kind,
            "origin": f.origin,
            "required": f.spec.required,
            "unique": f.spec.unique,
            "readonly": f.spec.readonly,
            "to": f.spec.to,
            "choices": [{"key": c.key, "label": str(c.label)} for c in f.spec.choices],
        }
        for f in seen.values()
        if f.path != "custom"
    ]
    return answer({"data": fields, "custom": [asdict(d) for d in mine]})


def define(call: Call) -> Response:
    body = call.body()
    definition = _definition(call, body)
    return idempotency.once(call, body, lambda work: answer(asdict(custom.define(work, definition)), 201))


def redefine(call: Call, key: str) -> Response:
    body = call.body()
    with call.tenon.records.writing(call.actor, via="api") as work:
        before = {d.key: d for d in custom.definitions(work.unguarded, call.kind.name)}.get(key)
        seen = visible.kind(work, call.kind, "read", "create", "update").fields
        if before is None or (before.path in call.kind.fields and before.path not in seen):
            raise NotFoundError(_("%(entity)s has no field %(key)s", entity=call.kind.label, key=key))
        changed = custom.redefine(work, _definition(call, {**_as_sent(before), **body, "key": key}))
    return answer(asdict(changed))


def _as_sent(definition: Definition) -> dict[str, Any]:
    return {**asdict(definition), "modes": list(definition.modes)}


def _definition(call: Call, body: dict[str, Any]) -> Definition:
    given = {k: v for k, v in body.items() if k != "entity"}
    problems = [
        Problem(f"/{k}", "unknown-field", _("There is no %(key)s here", key=k) + did_you_mean(k, KEYS))
        for k in sorted(set(given) - set(KEYS))
    ]
    for name, kinds in TYPES.items():
        wrong = name in given and not isinstance(given[name], kinds)
        if wrong or (name in given and bool not in kinds and isinstance(given[name], bool)):
            problems.append(Problem(f"/{name}", "invalid", _("%(name)s has another type", name=name)))
    problems += [
        Problem(f"/{name}", "required", _("%(name)s is needed", name=name))
        for name in ("key", "label", "kind")
        if name not in given
    ]
    problems += _wrong_inside(given)
    if problems:
        raise InvalidError(problems=problems)
    if "modes" in given:
        given["modes"] = tuple(given["modes"])
    return Definition(entity=call.kind.name, **given)


def _wrong_inside(given: dict[str, Any]) -> list[Problem]:
    found = []
    choices = given.get("choices")
    if isinstance(choices, dict) and not all(isinstance(v, str) for v in choices.values()):
        found.append(Problem("/choices", "invalid", _("choices maps keys to labels")))
    modes = given.get("modes")
    if isinstance(modes, list | tuple) and not all(isinstance(m, str) for m in modes):
        found.append(Problem("/modes", "invalid", _("modes is a list of names")))
    for name in ("position", "scale"):
        number = given.get(name)
        if isinstance(number, int) and not 0 <= number <= 100_000:
            found.append(Problem(f"/{name}", "invalid", _("%(name)s is out of range", name=name)))
    for name in ("label", "help"):
        text = given.get(name)
        if isinstance(text, str) and (len(text) > 120 or "\x00" in text):
            found.append(Problem(f"/{name}", "invalid", _("Use %(most)s characters at most", most=120)))
    return found


def me(call: Call) -> Response:
    actor = call.actor
    return answer(
        {
            "id": actor.id,
            "name": actor.name,
            "email": actor.email,
            "roles": sorted(actor.roles),
            "team_id": actor.team_id,
            "admin": actor.admin,
            "scopes": sorted(actor.scopes) if actor.scopes is not None else None,
            "modes": sorted(call.tenon.modes),
        }
    )
