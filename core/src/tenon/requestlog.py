"""A name for every request, and a line in the log for each."""

from __future__ import annotations

import logging
import os
import re
import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TextIO, cast

import structlog

from .errors import SettingsError
from .messages import _
from .storage.ids import new_id

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("text", "json")
HEADER = "X-Request-ID"
GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}")

log = structlog.get_logger("tenon.request")


class _StandardError:
    """Whatever standard error is at the moment: a test may have put something in its place."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure_logging(level: str | None = None, form: str | None = None) -> None:
    """Send the log to standard error: as text for people, or as a JSON object a line.

    What is not given is ``$TENON_LOG_LEVEL`` and ``$TENON_LOG_FORMAT``, else warnings as text.
    """
    chosen = _one_of("TENON_LOG_LEVEL", level, LEVELS, "warning")
    plain = _one_of("TENON_LOG_FORMAT", form, FORMATS, "text") == "text"
    threshold = logging.getLevelNamesMapping()[chosen.upper()]
    handler = logging.StreamHandler(_StandardError())
    logging.basicConfig(level=threshold, handlers=[handler], format="%(levelname)s %(name)s %(message)s")
    # It tells every step of every migration; the command line says what matters of it.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *(_as_text() if plain else _as_json()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, _StandardError())),
    )


def _as_text() -> list[Any]:
    # The other formatters print local variables, in which people's data stands.
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]


def _as_json() -> list[Any]:
    without_locals = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [structlog.processors.ExceptionRenderer(without_locals), structlog.processors.JSONRenderer()]


def _one_of(variable: str, given: str | None, known: tuple[str, ...], default: str) -> str:
    chosen = (given or os.environ.get(variable) or default).lower()
    if chosen not in known:
        raise SettingsError(
            _(
                "$%(name)s must be one of %(known)s, not %(value)s",
                name=variable,
                known=", ".join(known),
                value=chosen,
            )
        )
    return chosen


class RequestLog:
    """WSGI middleware: an id in the log, in ``environ["tenon.request_id"]`` and in the answer.

    An id that the caller gives (``X-Request-ID``) is kept where it is 64 plain characters at
    most. Each request is one line of the log at level ``info``.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        request_id = given if GIVEN.fullmatch(given) else new_id().hex
        environ["tenon.request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=request_id)
        began = time.perf_counter()

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            log.info(
                "request",
                method=environ.get("REQUEST_METHOD"),
                path=environ.get("PATH_INFO"),
                status=int(status[:3]),
                ms=round((time.perf_counter() - began) * 1000, 1),
            )
            return start_response(status, [*headers, (HEADER, request_id)], exc_info)

        return self._app(environ, start)
