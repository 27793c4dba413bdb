"""Details without secrets, in a form that both databases take.

After OWASP's Logging Cheat Sheet, "Data to exclude": passwords, session ids, access tokens,
keys and connection strings never enter a log, under whatever name they come.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..storage import json

MASK = "***"
MOST_TEXT = 200
SHORTEST_SECRET = 15
MOST_ITEMS = 50
MOST_DEPTH = 4
MOST_DETAIL = 4_000

SECRET_NAME = re.compile(
    r"passw|passphrase|passcode|secret|token|cookie|credential|authorization|bearer|otp|recovery|api_?key"
    r"|private_?key|signature|csrf|^code$|^pin$",
    re.IGNORECASE,
)
SECRET_VALUE = re.compile(
    r"tnn_[a-z0-9]{8}_[A-Za-z0-9]+"  # our own keys
    r"|(?i:bearer|basic)\s+[A-Za-z0-9+/=._~-]{8,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"  # JSON web tokens
    r"|\$argon2\w*\$[^\s\"]+"
    r"|(?<![\w-])[a-z2-9]{4}(?:-[a-z2-9]{4}){3}(?![\w-])"  # passwords that we make up
    # tokens of sessions, and others' of that size
    r"|(?<![A-Za-z0-9_-])(?=[A-Za-z0-9_-]*[A-Z])(?=[A-Za-z0-9_-]*[a-z])[A-Za-z0-9_-]{40,}"
)
SECRET_PAIR = re.compile(r"(?i)\b(passw\w*|secret|token|otp|api_?key)(\s*[=:]\s*)[^\s&,;]+")
PASSWORD_IN_URL = re.compile(r"(://[^:/@\s]*):[^@\s]*@")
TELLING = re.compile("[:=$]")
UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def plain(text: object, most: int = MOST_TEXT) -> str:
    """``text`` without secrets and without characters that a database refuses, cut to ``most``."""
    found = str(text)
    if len(found) < SHORTEST_SECRET and found.isprintable() and not TELLING.search(found):
        return found
    found = UNFIT.sub("\ufffd", found[: most * 4])
    found = SECRET_VALUE.sub(MASK, PASSWORD_IN_URL.sub(rf"\1:{MASK}@", found))
    found = SECRET_PAIR.sub(rf"\1\2{MASK}", found)
    return found if len(found) <= most else f"{found[: most - 1]}…"


def without_secrets(detail: Mapping[str, Any]) -> str | None:
    """``detail`` as JSON text: values of telling names masked, long ones cut; ``None`` for nothing."""
    if not detail:
        return None
    text = json.dump_text(_cleaned(detail, MOST_DEPTH))
    return text if len(text) <= MOST_DETAIL else json.dump_text({"cut": plain(text, MOST_DETAIL // 4)})


def _cleaned(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        # JSON in other hands keeps 53 bits
        return value if abs(value) < 2**53 else str(value)
    if depth and isinstance(value, Mapping):
        return {plain(k, 60): _named(k, v, depth) for k, v in list(value.items())[:MOST_ITEMS]}
    if depth and isinstance(value, list | tuple | set | frozenset):
        return [_cleaned(item, depth - 1) for item in list(value)[:MOST_ITEMS]]
    return plain(value)


def _named(name: object, value: Any, depth: int) -> Any:
    telling = SECRET_NAME.search(str(name)) and value is not None and not isinstance(value, bool)
    return MASK if telling else _cleaned(value, depth - 1)
