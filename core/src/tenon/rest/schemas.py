"""JSON Schemas (2020-12, as OpenAPI 3.1 uses them) of records and of everything around them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..records.custom import KINDS as CUSTOM_KINDS
from ..records.filters import OPERATORS
from ..records.registry import EntityType, Field
from ..settings.model import LimitSettings

Schema = dict[str, Any]

UUID_: Schema = {"type": "string", "format": "uuid"}
NO_CONTROL = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"

KINDS: Mapping[str, Schema] = {
    "text": {"type": "string"},
    "long_text": {"type": "string"},
    "integer": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    "number": {"type": "string", "pattern": r"^-?[0-9]{1,12}(\.[0-9]+)?$", "examples": ["12.5"]},
    "money": {"type": "string", "pattern": r"^-?[0-9]{1,12}(\.[0-9]+)?$", "examples": ["1054.00"]},
    "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["EUR"]},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "boolean": {"type": "boolean"},
    "reference": UUID_,
    "url": {"type": "string", "maxLength": 2000, "examples": ["https://example.com"]},
    "email": {"type": "string", "maxLength": 254, "examples": ["name@example.com"]},
    "phone": {"type": "string", "maxLength": 40, "examples": ["+49301234567"]},
    "json": {},
    "id": UUID_,
}


def of_field(f: Field) -> Schema:
    """The schema of one field's values; every field may be null, a required one not in a create."""
    spec = f.spec
    if spec.kind == "choice":
        found: Schema = {"type": "string", "enum": [c.key for c in spec.choices]}
    elif spec.kind == "multi_choice":
        found = {"type": "array", "items": {"type": "string", "enum": [c.key for c in spec.choices]}}
    else:
        found = dict(KINDS[spec.kind])
    if spec.kind in ("text", "long_text") and spec.max_length:
        found["maxLength"] = spec.max_length
    if spec.to:
        found["description"] = f"The id of a {spec.to}."
    return {"title": str(spec.label), **nullable(found)}


def nullable(schema: Schema) -> Schema:
    if "enum" in schema:
        return {**schema, "type": ["string", "null"], "enum": [*schema["enum"], None]}
    return {**schema, "type": [schema["type"], "null"]} if "type" in schema else schema


def record(type_: EntityType) -> Schema:
    """A record as it is read. Which fields are there depends on ``fields`` and on permissions."""
    own = {p: of_field(f) for p, f in type_.fields.items() if "." not in p and p != "custom"}
    own["id"] = UUID_
    own["version"] = {"type": "integer", "minimum": 1}
    if type_.custom_fields:
        own["custom"] = _object({p[7:]: of_field(f) for p, f in type_.custom_fields.items()})
    else:
        own["custom"] = {"type": "object"}
    if type_.extensions:
        own["ext"] = _object({e.key: _object(_columns(type_, e.paths)) for e in type_.extensions})
    own["included"] = {"type": "object", "description": "Records asked for by include, by field."}
    return {"type": "object", "required": ["id"], "properties": own}


def _columns(type_: EntityType, paths: Mapping[str, str]) -> Schema:
    return {name: of_field(type_.fields[path]) for name, path in paths.items()}


def _object(properties: Schema, required: list[str] | None = None) -> Schema:
    found: Schema = {"type": "object", "properties": properties}
    return {**found, "required": required} if required else found


def create(type_: EntityType) -> Schema:
    """What a new record may be given."""
    needed = [
        f.path for f in type_.writable if f.spec.required and f.spec.default is None and "." not in f.path
    ]
    found = _written(type_)
    for name in needed:
        found["properties"][name] = _not_null(found["properties"][name])
    return {**found, "required": needed} if needed else found


def _not_null(schema: Schema) -> Schema:
    found = dict(schema)
    kinds = found.get("type")
    if isinstance(kinds, list):
        found["type"] = kinds[0]
    if "enum" in found:
        found["enum"] = [key for key in found["enum"] if key is not None]
    if (
        found.get("type") == "string"
        and "format" not in found
        and "enum" not in found
        and "pattern" not in found
    ):
        found["minLength"] = 1
        found["pattern"] = r"\S"
    return found


def patch(type_: EntityType) -> Schema:
    """A JSON merge patch (RFC 7396): only what shall change, null to empty a field."""
    return _written(type_)


def _written(type_: EntityType) -> Schema:
    own = {f.path: of_field(f) for f in type_.writable if "." not in f.path}
    if type_.custom_fields:
        own["custom"] = _closed({p[7:]: of_field(f) for p, f in type_.custom_fields.items()})
    if type_.extensions:
        own["ext"] = _closed({e.key: _closed(_columns(type_, e.paths)) for e in type_.extensions})
    return _closed(own)


def _closed(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def page(type_: EntityType) -> Schema:
    return _object(
        {
            "data": {"type": "array", "items": ref(type_)},
            "next": {"type": ["string", "null"], "description": "page[after] of the following page."},
            "total": {"type": "integer", "description": "Only when asked for."},
        },
        ["data", "next"],
    )


def ref(type_: EntityType) -> Schema:
    return {"$ref": f"#/components/schemas/{type_.name}"}


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

NAMES: Schema = {"type": "array", "items": {"type": "string"}}


def search(limits: LimitSettings) -> Schema:
    """The body of ``POST /<collection>/search``."""
    size = {"type": ["integer", "null"], "minimum": 1, "maximum": limits.max_page_size}
    found = _closed(
        {
            "filter": {"anyOf": [{"$ref": "#/components/schemas/Filter"}, {"type": "null"}]},
            "sort": NAMES,
            "fields": NAMES,
            "include": NAMES,
            "search": {"type": ["string", "null"]},
            "archived": {"type": "string", "enum": ["no", "only", "all"], "default": "no"},
            "total": {"type": "boolean", "default": False},
            "page": _closed({"size": size, "after": {"type": ["string", "null"]}}),
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
    own = {f.path: _tests(f) for f in type_.fields.values() if f.spec.filterable and f.path != "custom"}
    return _closed(own)


def _tests(f: Field) -> Schema:
    known = sorted(OPERATORS[f.kind])
    value: Schema = {"type": "string"}
    found: Schema = {"title": str(f.label), "anyOf": [_closed(dict.fromkeys(known, value))]}
    if "eq" in known:
        found["anyOf"].append(value)
    return found


PROBLEM: Schema = {
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "description": "RFC 9457 problem details.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "hint": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}

SHARED: Mapping[str, Schema] = {"Problem": PROBLEM, "Filter": FILTER}


def listed(item: Schema) -> Schema:
    """``{"data": […], "next": …}`` of anything."""
    return _object({"data": {"type": "array", "items": item}, "next": {"type": ["string", "null"]}}, ["data"])


def anything(description: str = "") -> Schema:
    return {"type": "object", "description": description} if description else {"type": "object"}


BULK_ANSWER: Schema = _object(
    {
        "results": {
            "type": "array",
            "items": _object(
                {"status": {"type": "integer"}, "record": {"type": "object"}, "error": {"type": "object"}},
                ["status"],
            ),
        }
    },
    ["results"],
)


def bulk(type_: EntityType) -> Schema:
    """One of create, update, archive and restore, with its items."""
    change = _closed({"id": UUID_, "version": {"type": ["integer", "null"]}, "values": {"type": "object"}})
    items = {
        "create": {"type": "object"},
        "update": {**change, "required": ["id", "values"]},
        "archive": UUID_,
        "restore": UUID_,
    }
    kinds = [
        {
            **_closed({kind: {"type": "array", "minItems": 1, "maxItems": 1000, "items": item}}),
            "required": [kind],
        }
        for kind, item in items.items()
    ]
    return {"oneOf": kinds}


MERGE: Schema = {**_closed({"loser": UUID_, "values": {"type": ["object", "null"]}}), "required": ["loser"]}

MOVE: Schema = {
    **_closed(
        {
            "to": {"type": "string", "description": "The key of the stage."},
            "values": {"type": ["object", "null"], "description": "Fields to set with the move."},
            "reason": {"type": ["string", "null"]},
            "override": {
                "type": "boolean",
                "description": "Move against the guards; needs a reason and permission.",
            },
        }
    ),
    "required": ["to"],
}

DECISION: Schema = {
    **_closed(
        {
            "decision": {"type": "string", "enum": ["approve", "reject", "recall"]},
            "comment": {"type": ["string", "null"]},
        }
    ),
    "required": ["decision"],
}

_DEFINED: Schema = {
    "label": {"type": "string", "minLength": 1, "maxLength": 120},
    "required": {"type": "boolean"},
    "unique": {"type": "boolean"},
    "indexed": {"type": "boolean"},
    "default": {},
    "choices": {"type": "object", "additionalProperties": {"type": "string"}},
    "to": {"type": ["string", "null"]},
    "currency": {"type": ["string", "null"]},
    "scale": {"type": "integer", "minimum": 0, "maximum": 6},
    "help": {"type": ["string", "null"], "maxLength": 120},
    "modes": NAMES,
    "position": {"type": "integer", "minimum": 0, "maximum": 100_000},
    "archived": {"type": "boolean"},
}
_KEY: Schema = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,39}$"}
_KIND: Schema = {"type": "string", "enum": list(CUSTOM_KINDS)}

NEW_DEFINITION: Schema = {
    **_closed({"key": _KEY, "kind": _KIND, **_DEFINED}),
    "required": ["key", "label", "kind"],
}
CHANGED_DEFINITION: Schema = _closed({"kind": _KIND, **_DEFINED})
DEFINITION: Schema = _object({"entity": {"type": "string"}, "key": _KEY, "kind": _KIND, **_DEFINED})
