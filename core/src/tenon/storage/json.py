"""JSON as Tenon writes it: decimals as strings, moments in UTC with a ``Z``."""

from __future__ import annotations

from typing import Any

import orjson

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC | orjson.OPT_NON_STR_KEYS


def dumps(value: Any) -> bytes:
    """``value`` as JSON. Decimals, and whatever JSON has no form for, become strings."""
    return orjson.dumps(value, default=str, option=_OPTIONS)


def dump_text(value: Any) -> str:
    return dumps(value).decode()


def loads(data: bytes | str) -> Any:
    return orjson.loads(data)
