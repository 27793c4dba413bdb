"""Where a page ends, as an opaque text that only its own list accepts."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from marshmallow import ValidationError

from ..errors import BadRequestError
from ..messages import _
from ..storage import json
from .query import Query
from .registry import EntityType, Field


def list_digest(type_: EntityType, query: Query, order: list[tuple[Field, bool]]) -> str:
    """What identifies a list: its entity, filter, search and order."""
    named = [f"{'-' if down else ''}{f.path}" for f, down in order]
    text = repr((type_.name, query.filter, query.search, query.archived, named))
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def encode(digest: str, order: list[tuple[Field, bool]], values: dict[str, Any]) -> str:
    """The cursor behind the record with those ``values``."""
    found = [f.dump(values[f.path]) for f, _down in order]
    return urlsafe_b64encode(json.dumps([digest, *found])).decode().rstrip("=")


def decode(cursor: str, digest: str, order: list[tuple[Field, bool]]) -> list[Any]:
    """The values a cursor stands for; ``BadRequestError`` for one of another list."""
    try:
        parts = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(parts, list) or len(parts) != len(order) + 1:
            raise ValueError
        if parts[0] != digest:
            raise BadRequestError(
                _("This cursor belongs to another list"),
                hint=_("Start again without page[after]; a cursor holds for one filter and one sort order."),
            )
        return [f.load(part) for (f, _down), part in zip(order, parts[1:], strict=True)]
    except (ValueError, ValidationError):
        raise BadRequestError(
            _("This cursor cannot be read"), hint=_("Use the value of next from the page before.")
        ) from None


def order_clauses(
    type_: EntityType, order: list[tuple[Field, bool]], dialect: str
) -> list[sa.ColumnElement[Any]]:
    """ORDER BY; empty values count as the smallest on both databases."""
    return ordered([f.expression(type_.table) for f, _down in order], order, dialect)


def ordered(
    columns: Sequence[sa.ColumnElement[Any]], order: list[tuple[Field, bool]], dialect: str
) -> list[sa.ColumnElement[Any]]:
    """ORDER BY those ``columns``, which hold the values of the fields of ``order``."""
    found: list[sa.ColumnElement[Any]] = []
    for sql, (f, down) in zip(columns, order, strict=True):
        clause: Any = sql.desc() if down else sql.asc()
        if dialect != "sqlite" and nullable(f):
            clause = clause.nulls_last() if down else clause.nulls_first()
        found.append(clause)
    return found


def nullable(f: Field) -> bool:
    return f.column is None or f.path.startswith("ext.") or bool(f.column.nullable)


def beyond(type_: EntityType, order: list[tuple[Field, bool]], values: list[Any]) -> sa.ColumnElement[bool]:
    """The records behind ``values`` in that order."""
    sql = [f.expression(type_.table) for f, _down in order]
    downs = {down for _f, down in order}
    if len(downs) == 1 and not any(nullable(f) for f, _down in order):
        left, right = (
            sa.tuple_(*sql),
            sa.tuple_(*(sa.literal(v, s.type) for v, s in zip(values, sql, strict=True))),
        )
        return left < right if downs.pop() else left > right
    found: list[sa.ColumnElement[bool]] = []
    for index, (_f, down) in enumerate(order):
        ties = [_same(sql[i], values[i]) for i in range(index)]
        found.append(sa.and_(*ties, _after(sql[index], values[index], down)))
    return sa.or_(*found)


def _same(sql: sa.ColumnElement[Any], value: Any) -> sa.ColumnElement[bool]:
    return sql.is_(None) if value is None else sql == value


def _after(sql: sa.ColumnElement[Any], value: Any, down: bool) -> sa.ColumnElement[bool]:
    if down:
        return sa.false() if value is None else sa.or_(sql < value, sql.is_(None))
    return sql.is_not(None) if value is None else sql > value
