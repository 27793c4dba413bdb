"""What a condition means on a record's values."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from ..plugin.contributions import Condition

ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
OPERATORS = frozenset({*ORDERED, "eq", "ne", "in", "contains", "empty"})


def is_empty(value: Any) -> bool:
    """Whether a field holds nothing. Zero and ``False`` are something."""
    return value is None or value == "" or value == [] or value == {}


def holds(condition: Condition, value: Any) -> bool:
    """Whether ``condition`` is true of ``value``.

    Nothing is neither more nor less than anything: an ordering of an empty
    field does not hold. What stands in a settings file is understood as the
    field's own kind: ``50000`` as a Decimal, ``"2026-01-31"`` as a date.
    """
    op, wanted = condition.op, condition.value
    if op == "empty":
        return is_empty(value) == (wanted is None or bool(wanted))
    if op == "in":
        return any(_same(value, item) for item in wanted or ())
    if op == "eq":
        return _same(value, wanted)
    if op == "ne":
        return not _same(value, wanted)
    if op == "contains":
        return _contains(value, wanted)
    if op not in ORDERED:
        raise ValueError(f"unknown operator {op!r}; known are {', '.join(sorted(OPERATORS))}")
    if is_empty(value) or is_empty(wanted):
        return False
    try:
        return ORDERED[op](value, like(value, wanted))
    except TypeError:
        return False


def like(value: Any, wanted: Any) -> Any:
    """``wanted`` as the kind of value that ``value`` is, where it can be read so."""
    try:
        if isinstance(value, bool):
            return wanted
        if isinstance(value, (Decimal, int)) and isinstance(wanted, (int, float, str)):
            return Decimal(str(wanted))
        if isinstance(value, datetime):
            return _moment(wanted)
        if isinstance(value, date) and isinstance(wanted, str):
            return date.fromisoformat(wanted)
        if isinstance(value, UUID) and isinstance(wanted, str):
            return UUID(wanted)
    except (ValueError, InvalidOperation):
        return wanted
    return wanted


def _moment(wanted: Any) -> Any:
    if isinstance(wanted, str):
        wanted = datetime.fromisoformat(wanted)
    elif isinstance(wanted, date) and not isinstance(wanted, datetime):
        wanted = datetime(wanted.year, wanted.month, wanted.day)
    if isinstance(wanted, datetime) and wanted.tzinfo is None:
        return wanted.replace(tzinfo=UTC)
    return wanted


def _same(value: Any, wanted: Any) -> bool:
    if is_empty(value) or is_empty(wanted):
        return is_empty(value) and is_empty(wanted)
    return bool(value == like(value, wanted))


def _contains(value: Any, wanted: Any) -> bool:
    if is_empty(value) or is_empty(wanted):
        return False
    if isinstance(value, (list, tuple)):
        return wanted in value
    return str(wanted).casefold() in str(value).casefold()
