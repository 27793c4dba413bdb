"""How a customer's field stands inside the ``custom`` JSON column, and how SQL sees it.

Numbers are scaled integers and moments have a fixed width, so that comparison
and order in the database mean what they mean in Python, on both databases.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from ..storage.fields import FieldSpec
from ..storage.types import Id


@dataclass(frozen=True)
class Coding:
    """``encode`` gives what JSON keeps, ``decode`` the Python value, ``sql`` the type of both in SQL."""

    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]
    sql: Coded


class Coded(TypeDecorator[Any]):
    """A value compared in its JSON form."""

    impl = sa.String
    cache_ok = True

    def __init__(self, name: str = "text", scale: int = 0) -> None:
        super().__init__()
        self.name = name
        self.scale = scale

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        found: dict[str, sa.types.TypeEngine[Any]] = {"scaled": sa.BigInteger(), "flag": sa.Boolean()}
        return dialect.type_descriptor(found.get(self.name, sa.String()))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else _encode(self.name, self.scale, value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else _decode(self.name, self.scale, value)


def _encode(name: str, scale: int, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        # as SQLite keeps ids, so that both can be compared there
        return value.hex
    if name == "scaled":
        return int(Decimal(value).scaleb(scale).to_integral_value(ROUND_HALF_UP))
    return value


def _decode(name: str, scale: int, value: Any) -> Any:
    if name == "moment":
        return datetime.fromisoformat(value)
    if name == "day":
        return date.fromisoformat(value)
    if name == "link":
        return UUID(value)
    if name == "scaled":
        return Decimal(value).scaleb(-scale) if scale else int(value)
    if name == "flag":
        return bool(value)
    return value


_NAMES = {
    "integer": "scaled",
    "number": "scaled",
    "money": "scaled",
    "boolean": "flag",
    "date": "day",
    "datetime": "moment",
    "reference": "link",
}


def _coded(spec: FieldSpec) -> Coded:
    scale = spec.scale if spec.kind in ("number", "money") else 0
    return Coded(_NAMES.get(spec.kind, "text"), scale)


def coding(spec: FieldSpec) -> Coding:
    """How values of ``spec`` are kept in JSON."""
    type_ = _coded(spec)
    return Coding(
        encode=lambda value: None if value is None else _encode(type_.name, type_.scale, value),
        decode=lambda value: None if value is None else _decode(type_.name, type_.scale, value),
        sql=type_,
    )


def custom_expression(
    source: sa.FromClause, key: str, spec: FieldSpec, dialect: str
) -> sa.ColumnElement[Any]:
    """The SQL value of ``custom.<key>`` in ``source``.

    The key is rendered into the statement, not bound, so that an index on the
    same expression is used; keys are ``[a-z][a-z0-9_]*`` only.
    """
    type_ = _coded(spec)
    column = source.c.custom
    if dialect == "sqlite":
        path = sa.literal(f"$.{key}", sa.String(), literal_execute=True)
        return sa.type_coerce(sa.func.json_extract(column, path), type_)
    name = sa.literal(key, sa.String(), literal_execute=True)
    if spec.kind == "multi_choice":
        return sa.type_coerce(column, JSONB).op("->", return_type=JSONB())(name)
    found: sa.ColumnElement[Any] = sa.type_coerce(column, JSONB).op("->>", return_type=sa.String())(name)
    if type_.name == "link":
        return sa.cast(found, Id)
    if type_.name == "scaled":
        found = sa.cast(found, sa.BigInteger)
    elif type_.name == "flag":
        found = sa.cast(found, sa.Boolean)
    return sa.type_coerce(found, type_)
