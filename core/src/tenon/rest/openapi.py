"""The OpenAPI 3.1 document, made from the same table as the routes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response

from ..records import visible
from ..records.registry import EntityType
from ..records.work import Work
from ..settings import Settings
from ..settings.model import LimitSettings
from . import queries, schemas
from .operations import PREFIX, Call, Operation, Parameter, answer

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
ETAG = {"description": "The version of the record.", "schema": {"type": "string"}}
LOCATION = {"description": "Where the record is.", "schema": {"type": "string"}}
RETRY = {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}}
SCHEME = {"description": "How to show who one is.", "schema": {"type": "string"}}
REFUSAL_HEADERS: dict[int, Any] = {
    401: {"WWW-Authenticate": {**SCHEME, "required": True}},
    429: {"Retry-After": {**RETRY, "required": True}},
    503: {"Retry-After": {**RETRY, "required": True}},
}
PATHS = {
    "id": {"type": "string", "format": "uuid"},
    "system": {"type": "string", "minLength": 1, "maxLength": 60, "pattern": r"^[^/\x00-\x1f\x7f]+$"},
    "external_id": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^[^\x00-\x1f\x7f]+$"},
    "key": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,39}$"},
}
METHODS = frozenset({"get", "post", "put", "patch", "delete"})
TAGS = {
    "about": "The API itself, and who the key acts for",
    "search": "Everything at once",
    "pipelines": "Pipelines and their stages",
    "approvals": "Moves that wait for others to agree",
    "merges": "Duplicates made one",
}


def document(call: Call) -> Response:
    """The document as the actor may know it: kinds of record and fields that they may read or write.

    Without a key it is that of all kinds, without customers' own fields.
    """
    records = call.tenon.records
    if call.anonymous:
        made = _whole(call, [Known(t, t, t) for t in records.registry_without_customers])
    else:
        with records.reading(call.actor, via="api") as work:
            known = [_known_of(work, t) for t in work.registry if _may_use(work, t)]
        made = records.statement(("openapi", *known), lambda: _whole(call, known))
    return answer(made, headers={"Cache-Control": "private, no-cache", "Vary": "Authorization"})


@dataclass(frozen=True)
class Known:
    """A kind of record with the fields that somebody may read, give a new one and change."""

    read: EntityType
    create: EntityType
    update: EntityType

    def schemas(self) -> dict[str, schemas.Schema]:
        return {
            **schemas.of_type(self.read),
            f"{self.read.name}_new": schemas.new(self.create),
            f"{self.read.name}_change": schemas.written(self.update),
        }


def _known_of(work: Work, type_: EntityType) -> Known:
    kinds = (visible.kind(work, type_, action) for action in ("read", "create", "update"))
    return Known(*kinds)


def _may_use(work: Work, type_: EntityType) -> bool:
    return any(work.access.allows(work.actor, action, type_.name) for action in ("read", "create", "update"))


def _whole(call: Call, known: list[Known]) -> dict[str, Any]:
    from .routes import OPERATIONS

    made = build(known, OPERATIONS, call.tenon.settings)
    for plugin, endpoint in call.tenon.endpoints:
        if endpoint.face == "api" and endpoint.openapi:
            add_plugin(made, plugin, endpoint.openapi)
    return made


def build(known: list[Known], operations: tuple[Operation, ...], settings: Settings) -> dict[str, Any]:
    """The document for those kinds of record."""
    paths: dict[str, Any] = {}
    types = [kind.read for kind in known]
    for operation in operations:
        for type_ in operation.kinds(types):
            path = operation.path_for(type_)
            found = paths.setdefault(path, _path(path))
            found[operation.method.lower()] = _operation(operation, type_)
    tags = [{"name": name, "description": text} for name, text in TAGS.items()]
    tags += [
        {"name": t.collection, "description": str(t.entity.description or t.label_plural)} for t in types
    ]
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{settings.name} API", "version": "1", "description": _ABOUT},
        "servers": [{"url": PREFIX}],
        "security": [{"key": []}],
        "tags": tags,
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "An API key."}},
            "parameters": {
                **{_key(p): _parameter(p, settings.limits) for o in operations for p in _known(o)},
                **{f"{t.name}_filter": filters(t) for t in types},
            },
            "responses": {f"refused_{status}": _refusal(status) for status in REASONS},
            "schemas": {
                "Problem": schemas.PROBLEM,
                **queries.SHARED,
                "Search": queries.search(settings.limits),
                **{name: schema for kind in known for name, schema in kind.schemas().items()},
            },
        },
    }


def add_plugin(made: dict[str, Any], plugin: str, described: Mapping[str, Any]) -> None:
    """Put what a plugin says of its routes into the document, below ``/x/<plugin>``.

    What every route can answer without the plugin's doing is added to what it says.
    """
    made["tags"].append({"name": plugin, "description": f"What {plugin} adds"})
    for kind, found in described.get("components", {}).items():
        made["components"][kind] = {**found, **made["components"].get(kind, {})}
    for path, item in described.get("paths", {}).items():
        place = f"/x/{plugin}{path}"
        made["paths"][place] = {
            method: _plugins_own(plugin, place, method, part) if method in METHODS else part
            for method, part in item.items()
        }


def _plugins_own(plugin: str, place: str, method: str, part: Mapping[str, Any]) -> dict[str, Any]:
    refused = {400, 401, 403, 429, 503} | ({404} if "{" in place else set())
    told = {str(status): {"$ref": f"#/components/responses/refused_{status}"} for status in sorted(refused)}
    own = {
        status: answer if "content" in answer or status not in told else told[status]
        for status, answer in part.get("responses", {}).items()
    }
    defaults = {"operationId": _identifier(method, place), "tags": [plugin]}
    return {**defaults, **part, "responses": {**told, **own}}


def _identifier(method: str, path: str) -> str:
    return re.sub(r"\W+", "_", f"{method} {path}").strip("_")


def filters(type_: EntityType) -> dict[str, Any]:
    """``filter[field]=value`` and ``filter[field][operator]=value`` for every field of that kind."""
    return {
        "name": "filter",
        "in": "query",
        "required": False,
        "description": "filter[field]=value or filter[field][operator]=value, as often as needed; all have "
        "to hold. A field of a record referred to is written filter[account_id.name].",
        "style": "deepObject",
        "explode": True,
        "schema": queries.filters(type_),
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
        "operationId": _identifier(operation.method.lower(), operation.path_for(type_)),
        "summary": f"{operation.summary}: {label}" if label else operation.summary,
        "tags": [type_.collection if type_ is not None else operation.tag],
        "responses": _responses(operation, type_),
    }
    if operation.public:
        found["security"] = [{}, {"key": []}]
    parameters = _parameters(operation, type_)
    if parameters:
        found["parameters"] = parameters
    if operation.body is not None:
        media = "application/merge-patch+json" if operation.method == "PATCH" else "application/json"
        schema = operation.body(type_)  # type: ignore[arg-type]
        found["requestBody"] = {"required": True, "content": {media: {"schema": schema}}}
    return found


def _known(operation: Operation) -> list[Parameter]:
    found = [*operation.parameters]
    found += [IF_MATCH] if operation.conditional else []
    found += [IDEMPOTENCY] if operation.idempotent_key else []
    return found


def _key(parameter: Parameter) -> str:
    name = re.sub(r"\W+", "_", parameter.name).strip("_").lower()
    return f"{name}_needed" if parameter.required else name


def _parameter(parameter: Parameter, limits: LimitSettings) -> dict[str, Any]:
    schema = parameter.schema
    if parameter.name == "page[size]":
        schema = {**schema, "maximum": limits.max_page_size, "default": limits.page_size}
    return {
        "name": parameter.name,
        "in": parameter.where,
        "required": parameter.required,
        "description": parameter.description,
        "schema": schema,
    }


def _parameters(operation: Operation, type_: EntityType | None) -> list[dict[str, Any]]:
    keys = [_key(parameter) for parameter in _known(operation)]
    if operation.filtered and type_ is not None:
        keys.insert(0, f"{type_.name}_filter")
    return [{"$ref": f"#/components/parameters/{key}"} for key in keys]


def _responses(operation: Operation, type_: EntityType | None) -> dict[str, Any]:
    found = {str(status): _done(operation, type_, status) for status in operation.status}
    refused = {*operation.refusals, 400, 401, 429, 503}
    refused |= {404} if "{" in operation.path else set()
    refused |= {412, 428} if operation.conditional else set()
    for status in sorted(refused):
        found[str(status)] = {"$ref": f"#/components/responses/refused_{status}"}
    return found


def _refusal(status: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "description": REASONS[status],
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    return {**found, "headers": REFUSAL_HEADERS[status]} if status in REFUSAL_HEADERS else found


def _done(operation: Operation, type_: EntityType | None, status: int) -> dict[str, Any]:
    found: dict[str, Any] = {"description": "Not changed" if status == 304 else operation.summary}
    schema_of = operation.answers.get(status, operation.answer)
    if schema_of is not None and status != 304:
        schema = schema_of(type_)  # type: ignore[arg-type]
        found["content"] = {"application/json": {"schema": schema}}
    if schema_of is schemas.ref:
        found["headers"] = {"ETag": {**ETAG, "required": True}}
        if status == 201:
            found["headers"]["Location"] = {**LOCATION, "required": True}
    return found


__all__ = ["build", "document"]
