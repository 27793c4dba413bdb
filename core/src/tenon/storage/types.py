"""Column types that mean the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import decimal
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, SafeUUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

EXACT = decimal.Context(prec=40, rounding=decimal.ROUND_HALF_UP)


# Values of these types come by the thousand, so each gives its processors itself: a
# TypeDecorator's own cost two calls a value.


class UtcDateTime(TypeDecorator[datetime]):
    """A moment. Aware in Python, UTC in the database; a naive value is an error."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(sa.DateTime(timezone=dialect.name != "sqlite"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        moment = _utc_given(value)
        return moment.replace(tzinfo=None) if moment and dialect.name == "sqlite" else moment

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        return _text_of_moment if dialect.name == "sqlite" else _utc_given

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], datetime | None]:
        return _utc_of_text if dialect.name == "sqlite" else _utc


def _utc_given(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError(f"a moment needs a time zone: {value!r}")
    return value.astimezone(UTC)


def _text_of_moment(value: datetime | None) -> str | None:
    moment = _utc_given(value)
    return None if moment is None else moment.replace(tzinfo=None).isoformat(" ", "microseconds")


def _utc_of_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(f"{value}+00:00")


def _utc(value: datetime | None) -> datetime | None:
    return value if value is None or value.tzinfo is UTC else value.astimezone(UTC)


class ExactDecimal(TypeDecorator[Decimal]):
    """A decimal with ``scale`` places, never a float.

    PostgreSQL keeps it as NUMERIC. SQLite knows no decimals, so it keeps the
    integer ``value * 10**scale``: comparison, order and sums stay exact.
    """

    impl = sa.Numeric
    cache_ok = True

    def __init__(self, scale: int = 4, precision: int = 24) -> None:
        super().__init__()
        self.scale = scale
        self.precision = precision
        self._unit = Decimal(1).scaleb(-scale)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.BigInteger())
        return dialect.type_descriptor(sa.Numeric(self.precision, self.scale))

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        exact = Decimal(value).quantize(self._unit, context=EXACT)
        return int(exact.scaleb(self.scale)) if dialect.name == "sqlite" else exact

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], Decimal | None] | None:
        if dialect.name != "sqlite":
            return None
        places = -self.scale
        return lambda value: None if value is None else Decimal(value).scaleb(places)


Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
"""JSON data: JSONB on PostgreSQL, JSON text on SQLite. ``None`` is NULL, not JSON's ``null``."""


class Uuid(sa.Uuid[UUID]):
    """A UUID: the database's own type, or 32 hexadecimal digits on SQLite."""

    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], UUID | None] | None:
        if dialect.name == "sqlite":
            return _uuid_of_hex
        found: Callable[[Any], UUID | None] | None = super().result_processor(dialect, coltype)  # type: ignore[no-untyped-call]
        return found


def _uuid_of_hex(value: str | None) -> UUID | None:
    """What ``UUID(hex=value)`` gives, without its checks of what else it might be."""
    if value is None:
        return None
    found = object.__new__(UUID)
    object.__setattr__(found, "int", int(value, 16))
    object.__setattr__(found, "is_safe", SafeUUID.unknown)
    return found


Id = Uuid()
"""A record's id: a UUIDv7."""
