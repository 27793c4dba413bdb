"""A list's filter in its address, as chips and as a form.

``?filter[amount][gte]=1000&filter[stage][in]=won,lost``: the grammar of the API, so
that an address of one can be read as a query of the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from werkzeug.datastructures import MultiDict

from ..errors import BadRequestError, Problem
from ..messages import Message, _
from ..records.filters import OPERATORS
from ..records.query import Filter, Operator, Where, all_of
from ..records.registry import EntityType, Field

NAME = re.compile(r"filter\[([^\[\]]+)\](?:\[([^\[\]]+)\])?")
ORDERED: tuple[str, ...] = get_args(Operator)

OPERATOR_LABELS: Mapping[str, Message] = {
    "eq": _("is"),
    "ne": _("is not"),
    "gt": _("is more than"),
    "gte": _("is at least"),
    "lt": _("is less than"),
    "lte": _("is at most"),
    "in": _("is one of"),
    "not_in": _("is none of"),
    "contains": _("contains"),
    "not_contains": _("does not contain"),
    "starts_with": _("starts with"),
    "ends_with": _("ends with"),
    "empty": _("is empty"),
    "between": _("is between"),
    "within": _("is within"),
}
# A condition in words: languages differ in where the operator stands.
SENTENCES: Mapping[str, Message] = {
    "eq": _("%(field)s is %(value)s"),
    "ne": _("%(field)s is not %(value)s"),
    "gt": _("%(field)s is more than %(value)s"),
    "gte": _("%(field)s is at least %(value)s"),
    "lt": _("%(field)s is less than %(value)s"),
    "lte": _("%(field)s is at most %(value)s"),
    "in": _("%(field)s is %(value)s"),
    "not_in": _("%(field)s is not %(value)s"),
    "contains": _("%(field)s contains %(value)s"),
    "not_contains": _("%(field)s does not contain %(value)s"),
    "starts_with": _("%(field)s starts with %(value)s"),
    "ends_with": _("%(field)s ends with %(value)s"),
    "empty": _("%(field)s is empty"),
    "between": _("%(field)s is between %(value)s"),
    "within": _("%(field)s: %(value)s"),
}
NOT_EMPTY = _("%(field)s is not empty")
PERIOD_LABELS: Mapping[str, Message] = {
    "today": _("Today"),
    "this_week": _("This week"),
    "this_month": _("This month"),
    "this_quarter": _("This quarter"),
    "this_year": _("This year"),
    "last_7_days": _("The last 7 days"),
    "last_30_days": _("The last 30 days"),
    "next_7_days": _("The next 7 days"),
    "next_30_days": _("The next 30 days"),
    "last_month": _("Last month"),
    "last_quarter": _("Last quarter"),
    "last_year": _("Last year"),
}
SEVERAL = frozenset({"in", "not_in"})


@dataclass(frozen=True)
class Clause:
    """One condition as it stands in an address."""

    field: str
    op: str
    value: str

    @property
    def name(self) -> str:
        return f"filter[{self.field}][{self.op}]"

    def where(self) -> Where:
        value: Any = self.value
        if self.op in SEVERAL or self.op == "between":
            value = [part.strip() for part in self.value.split(",") if part.strip()]
        return Where(self.field, self.op, value)  # type: ignore[arg-type]


def read_clauses(args: MultiDict[str, str]) -> list[Clause]:
    """The conditions in an address; ``BadRequestError`` for one that cannot be read."""
    return list(_clauses(args))


def _clauses(args: MultiDict[str, str]) -> Iterator[Clause]:
    for name, value in args.items(multi=True):
        if not name.startswith("filter"):
            continue
        found = NAME.fullmatch(name)
        if found is None:
            raise BadRequestError(
                _("The filter %(name)s cannot be read", name=name),
                hint=_("Write filter[field][operator]=value."),
                problems=[Problem("", "filter", name)],
            )
        yield Clause(found[1], found[2] or "eq", value)


def as_filter(clauses: Iterable[Clause]) -> Filter | None:
    return all_of(*(clause.where() for clause in clauses))


def filterable(type_: EntityType, allowed: Iterable[Field]) -> list[Field]:
    """The fields that a person would want to filter by, in their order."""
    return [
        f
        for f in allowed
        if f.spec.filterable and f.spec.show and f.kind not in ("json", "id") and OPERATORS[f.kind]
    ]


def operators(found: Field) -> list[tuple[str, Message]]:
    """The operators of a field with their labels, in one order everywhere."""
    return [(op, OPERATOR_LABELS[op]) for op in ORDERED if op in OPERATORS[found.kind]]
