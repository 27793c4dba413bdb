"""What can be asked of records, as data. Every face builds these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ..errors import BadRequestError, Problem
from ..messages import _

Operator = Literal[
    "eq",
    "ne",
    "gt",
    "gte",
    "lt",
    "lte",
    "in",
    "not_in",
    "contains",
    "not_contains",
    "starts_with",
    "ends_with",
    "empty",
    "between",
    "within",
]
OPERATORS: tuple[str, ...] = get_args(Operator)
MOST_NESTED = 20


@dataclass(frozen=True)
class Where:
    """A test on one field.

    ``field`` is a path: ``name``, ``custom.size``, ``ext.loyalty.tier``, or through a
    reference ``account_id.name``. ``in``/``not_in`` take a list, ``between`` a pair,
    ``empty`` a boolean, ``within`` a named period (``today``, ``this_week``, ``this_month``,
    ``this_quarter``, ``this_year``, ``last_7_days``, ``last_30_days``, ``next_7_days``, ``next_30_days``,
    ``last_month``, ``last_quarter``, ``last_year``). The value ``$me`` stands for the actor's id.
    """

    field: str
    op: Operator = "eq"
    value: Any = None


@dataclass(frozen=True)
class And:
    parts: tuple[Filter, ...]


@dataclass(frozen=True)
class Or:
    parts: tuple[Filter, ...]


@dataclass(frozen=True)
class Not:
    part: Filter


Filter = Where | And | Or | Not


@dataclass(frozen=True)
class Query:
    """One page of a list.

    ``sort`` holds paths, ``-`` in front for descending. ``after`` is the opaque
    cursor of the page before. ``total`` asks for the number of records (capped at
    ``total_cap``, counted exactly when that is ``None``). ``search`` is free text
    over the entity's search fields. ``fields`` restricts what is read.
    """

    filter: Filter | None = None
    sort: tuple[str, ...] = ()
    size: int = 50
    after: str | None = None
    fields: tuple[str, ...] | None = None
    total: bool = False
    total_cap: int | None = None
    search: str | None = None
    archived: Literal["no", "only", "all"] = "no"


def told_of(query: Query) -> dict[str, Any]:
    """What a list is restricted to, as JSON data for a log."""
    found = {"filter": _told(query.filter), "search": query.search, "archived": query.archived}
    return {name: value for name, value in found.items() if value not in (None, "no")}


def _told(part: Filter | None) -> Any:
    match part:
        case Where():
            value = [str(v) for v in part.value] if isinstance(part.value, list | tuple) else part.value
            return f"{part.field} {part.op} {value}"
        case And():
            return {"and": [_told(inner) for inner in part.parts]}
        case Or():
            return {"or": [_told(inner) for inner in part.parts]}
        case Not():
            return {"not": _told(part.part)}
    return None


def all_of(*parts: Filter | None) -> Filter | None:
    """The conjunction of those parts that are there."""
    found = tuple(part for part in parts if part is not None)
    return found[0] if len(found) == 1 else And(found) if found else None


def filter_from(data: Any, depth: int = 0) -> Filter:
    """A filter from JSON data; ``BadRequestError`` for anything else.

    ``{"and": […]}``, ``{"or": […]}``, ``{"not": …}`` or ``{"field": …, "op": …, "value": …}``.
    """
    if not isinstance(data, Mapping) or depth > MOST_NESTED:
        raise _shapeless()
    if set(data) in ({"and"}, {"or"}):
        ((kind, parts),) = data.items()
        if not isinstance(parts, list):
            raise _refused("invalid", _("%(kind)s takes a list of filters", kind=kind))
        found = tuple(filter_from(part, depth + 1) for part in parts)
        return And(found) if kind == "and" else Or(found)
    if set(data) == {"not"}:
        return Not(filter_from(data["not"], depth + 1))
    if "field" not in data or set(data) - {"field", "op", "value"} or not isinstance(data["field"], str):
        raise _shapeless()
    return Where(data["field"], operator(data.get("op", "eq")), data.get("value"))


def operator(name: Any) -> Any:
    """``name``, if it is an operator; ``BadRequestError`` with those there are."""
    if name not in OPERATORS:
        detail = _(
            "There is no operator %(op)s; use one of: %(known)s",
            op=str(name)[:40],
            known=", ".join(OPERATORS),
        )
        raise _refused("unknown-operator", detail)
    return name


def _shapeless() -> BadRequestError:
    return _refused("invalid", _("A filter is an object with and, or, not, or field, op and value"))


def _refused(code: str, detail: str) -> BadRequestError:
    return BadRequestError(detail, problems=[Problem("", code, detail, {"parameter": "filter"})])
