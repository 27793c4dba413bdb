"""JSON Schemas (2020-12, as OpenAPI 3.1 uses them) of records and of everything around them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..records.custom import KINDS as CUSTOM_KINDS
from ..records.registry import EntityType, Field

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
        keys = {"enum": [c.key for c in spec.choices]} if spec.choices else {}
        found = {"type": "array", "items": {"type": "string", **keys}}
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


def of_type(type_: EntityType) -> dict[str, Schema]:
    """Every schema of a kind of record, by the name that others refer to it by."""
    return {
        type_.name: record(type_),
        f"{type_.name}_new": new(type_),
        f"{type_.name}_change": written(type_),
        f"{type_.name}_page": listed_page(type_),
    }


def _object(properties: Schema, required: list[str] | None = None) -> Schema:
    found: Schema = {"type": "object", "properties": properties}
    return {**found, "required": required} if required else found


def create(type_: EntityType) -> Schema:
    return {"$ref": f"#/components/schemas/{type_.name}_new"}


def patch(type_: EntityType) -> Schema:
    """A JSON merge patch (RFC 7396): only what shall change, null to empty a field."""
    return {"$ref": f"#/components/schemas/{type_.name}_change"}


def page(type_: EntityType) -> Schema:
    return {"$ref": f"#/components/schemas/{type_.name}_page"}


def new(type_: EntityType) -> Schema:
    """What a new record may be given."""
    needed = [
        f.path for f in type_.writable if f.spec.required and f.spec.default is None and "." not in f.path
    ]
    found = written(type_)
    for name in needed:
        found["properties"][name] = _not_null(found["properties"][name])
    example = {name: _example(found["properties"][name]) for name in needed}
    return {**found, "required": needed, "examples": [example]} if needed else found


def _example(schema: Schema) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("format") == "uuid":
        return "01940c5b-3c00-7000-8000-000000000001"
    return schema.get("examples", [schema.get("title", "Example")])[0]


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


def written(type_: EntityType) -> Schema:
    """What a record may be given, all of it left to choice."""
    own = {f.path: of_field(f) for f in type_.writable if "." not in f.path}
    if type_.custom_fields:
        own["custom"] = closed({p[7:]: of_field(f) for p, f in type_.custom_fields.items()})
    if type_.extensions:
        own["ext"] = closed({e.key: closed(_columns(type_, e.paths)) for e in type_.extensions})
    return closed(own)


def closed(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def listed_page(type_: EntityType) -> Schema:
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


NAMES: Schema = {"type": "array", "items": {"type": "string"}}


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
    change = closed({"id": UUID_, "version": {"type": ["integer", "null"]}, "values": {"type": "object"}})
    items = {
        "create": {"type": "object"},
        "update": {**change, "required": ["id", "values"]},
        "archive": UUID_,
        "restore": UUID_,
    }
    kinds = [
        {
            **closed({kind: {"type": "array", "minItems": 1, "maxItems": 1000, "items": item}}),
            "required": [kind],
        }
        for kind, item in items.items()
    ]
    return {"oneOf": kinds}


MERGE: Schema = {**closed({"loser": UUID_, "values": {"type": ["object", "null"]}}), "required": ["loser"]}

MOVE: Schema = {
    **closed(
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
    **closed(
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
    **closed({"key": _KEY, "kind": _KIND, **_DEFINED}),
    "required": ["key", "label", "kind"],
}
CHANGED_DEFINITION: Schema = closed({"kind": _KIND, **_DEFINED})
DEFINITION: Schema = _object({"entity": {"type": "string"}, "key": _KEY, "kind": _KIND, **_DEFINED})
