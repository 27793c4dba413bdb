"""The OpenAPI 3.1 document, made from the same table as the routes."""

from __future__ import annotations

import re
from typing import Any

from flask import Response

from ..records.registry import EntityType
from . import schemas
from .operations import Call, Operation, Parameter, answer

REASONS = {
    400: "The request could not be understood",
    401: "No valid API key",
    403: "Not allowed",
    404: "Absent, or not visible to this key",
    409: "Not possible in the present state",
    412: "The record has another version by now",
    413: "Too large",
    415: "Not JSON",
    422: "Some values were not accepted",
    428: "If-Match is missing",
    429: "Too many requests",
    503: "The database is away",
}
IF_MATCH = Parameter("If-Match", "The ETag of the version to change, or *.", where="header", required=True)
IDEMPOTENCY = Parameter(
    "Idempotency-Key", "Repeat a request with the same key, and it is done once.", where="header",
    schema={"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
)  # fmt: skip
PATHS = {
    "id": {"type": "string", "format": "uuid"},
    "system": {"type": "string", "maxLength": 60, "pattern": "^[A-Za-z0-9_.-]+$"},
    "external_id": {"type": "string", "maxLength": 200, "pattern": "^[A-Za-z0-9_.-]+$"},
    "key": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,39}$"},
}


def document(call: Call) -> Response:
    from .routes import OPERATIONS

    return answer(build(list(call.tenon.records.registry), OPERATIONS, call.tenon.settings.name))


def build(types: list[EntityType], operations: tuple[Operation, ...], name: str) -> dict[str, Any]:
    """The document for those kinds of record."""
    paths: dict[str, Any] = {}
    for operation in operations:
        kinds: list[EntityType | None] = (
            [t for t in types if operation.only(t)] if operation.generic else [None]
        )
        for type_ in kinds:
            path = operation.path.replace("{collection}", type_.collection if type_ else "")
            found = paths.setdefault(path, _path(path))
            found[operation.method.lower()] = _operation(operation, type_)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{name} API", "version": "1", "description": _ABOUT},
        "servers": [{"url": "/api/v1"}],
        "security": [{"key": []}],
        "tags": [
            {"name": t.collection, "description": str(t.entity.description or t.label_plural)} for t in types
        ],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "An API key."}},
            "schemas": {**schemas.SHARED, **{t.name: schemas.record(t) for t in types}},
        },
    }


_ABOUT = (
    "A record is a bare JSON object, a list is {data, next}. Lists take filter[field][operator]=value for "
    "every field; an unknown filter or field is refused. Errors are RFC 9457 problem details. Changes name "
    "the version they change by If-Match."
)


def _path(path: str) -> dict[str, Any]:
    names = re.findall(r"{(\w+)}", path)
    if not names:
        return {}
    return {"parameters": [{"name": n, "in": "path", "required": True, "schema": PATHS[n]} for n in names]}


def _operation(operation: Operation, type_: EntityType | None) -> dict[str, Any]:
    label = str(type_.label) if type_ else ""
    found: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", f"{operation.method.lower()}_{_concrete(operation, type_)}").strip(
            "_"
        ),
        "summary": f"{operation.summary}: {label}" if label else operation.summary,
        "responses": _responses(operation, type_),
    }
    if type_ is not None:
        found["tags"] = [type_.collection]
    if operation.public:
        found["security"] = []
    parameters = [*operation.parameters]
    parameters += [IF_MATCH] if operation.conditional else []
    parameters += [IDEMPOTENCY] if operation.idempotent_key else []
    if parameters:
        found["parameters"] = [
            {
                "name": p.name,
                "in": p.where,
                "required": p.required,
                "description": p.description,
                "schema": p.schema,
            }
            for p in parameters
        ]
    if operation.body is not None:
        media = "application/merge-patch+json" if operation.method == "PATCH" else "application/json"
        schema = operation.body(type_)  # type: ignore[arg-type]
        found["requestBody"] = {"required": True, "content": {media: {"schema": schema}}}
    return found


def _concrete(operation: Operation, type_: EntityType | None) -> str:
    return operation.path.replace("{collection}", type_.collection if type_ else "")


def _responses(operation: Operation, type_: EntityType | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for status in operation.status:
        found[str(status)] = {"description": "Not changed" if status == 304 else operation.summary}
        if operation.answer is not None and status != 304:
            schema = operation.answer(type_)  # type: ignore[arg-type]
            found[str(status)]["content"] = {"application/json": {"schema": schema}}
    refused = {*operation.refusals, 429, 503}
    refused |= set() if operation.public else {401}
    refused |= {404} if "{" in operation.path else set()
    refused |= {412, 428} if operation.conditional else set()
    for status in sorted(refused):
        found[str(status)] = {
            "description": REASONS[status],
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    return found


__all__ = ["build", "document"]
