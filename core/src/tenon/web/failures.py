"""Errors as pages: what was wrong, and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from flask import Blueprint, Flask, g, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.wrappers import Response

from ..errors import NotSignedInError, Problem, TenonError
from ..messages import Message, _
from .context import by_htmx
from .session import to_sign_in

Handler = Callable[[Any], Any]

log = structlog.get_logger(__name__)

ADVICE: Mapping[int, tuple[Message, Message]] = {
    400: (_("This request could not be understood"), _("Go back, load the page anew and try again.")),
    401: (_("Sign in first"), _("Sign in, then try again.")),
    403: (_("You may not do this"), _("Ask an administrator for the permission.")),
    404: (
        _("There is nothing here"),
        _("It may be archived, merged, or not visible to you."),
    ),
    405: (_("This address cannot be used like that"), _("Go back and use the buttons of the page.")),
    409: (_("This cannot be done now"), _("Load the record anew: it may have changed since.")),
    413: (_("This is too large"), _("Send a smaller file, or split it.")),
    422: (_("Some values were not accepted"), _("Go back and mend what is listed here.")),
    429: (_("Too many attempts"), _("Wait a minute, then try again.")),
    500: (
        _("Something went wrong"),
        _("Nothing was saved. Try again; if it happens once more, tell an administrator."),
    ),
    503: (_("The database cannot be reached right now"), _("Try again in a few seconds.")),
}


@dataclass(frozen=True)
class Failure:
    """An error as its page shows it."""

    status: int
    title: str
    hint: str
    problems: tuple[Problem, ...] = ()


def handle(pages: Blueprint) -> None:
    """Show errors of these routes as pages."""
    pages.register_error_handler(TenonError, _refused)
    pages.register_error_handler(HTTPException, _http)
    pages.register_error_handler(CSRFError, _untrusted)
    pages.register_error_handler(Exception, _crashed)


def handle_unrouted(app: Flask, api: str) -> None:
    """Show a page for an address that nobody has; below ``api`` the API goes on answering itself."""
    for missing in (NotFound, MethodNotAllowed):
        before = app.error_handler_spec[None][missing.code].get(missing)
        app.register_error_handler(missing, _chained(before, api))


def _chained(before: Handler | None, api: str) -> Handler:
    def answer(error: Any) -> Any:
        if before is not None and request.path.startswith(api):
            return before(error)
        return _http(error)

    return answer


def _refused(error: TenonError) -> Response:
    if isinstance(error, NotSignedInError) and request.method in ("GET", "HEAD"):
        return to_sign_in()
    title, hint = ADVICE.get(error.status, ADVICE[500])
    return page(Failure(error.status, error.message or title, error.hint or hint, error.problems))


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if error.response is not None or status < 400:
        return error.get_response()
    title, hint = ADVICE.get(status, ADVICE[400 if status < 500 else 500])
    return page(Failure(status, title, hint))


def _untrusted(_error: CSRFError) -> Response:
    return page(
        Failure(
            400,
            _("This form has expired"),
            _("Go back, load the page anew and send the form again. Cookies must be allowed for this site."),
        )
    )


def _crashed(error: Exception) -> Response:
    log.exception("request failed", path=request.path, method=request.method)
    return page(Failure(500, *ADVICE[500]))


def page(failure: Failure) -> Response:
    """The failure inside the shell where somebody is signed in, by itself otherwise."""
    template = "tenon/error/part.html" if by_htmx() else "tenon/error/page.html"
    layout = "tenon/base.html" if g.get("actor") is not None and failure.status != 503 else "tenon/plain.html"
    return Response(
        render_template(template, failure=failure, layout=layout), failure.status, mimetype="text/html"
    )
