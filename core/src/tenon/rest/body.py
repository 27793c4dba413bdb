"""What a client sent, understood or refused with a reason."""

from __future__ import annotations

from typing import Any

import orjson
from flask import request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from ..errors import BadRequestError, Problem
from ..messages import _

JSON_TYPES = ("application/json", "application/merge-patch+json")


def json_object(most_bytes: int, most_depth: int) -> dict[str, Any]:
    """The request's body as a JSON object.

    ``UnsupportedMediaType`` (415), ``RequestEntityTooLarge`` (413), or
    ``BadRequestError`` for what is no JSON, too deep, or not an object.
    """
    if request.mimetype not in JSON_TYPES:
        raise UnsupportedMediaType(_("Send JSON with Content-Type: application/json"))
    if (request.content_length or 0) > most_bytes:
        raise RequestEntityTooLarge(_("Send %(most)s bytes at most", most=most_bytes))
    data = request.stream.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise RequestEntityTooLarge(_("Send %(most)s bytes at most", most=most_bytes))
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise _refused("not-json", _("The body is not JSON: %(reason)s", reason=str(error))) from None
    if not isinstance(found, dict):
        raise _refused("not-an-object", _("The body has to be a JSON object"))
    if deeper_than(found, most_depth):
        raise _refused("too-deep", _("The body is nested more than %(most)s levels deep", most=most_depth))
    return found


def _refused(code: str, detail: str) -> BadRequestError:
    return BadRequestError(detail, problems=[Problem("", code, detail)])


def deeper_than(value: Any, most: int) -> bool:
    """Whether ``value`` is nested more than ``most`` levels deep."""
    level = [value]
    for _depth in range(most):
        level = [
            part
            for found in level
            if isinstance(found, dict | list)
            for part in (found.values() if isinstance(found, dict) else found)
        ]
        if not level:
            return False
    return any(isinstance(found, dict | list) for found in level)
