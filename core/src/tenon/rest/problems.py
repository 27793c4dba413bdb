"""Errors as RFC 9457 problem details.

What a program is told never holds SQL, addresses or other text of the database's
driver: that goes to the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from flask import Flask, Response, request
from sqlalchemy import exc
from werkzeug.exceptions import HTTPException

from ..errors import TenonError, UnavailableError
from ..messages import _
from ..storage import json

CONTENT_TYPE = "application/problem+json"
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
ADVICE: Mapping[int, tuple[str, str]] = {
    404: (_("There is nothing at this address"), _("GET /api/v1/ lists every collection.")),
    405: (_("This address does not take that method"), _("The header Allow names those that it takes.")),
    500: (_("Something went wrong here"), _("Nothing was saved. Tell an administrator when it happened.")),
}
"""What to say in place of werkzeug's own description."""

log = structlog.get_logger(__name__)


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
    if status >= 500 and "tenon.request_id" in request.environ:
        body["request_id"] = request.environ["tenon.request_id"]
    found = Response(json.dumps({**body, **extra}), status, HEADERS, content_type=CONTENT_TYPE)
    found.headers.update(headers or {})
    return found


def from_error(error: TenonError) -> Response:
    """The problem document for one of our own errors."""
    errors = [{"pointer": p.pointer, "code": p.code, "detail": p.detail, **p.extra} for p in error.problems]
    wait = str(error.extra.get("retry_after", 60))
    headers = {
        401: {"WWW-Authenticate": "Bearer"},
        429: {"Retry-After": wait},
        503: {"Retry-After": "5"},
    }.get(error.status)
    return problem(
        error.status, error.code, str(type(error).title), public_reason(error),
        hint=error.hint, errors=errors, headers=headers, **error.extra,
    )  # fmt: skip


def public_reason(error: TenonError) -> str:
    """What went wrong, without what the database's driver said of hosts and users."""
    text = str(error.message)
    if not isinstance(error, UnavailableError):
        return text
    log.warning("database unavailable", reason=text)
    return text.split(":", 1)[0]


def from_http(error: HTTPException) -> Response:
    """The problem document for an error of routing or of the protocol."""
    status = error.code or 500
    headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    code = (error.name or "error").lower().replace(" ", "-")
    plain = error.description == type(error).description
    detail, hint = ADVICE.get(status, (error.description, None)) if plain else (error.description, None)
    return problem(status, code, error.name or "Error", detail, hint=hint, headers=headers)


def from_database(error: exc.DBAPIError) -> Response:
    """A value that no column can hold, or a constraint that only the database sees; else raised on."""
    if isinstance(error, exc.IntegrityError):
        code, status, title = "conflict", 409, _("Somebody else did the same in this moment")
    elif isinstance(error, exc.DataError):
        code, status, title = "bad-request", 400, _("The database cannot hold a value that was sent")
    else:
        raise error
    log.warning("database refused a write", error=str(error.orig))
    return problem(status, code, title, hint=_("Read what is there now, then try again."))


def answer_unrouted(app: Flask, below: str) -> None:
    """Answer for addresses below that path that no operation has, in the API's own way."""

    def handle(error: HTTPException) -> Any:
        return from_http(error) if request.path.startswith(below) else error

    for status in (404, 405):
        app.register_error_handler(status, handle)
