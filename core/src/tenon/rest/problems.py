"""Errors as RFC 9457 problem details."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from werkzeug.exceptions import HTTPException

from ..errors import TenonError
from ..storage import json

CONTENT_TYPE = "application/problem+json"


def problem(
    status: int,
    code: str,
    title: str,
    detail: str | None = None,
    *,
    hint: str | None = None,
    errors: Any = (),
    headers: Any = None,
    **extra: Any,
) -> Response:
    """One problem document. ``errors`` are ``{pointer, code, detail}`` objects."""
    body: dict[str, Any] = {
        "type": f"urn:tenon:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        "instance": request.path,
    }
    if detail and detail != title:
        body["detail"] = detail
    if hint:
        body["hint"] = hint
    if errors:
        body["errors"] = list(errors)
    found = Response(json.dumps({**body, **extra}), status, content_type=CONTENT_TYPE)
    found.headers.update(headers or {})
    return found


def from_error(error: TenonError) -> Response:
    """The problem document for one of our own errors."""
    errors = [{"pointer": p.pointer, "code": p.code, "detail": p.detail, **p.extra} for p in error.problems]
    headers = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "5"}}.get(error.status)
    return problem(
        error.status, error.code, str(type(error).title), str(error.message),
        hint=error.hint, errors=errors, headers=headers, **error.extra,
    )  # fmt: skip


def from_http(error: HTTPException) -> Response:
    """The problem document for an error of routing or of the protocol."""
    status = error.code or 500
    headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    code = (error.name or "error").lower().replace(" ", "-")
    return problem(status, code, error.name or "Error", error.description, headers=headers)
