"""One setting as data: its type, its bounds, and what makes a value of it.

The kernel's own settings and those that plugins declare in ``plugin.toml`` are
described, checked and documented by the same few types.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

_DURATION = re.compile(r"^(?:([0-9]{1,6})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s)?$")
_WORDS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


@dataclass(frozen=True)
class Setting:
    """A setting that a plugin or the kernel understands.

    ``type`` is one of :data:`SETTING_TYPES`. ``min`` and ``max`` bound numbers and
    durations. ``secret`` values are never shown. ``default`` has the type's own
    Python value; a setting without a default that is not ``required`` is ``None``.
    """

    key: str
    type: str = "string"
    default: Any = None
    required: bool = False
    choices: tuple[str, ...] = ()
    min: Any = None
    max: Any = None
    help: str = ""
    secret: bool = False


def typed(setting: Setting, raw: Any) -> Any:
    """The value that ``raw`` stands for. Raises ``ValueError`` with what was expected.

    ``raw`` comes from TOML, or as text from the environment. Results: str, int,
    bool, Decimal, tuple of str, or timedelta.
    """
    value = SETTING_TYPES[setting.type](raw)
    if setting.type == "choice" and value not in setting.choices:
        raise ValueError(f"one of {', '.join(setting.choices)}")
    if setting.type == "list" and setting.choices and not set(value) <= set(setting.choices):
        raise ValueError(f"a list of {', '.join(setting.choices)}")
    if setting.min is not None and value < setting.min:
        raise ValueError(f"at least {shown(setting.min)}")
    if setting.max is not None and value > setting.max:
        raise ValueError(f"at most {shown(setting.max)}")
    return value


def shown(value: Any) -> str:
    """A value as a person would write it in the settings file."""
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple | list):
        return f"[{', '.join(shown(item) for item in value)}]"
    return str(value)


def format_duration(value: timedelta) -> str:
    """``1d12h``: the same spelling that :func:`typed` reads."""
    seconds = int(value.total_seconds())
    units = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
    text = ""
    for unit, size in units:
        count, seconds = divmod(seconds, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def _string(raw: Any) -> str:
    if not isinstance(raw, str):
        raise ValueError("a text in quotes")
    return raw


def _integer(raw: Any) -> int:
    if isinstance(raw, str) and re.fullmatch(r"[+-]?[0-9]{1,18}", raw):
        return int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise ValueError("a whole number")
    return raw


def _boolean(raw: Any) -> bool:
    if isinstance(raw, str) and raw.casefold() in _WORDS:
        return _WORDS[raw.casefold()]
    if not isinstance(raw, bool):
        raise ValueError("true or false")
    return raw


def _decimal(raw: Any) -> Decimal:
    if isinstance(raw, bool) or not isinstance(raw, int | float | str | Decimal):
        raise ValueError("a number")
    try:
        # A TOML float goes through its shortest text, so that 0.1 is one tenth.
        value = Decimal(str(raw))
    except InvalidOperation:
        raise ValueError("a number such as 12.50") from None
    if not value.is_finite() or abs(value.adjusted()) > 28:
        raise ValueError("a number of at most 28 digits")
    return value


def _list(raw: Any) -> tuple[str, ...]:
    if isinstance(raw, str):
        return tuple(part.strip() for part in raw.split(",") if part.strip())
    if not isinstance(raw, list | tuple) or not all(isinstance(item, str) for item in raw):
        raise ValueError("a list of texts")
    return tuple(raw)


def _duration(raw: Any) -> timedelta:
    if isinstance(raw, timedelta):
        return raw
    found = _DURATION.match(raw) if isinstance(raw, str) and raw else None
    if not found:
        raise ValueError('a duration such as "30m", "12h" or "1d6h"')
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


SETTING_TYPES: Mapping[str, Callable[[Any], Any]] = {
    "string": _string,
    "integer": _integer,
    "boolean": _boolean,
    "decimal": _decimal,
    "list": _list,
    "choice": _string,
    "duration": _duration,
}
