"""Columns that know what they mean to people.

A plugin's model is made of these. Each function returns a SQLAlchemy column
that carries a :class:`FieldSpec`, from which the API schema, forms, lists,
filters and imports are derived, so that a field is declared in one place.

::

    class Account(Base, RecordColumns, OwnedColumns):
        __tablename__ = "b2b_accounts_account"

        name = text(_("Name"), required=True, search=True)
        parent_id = reference(_("Parent account"), to="account", column="b2b_accounts_account.id")
        revenue = money(_("Revenue"), currency="revenue_currency")
        revenue_currency = currency(_("Currency of revenue"))
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import MappedColumn, mapped_column

from ..messages import Message
from .types import ExactDecimal, Id, Json, UtcDateTime

Kind = Literal[
    "text",
    "long_text",
    "integer",
    "number",
    "money",
    "currency",
    "date",
    "datetime",
    "boolean",
    "choice",
    "multi_choice",
    "reference",
    "url",
    "email",
    "phone",
    "json",
    "id",
]


@dataclass(frozen=True)
class Choice:
    """One value of a choice field. ``color`` is a Tabler colour name."""

    key: str
    label: Message | str
    color: str | None = None


@dataclass(frozen=True)
class FieldSpec:
    """What a field is. See the functions of this module for each kind.

    ``readonly`` fields are set by the system. ``to`` is the entity a reference
    points at; ``currency`` the sibling field that holds a money field's ISO
    4217 code (``unit`` holds the code itself where there is no such field); ``scale`` the
    decimal places of a number or an amount.
    """

    kind: Kind
    label: Message | str
    required: bool = False
    unique: bool = False
    readonly: bool = False
    default: Any = None
    choices: tuple[Choice, ...] = ()
    to: str | None = None
    currency: str | None = None
    scale: int = 4
    max_length: int | None = None
    search: bool = False
    filterable: bool = True
    sortable: bool = True
    help: Message | str | None = None
    show: bool = True
    unit: str | None = None
    modes: frozenset[str] = frozenset()


def _column(type_: Any, spec: FieldSpec, *args: Any, index: bool = False) -> MappedColumn[Any]:
    return mapped_column(
        type_,
        *args,
        nullable=not spec.required,
        index=index or None,
        unique=spec.unique or None,
        info={"field": spec},
    )


def text(label: Message, *, max_length: int = 200, index: bool = False, **spec: Any) -> MappedColumn[Any]:
    """One line of text, ``max_length`` characters at most."""
    found = FieldSpec("text", label, max_length=max_length, **spec)
    return _column(sa.String(max_length), found, index=index)


def long_text(label: Message, *, max_length: int = 20_000, **spec: Any) -> MappedColumn[Any]:
    """Text of several lines."""
    return _column(sa.Text(), FieldSpec("long_text", label, max_length=max_length, sortable=False, **spec))


def integer(label: Message, *, index: bool = False, **spec: Any) -> MappedColumn[Any]:
    """A whole number of 64 bits."""
    return _column(sa.BigInteger(), FieldSpec("integer", label, **spec), index=index)


def number(label: Message, *, scale: int = 4, index: bool = False, **spec: Any) -> MappedColumn[Any]:
    """A decimal number with ``scale`` places: quantities, percentages, rates."""
    return _column(ExactDecimal(scale), FieldSpec("number", label, scale=scale, **spec), index=index)


def money(label: Message, *, currency: str, index: bool = False, **spec: Any) -> MappedColumn[Any]:
    """An amount of money; its ISO 4217 code stands in the sibling field ``currency``."""
    return _column(ExactDecimal(4), FieldSpec("money", label, currency=currency, **spec), index=index)


def currency(label: Message, **spec: Any) -> MappedColumn[Any]:
    """An ISO 4217 code. The deployment's default currency stands in where none is given."""
    return _column(sa.String(3), FieldSpec("currency", label, max_length=3, show=False, **spec))


def date(label: Message, *, index: bool = False, **spec: Any) -> MappedColumn[Any]:
    """A day of the calendar."""
    return _column(sa.Date(), FieldSpec("date", label, **spec), index=index)


def moment(label: Message, *, index: bool = False, **spec: Any) -> MappedColumn[Any]:
    """A moment, UTC."""
    return _column(UtcDateTime(), FieldSpec("datetime", label, **spec), index=index)


def boolean(label: Message, **spec: Any) -> MappedColumn[Any]:
    """Yes or no."""
    return _column(sa.Boolean(), FieldSpec("boolean", label, **spec))


def choice(
    label: Message, choices: Iterable[Choice], *, index: bool = False, **spec: Any
) -> MappedColumn[Any]:
    """One of a fixed set of keys."""
    return _column(sa.String(60), FieldSpec("choice", label, choices=tuple(choices), **spec), index=index)


def multi_choice(label: Message, choices: Iterable[Choice], **spec: Any) -> MappedColumn[Any]:
    """Any number of keys out of a fixed set."""
    found = FieldSpec("multi_choice", label, choices=tuple(choices), sortable=False, **spec)
    return _column(Json, found)


def reference(
    label: Message, *, to: str, column: str, index: bool = True, use_alter: bool = False, **spec: Any
) -> MappedColumn[Any]:
    """A link to a record of entity ``to``, whose id column is ``column`` (``table.id``).

    The database refuses to lose a record that others point at; Tenon archives
    and merges instead of deleting. ``use_alter`` marks one link of a circle of
    tables, which is added once all of them exist.
    """
    key = sa.ForeignKey(column, ondelete="RESTRICT", use_alter=use_alter)
    return _column(Id, FieldSpec("reference", label, to=to, **spec), key, index=index)


def url(label: Message, **spec: Any) -> MappedColumn[Any]:
    """A web address (http or https)."""
    return _column(sa.String(2000), FieldSpec("url", label, max_length=2000, **spec))


def email(label: Message, *, index: bool = False, **spec: Any) -> MappedColumn[Any]:
    """An e-mail address, kept in lower case."""
    return _column(sa.String(254), FieldSpec("email", label, max_length=254, **spec), index=index)


def phone(label: Message, *, index: bool = False, **spec: Any) -> MappedColumn[Any]:
    """A telephone number, kept in E.164 where it can be understood."""
    return _column(sa.String(40), FieldSpec("phone", label, max_length=40, **spec), index=index)
