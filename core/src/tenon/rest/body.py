"""What a client sent, understood or refused with a reason."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson
from flask import request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from ..errors import BadRequestError, Problem
from ..messages import _

JSON_TYPES = ("application/json", "application/merge-patch+json")
STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?')
"""A JSON string, and the colon behind it where it is a key."""


def json_object(most_bytes: int, most_depth: int) -> dict[str, Any]:
    """The request's body as a JSON object.

    ``UnsupportedMediaType`` (415), ``RequestEntityTooLarge`` (413), or ``BadRequestError`` for
    what is no JSON, too deep, not an object, or names a key twice: RFC 8259 leaves open which of
    two values counts, so one of them would be lost unseen.
    """
    data = _bytes(most_bytes)
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise _refused("not-json", _("The body is not JSON: %(reason)s", reason=str(error))) from None
    if not isinstance(found, dict):
        raise _refused("not-an-object", _("The body has to be a JSON object"))
    keys = keys_within(found, most_depth)
    if keys is None:
        raise _refused("too-deep", _("The body is nested more than %(most)s levels deep", most=most_depth))
    if keys != sum(1 for colon in STRING.findall(data) if colon):
        raise _repeated(data)
    return found


def _bytes(most: int) -> bytes:
    if request.mimetype not in JSON_TYPES:
        raise UnsupportedMediaType(_("Send JSON with Content-Type: application/json"))
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType(_("Send the body as it is, without Content-Encoding"))
    if (request.content_length or 0) > most:
        raise RequestEntityTooLarge(_("Send %(most)s bytes at most", most=most))
    data = request.stream.read(most + 1)
    if len(data) > most:
        raise RequestEntityTooLarge(_("Send %(most)s bytes at most", most=most))
    return data


def _refused(code: str, detail: str, pointer: str = "") -> BadRequestError:
    return BadRequestError(detail, problems=[Problem(pointer, code, detail)])


def _repeated(data: bytes) -> BadRequestError:
    twice: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        for key, _value in pairs:
            if key in seen:
                twice.append(key)
            seen.add(key)

    json.loads(data, object_pairs_hook=look)
    return _refused("repeated-key", _("The key %(key)s is there twice", key=twice[0] if twice else ""))


def keys_within(value: Any, most: int) -> int | None:
    """How many keys the objects in ``value`` have; ``None`` where it is nested more than ``most``
    levels deep."""
    keys, level = 0, [value]
    for _depth in range(most):
        below: list[Any] = []
        for found in level:
            if isinstance(found, dict):
                keys += len(found)
                below.extend(found.values())
            else:
                below.extend(found)
        level = [part for part in below if isinstance(part, dict | list)]
        if not level:
            return keys
    return None
