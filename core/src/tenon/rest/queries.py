"""JSON Schemas of what can be asked for: filters in URLs and the body of a search."""

from __future__ import annotations

from collections.abc import Mapping

from ..records.filters import OPERATORS
from ..records.registry import EntityType
from ..settings.model import LimitSettings
from .schemas import NAMES, Schema, closed

FILTER: Schema = {
    "oneOf": [
        {
            "type": "object",
            "required": ["field"],
            "additionalProperties": False,
            "properties": {
                "field": {"type": "string"},
                "op": {"type": "string", "enum": sorted({o for ops in OPERATORS.values() for o in ops})},
                "value": {},
            },
        },
        *(
            {
                "type": "object",
                "required": [kind],
                "additionalProperties": False,
                "properties": {kind: {"type": "array", "items": {"$ref": "#/components/schemas/Filter"}}},
            }
            for kind in ("and", "or")
        ),
        {
            "type": "object",
            "required": ["not"],
            "additionalProperties": False,
            "properties": {"not": {"$ref": "#/components/schemas/Filter"}},
        },
    ]
}


def search(limits: LimitSettings) -> Schema:
    """The body of ``POST /<collection>/search``."""
    size = {"type": ["integer", "null"], "minimum": 1, "maximum": limits.max_page_size}
    found = closed(
        {
            "filter": {"anyOf": [{"$ref": "#/components/schemas/Filter"}, {"type": "null"}]},
            "sort": NAMES,
            "fields": NAMES,
            "include": NAMES,
            "search": {"type": ["string", "null"]},
            "archived": {"type": "string", "enum": ["no", "only", "all"], "default": "no"},
            "total": {"type": "boolean", "default": False},
            "page": closed({"size": size, "after": {"type": ["string", "null"]}}),
        }
    )
    example = {
        "filter": {
            "or": [
                {"field": "created_at", "op": "within", "value": "this_month"},
                {"not": {"field": "owner_id", "op": "empty", "value": True}},
            ]
        },
        "sort": ["-created_at"],
        "page": {"size": 50},
    }
    return {**found, "examples": [example]}


def filters(type_: EntityType) -> Schema:
    """A test by field, and by operator within it."""
    own = {
        f.path: {"$ref": f"#/components/schemas/filter_{f.kind}", "title": str(f.label)}
        for f in type_.fields.values()
        if f.spec.filterable and f.path != "custom"
    }
    return closed(own)


def tests(kind: str) -> Schema:
    """What a field of that kind takes in a filter: a value, or operators with theirs."""
    known = sorted(OPERATORS[kind])
    value: Schema = {"type": "string"}
    whole = closed(dict.fromkeys(known, value))
    return {"anyOf": [whole, value]} if "eq" in known else whole


SHARED: Mapping[str, Schema] = {"Filter": FILTER, **{f"filter_{kind}": tests(kind) for kind in OPERATORS}}
