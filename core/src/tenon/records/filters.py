"""From a filter as data to a predicate in SQL.

Every operator has the same meaning on SQLite and PostgreSQL and in Python
(``tests/records`` compares the three). Text is compared without regard to case by
``contains``, ``starts_with`` and ``ends_with``, exactly by the others. ``ne`` and
``not_…`` match records where the field is empty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from marshmallow import ValidationError

from ..errors import BadRequestError, Problem
from ..messages import _
from .query import And, Filter, Not, Or, Where
from .registry import EntityType, Field, Registry, nearest

TEXT = frozenset(
    {"eq", "ne", "in", "not_in", "contains", "not_contains", "starts_with", "ends_with", "empty"}
)
ORDER = frozenset({"eq", "ne", "gt", "gte", "lt", "lte", "in", "not_in", "between", "empty"})
TIME = ORDER | {"within"}
PICK = frozenset({"eq", "ne", "in", "not_in", "empty"})

OPERATORS: dict[str, frozenset[str]] = {
    "text": TEXT | {"gt", "gte", "lt", "lte"},
    "long_text": frozenset({"contains", "not_contains", "empty"}),
    "integer": ORDER,
    "number": ORDER,
    "money": ORDER,
    "currency": PICK,
    "date": TIME,
    "datetime": TIME,
    "boolean": frozenset({"eq", "ne", "empty"}),
    "choice": PICK,
    "multi_choice": frozenset({"contains", "not_contains", "empty"}),
    "reference": PICK,
    "url": TEXT,
    "email": TEXT,
    "phone": TEXT,
    "json": frozenset({"empty"}),
    "id": ORDER,
}
"""Which operators each kind of field takes."""

MOST_VALUES = 1000
MOST_DEPTH = 12
MOST_PARTS = 200

Scope = Callable[[EntityType], "sa.ColumnElement[bool] | None"]
Visible = Callable[[EntityType], Mapping[str, Field]]


class FilterCompiler:
    """Compiles filters for one actor.

    ``visible(type)`` are the fields that the actor may see, by path: a hidden one
    answers as one that does not exist. ``scope(type)`` is the predicate put on the
    records that a filter reaches through a reference.
    """

    def __init__(
        self,
        registry: Registry,
        dialect: str,
        scope: Scope,
        visible: Visible,
        *,
        now: datetime,
        me: Any,
        zone: str,
    ) -> None:
        self.registry = registry
        self.dialect = dialect
        self.scope = scope
        self.visible = visible
        self.now = now
        self.me = me
        self.zone = zone
        self._parts = 0

    def compile(self, type_: EntityType, found: Filter, depth: int = 0) -> sa.ColumnElement[bool]:
        """The predicate for ``found`` on the source of ``type_``."""
        self._parts += 1
        if depth > MOST_DEPTH or self._parts > MOST_PARTS:
            raise BadRequestError(
                _("This filter is too large"), hint=_("Use fewer or less nested conditions.")
            )
        if isinstance(found, And):
            return sa.and_(sa.true(), *(self.compile(type_, part, depth + 1) for part in found.parts))
        if isinstance(found, Or):
            return sa.or_(sa.false(), *(self.compile(type_, part, depth + 1) for part in found.parts))
        if isinstance(found, Not):
            inner = self.compile(type_, found.part, depth + 1)
            return (
                sa.func.coalesce(inner, sa.false()).is_(sa.false())
                if self.dialect != "sqlite"
                else sa.not_(sa.func.coalesce(inner, sa.false()))
            )
        return self._where(type_, found, depth)

    def field(self, type_: EntityType, path: str) -> Field:
        seen = self.visible(type_)
        found = seen.get(path)
        if found is None or path == "custom" or not found.spec.filterable:
            known = [p for p in seen if p != "custom"]
            raise BadRequestError(
                _("%(entity)s cannot be filtered by %(path)s", entity=type_.label, path=path),
                hint=nearest(path, known),
                problems=[Problem("", "unknown-field", _("There is no field %(path)s", path=path))],
            )
        return found

    def _where(self, type_: EntityType, where: Where, depth: int) -> sa.ColumnElement[bool]:
        head, rest = _split(self.visible(type_), where.field)
        if rest:
            return self._through(type_, head, Where(rest, where.op, where.value), depth)
        found = self.field(type_, where.field)
        if where.op not in OPERATORS[found.kind]:
            raise BadRequestError(
                _("%(path)s cannot be filtered with %(op)s", path=where.field, op=where.op),
                hint=_("Use one of: %(ops)s.", ops=", ".join(sorted(OPERATORS[found.kind]))),
                problems=[
                    Problem("", "unknown-operator", _("There is no operator %(op)s here", op=where.op))
                ],
            )
        return self._test(found, found.expression(type_.table), where.op, where.value)

    def _through(self, type_: EntityType, head: str, rest: Where, depth: int) -> sa.ColumnElement[bool]:
        """A condition on the record that a reference points at."""
        link = self.field(type_, head)
        if link.spec.to is None or link.spec.to not in self.registry:
            raise BadRequestError(_("%(path)s does not lead to another record", path=head))
        target = self.registry[link.spec.to]
        condition = self.compile(target, rest, depth + 1)
        allowed = self.scope(target)
        inner = sa.select(target.table.c.id).select_from(target.source).where(condition)
        if allowed is not None:
            inner = inner.where(allowed)
        return link.expression(type_.table).in_(inner.correlate(None))

    def _test(self, found: Field, sql: sa.ColumnElement[Any], op: str, value: Any) -> sa.ColumnElement[bool]:
        if op == "empty":
            return sql.is_(None) if self._load_flag(value) else sql.is_not(None)
        if op in ("in", "not_in"):
            values = [self._load(found, part) for part in self._list(found, value)]
            return sql.in_(values) if op == "in" else sa.or_(sql.is_(None), sql.not_in(values))
        if op == "between":
            low, high = self._pair(found, value)
            return sa.and_(sql >= self._load(found, low), sql <= self._load(found, high))
        if op == "within":
            return self._within(found, sql, value)
        if op in ("contains", "not_contains", "starts_with", "ends_with"):
            return self._like(found, sql, op, value)
        if value is None:
            raise BadRequestError(
                _("%(path)s: compare with a value", path=found.path),
                hint=_("Use the operator empty to find records without a value."),
            )
        loaded = self._load(found, value)
        if op == "ne":
            return sa.or_(sql.is_(None), sql != loaded)
        tests: dict[str, Callable[[], sa.ColumnElement[bool]]] = {
            "eq": lambda: sql == loaded,
            "gt": lambda: sql > loaded,
            "gte": lambda: sql >= loaded,
            "lt": lambda: sql < loaded,
            "lte": lambda: sql <= loaded,
        }
        return tests[op]()

    def _like(self, found: Field, sql: sa.ColumnElement[Any], op: str, value: Any) -> sa.ColumnElement[bool]:
        if found.kind == "multi_choice":
            return self._holds(found, sql, op, value)
        if not isinstance(value, str) or "\x00" in value:
            raise BadRequestError(_("%(path)s: give a text to look for", path=found.path))
        text = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        pattern = {"starts_with": f"{text}%", "ends_with": f"%{text}"}.get(op, f"%{text}%")
        test = like(sql, pattern, self.dialect)
        return sa.or_(sql.is_(None), sa.not_(test)) if op == "not_contains" else test

    def _holds(self, found: Field, sql: sa.ColumnElement[Any], op: str, value: Any) -> sa.ColumnElement[bool]:
        key = str(value)
        if key not in [c.key for c in found.spec.choices]:
            raise BadRequestError(
                _("%(path)s has no choice %(key)s", path=found.path, key=key),
                hint=nearest(key, [c.key for c in found.spec.choices]),
            )
        if self.dialect == "sqlite":
            test: sa.ColumnElement[bool] = sa.cast(sql, sa.Text).like(f'%"{key}"%')
        else:
            from sqlalchemy.dialects.postgresql import JSONB

            test = sa.type_coerce(sql, JSONB).contains([key])
        return sa.or_(sql.is_(None), sa.not_(test)) if op == "not_contains" else test

    def _within(self, found: Field, sql: sa.ColumnElement[Any], value: Any) -> sa.ColumnElement[bool]:
        zone = ZoneInfo(self.zone)
        start, end = period(str(value), self.now.astimezone(zone).date())
        if found.kind == "date":
            return sa.and_(sql >= start, sql < end)
        first = datetime(start.year, start.month, start.day, tzinfo=zone).astimezone(UTC)
        last = datetime(end.year, end.month, end.day, tzinfo=zone).astimezone(UTC)
        return sa.and_(sql >= first, sql < last)

    def _load(self, found: Field, value: Any) -> Any:
        if value == "$me" and found.kind in ("reference", "id"):
            return self.me
        try:
            loaded = found.load(value)
        except ValidationError as error:
            texts = error.messages if isinstance(error.messages, list) else [str(error.messages)]
            raise BadRequestError(
                _("%(path)s: %(value)s is not a value of it", path=found.path, value=str(value)[:60]),
                hint=" ".join(str(t) for t in texts),
                problems=[Problem("", "invalid", str(t)) for t in texts],
            ) from None
        if loaded is None:
            raise BadRequestError(
                _("%(path)s: compare with a value", path=found.path),
                hint=_("Use the operator empty to find records without a value."),
            )
        return loaded

    def _load_flag(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        if str(value).lower() in ("true", "1", "yes"):
            return True
        if str(value).lower() in ("false", "0", "no"):
            return False
        raise BadRequestError(_("The operator empty takes true or false"))

    def _list(self, found: Field, value: Any) -> list[Any]:
        values = value.split(",") if isinstance(value, str) else value
        if not isinstance(values, list | tuple) or len(values) > MOST_VALUES:
            raise BadRequestError(
                _("%(path)s: give a list of at most %(most)s values", path=found.path, most=MOST_VALUES)
            )
        return list(values)

    def _pair(self, found: Field, value: Any) -> tuple[Any, Any]:
        values = self._list(found, value)
        if len(values) != 2:
            raise BadRequestError(_("%(path)s: between takes two values", path=found.path))
        return values[0], values[1]


def _split(fields: Mapping[str, Field], path: str) -> tuple[str, str]:
    """``account_id.name`` as the reference it goes through and the rest; no rest for a field of its own."""
    parts = path.split(".")
    for count in range(1, len(parts)):
        head = ".".join(parts[:count])
        if path not in fields and (head in fields or count == len(parts) - 1) and head != "custom":
            return head, ".".join(parts[count:])
    return path, ""


def like(sql: sa.ColumnElement[Any], pattern: str, dialect: str) -> sa.ColumnElement[bool]:
    """``sql`` matches ``pattern`` without regard to case, in every script."""
    if dialect == "sqlite":
        return sa.func.casefold(sql).like(pattern.casefold(), escape="\\")
    return sql.ilike(pattern, escape="\\")


def period(name: str, today: date) -> tuple[date, date]:
    """The first day of a named period and the day after its last."""
    monday = today - timedelta(days=today.weekday())
    first = today.replace(day=1)
    quarter = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    periods: dict[str, Callable[[], tuple[date, date]]] = {
        "today": lambda: (today, today + timedelta(days=1)),
        "yesterday": lambda: (today - timedelta(days=1), today),
        "tomorrow": lambda: (today + timedelta(days=1), today + timedelta(days=2)),
        "this_week": lambda: (monday, monday + timedelta(days=7)),
        "last_week": lambda: (monday - timedelta(days=7), monday),
        "next_week": lambda: (monday + timedelta(days=7), monday + timedelta(days=14)),
        "this_month": lambda: (first, _months(first, 1)),
        "last_month": lambda: (_months(first, -1), first),
        "next_month": lambda: (_months(first, 1), _months(first, 2)),
        "this_quarter": lambda: (quarter, _months(quarter, 3)),
        "last_quarter": lambda: (_months(quarter, -3), quarter),
        "next_quarter": lambda: (_months(quarter, 3), _months(quarter, 6)),
        "this_year": lambda: (date(today.year, 1, 1), date(today.year + 1, 1, 1)),
        "last_year": lambda: (date(today.year - 1, 1, 1), date(today.year, 1, 1)),
        "last_7_days": lambda: (today - timedelta(days=6), today + timedelta(days=1)),
        "last_30_days": lambda: (today - timedelta(days=29), today + timedelta(days=1)),
        "next_7_days": lambda: (today, today + timedelta(days=7)),
        "next_30_days": lambda: (today, today + timedelta(days=30)),
    }
    if name not in periods:
        raise BadRequestError(_("There is no period %(name)s", name=name), hint=nearest(name, periods))
    return periods[name]()


def _months(day: date, count: int) -> date:
    month = day.year * 12 + day.month - 1 + count
    return date(month // 12, month % 12 + 1, 1)
