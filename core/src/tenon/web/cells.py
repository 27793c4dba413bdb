"""A value of a record as people read it: translated, localised, linked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import url_for
from markupsafe import Markup, escape

from ..messages import Message, _
from ..records.record import Record
from ..records.registry import Field
from ..storage.fields import FieldSpec
from .i18n import Reader

YES, NO = _("Yes"), _("No")
NUMERIC = frozenset({"integer", "number", "money"})
DASH = Markup('<span class="t-muted" aria-hidden="true">–</span>')


@dataclass(frozen=True)
class Link:
    """What a reference is called, and where it leads if it leads anywhere."""

    title: str
    url: str | None = None


@dataclass(frozen=True)
class Cells:
    """Shows values to one reader. ``links`` are the references' titles, by entity and id;
    ``stages`` the labels of pipelines and stages, by entity, field path and key."""

    reader: Reader
    links: Mapping[tuple[str, UUID], Link] = field(default_factory=dict)
    stages: Mapping[tuple[str, str, str], str] = field(default_factory=dict)

    def of(self, record: Record, found: Field) -> Markup:
        """The value of a field of ``record``, as HTML; empty where there is none."""
        value = record.get(found.path)
        if value is None or value == "" or value == []:
            return Markup()
        label = self.stages.get((record.entity.name, found.path, value)) if isinstance(value, str) else None
        if label is not None:
            return _bdi(self.reader.label(label))
        currency = record.get(currency_path(found)) if found.spec.currency else found.spec.unit
        return self.value(found.spec, value, currency)

    def value(self, spec: FieldSpec, value: Any, currency: str | None = None) -> Markup:
        """``value`` of a field that is described by ``spec``."""
        if value is None:
            return Markup()
        if spec.kind == "money":
            return escape(self.reader.money(Decimal(value), currency))
        if spec.kind == "reference":
            return self._reference(spec, value)
        show = _SHOW.get(spec.kind, _text)
        return show(self.reader, spec, value)

    def plain(self, record: Record, found: Field) -> str:
        """The same without markup, for a title or an attribute."""
        return self.of(record, found).striptags()

    def _reference(self, spec: FieldSpec, value: UUID) -> Markup:
        link = self.links.get((spec.to or "", value))
        if link is None:
            return Markup('<span class="t-muted">{}</span>').format(str(value)[:8])
        if link.url is None:
            return _bdi(link.title)
        return Markup('<a href="{}">{}</a>').format(link.url, _bdi(link.title))


def currency_path(found: Field) -> str:
    """The path of the currency field that stands beside an amount."""
    prefix = found.path.rpartition(".")[0]
    name = found.spec.currency or ""
    return f"{prefix}.{name}" if prefix else name


def record_url(collection: str, record_id: UUID, **query: Any) -> str:
    """The address of a record's page."""
    return url_for("web.record_page", entity=collection, record_id=record_id, **query)


def _bdi(text: str) -> Markup:
    return Markup("<bdi>{}</bdi>").format(text)


def _text(reader: Reader, spec: FieldSpec, value: Any) -> Markup:
    return _bdi(str(value))


def _long_text(reader: Reader, spec: FieldSpec, value: Any) -> Markup:
    return Markup('<bdi class="t-pre">{}</bdi>').format(value)


def _integer(reader: Reader, spec: FieldSpec, value: int) -> Markup:
    # Four digits go without a separator: they may be a year.
    return escape(reader.number(value) if abs(value) >= 10_000 else str(value))


def _number(reader: Reader, spec: FieldSpec, value: Any) -> Markup:
    return escape(reader.number(value.normalize() + 0 if isinstance(value, Decimal) else value))


def _date(reader: Reader, spec: FieldSpec, value: date) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), reader.date(value))


def _moment(reader: Reader, spec: FieldSpec, value: datetime) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), reader.moment(value))


def _flag(reader: Reader, spec: FieldSpec, value: bool) -> Markup:
    return escape(reader.text(YES if value else NO))


def _choice(reader: Reader, spec: FieldSpec, value: str) -> Markup:
    found = next((c for c in spec.choices if c.key == value), None)
    label = reader.label(found.label) if found else value
    color = found.color if found and found.color else "secondary"
    return Markup('<span class="badge bg-{}-lt"><bdi>{}</bdi></span>').format(color, label)


def _choices(reader: Reader, spec: FieldSpec, value: list[str]) -> Markup:
    return Markup(" ").join(_choice(reader, spec, key) for key in value)


def _url(reader: Reader, spec: FieldSpec, value: str) -> Markup:
    if not value.lower().startswith(("https://", "http://")):
        return _bdi(value)
    shown = value.partition("://")[2].rstrip("/")
    return Markup('<a href="{}" rel="noopener noreferrer" target="_blank">{}</a>').format(value, _bdi(shown))


def _mail(reader: Reader, spec: FieldSpec, value: str) -> Markup:
    return Markup('<a href="mailto:{}">{}</a>').format(value, _bdi(value))


def _phone(reader: Reader, spec: FieldSpec, value: str) -> Markup:
    dialled = "".join(character for character in value if character in "+0123456789")
    return Markup('<a href="tel:{}"><bdi dir="ltr">{}</bdi></a>').format(dialled, value)


def _json(reader: Reader, spec: FieldSpec, value: Any) -> Markup:
    return Markup("<code>{}</code>").format(json.dumps(value, ensure_ascii=False, default=str))


_SHOW: Mapping[str, Callable[[Reader, FieldSpec, Any], Markup]] = {
    "long_text": _long_text,
    "integer": _integer,
    "number": _number,
    "date": _date,
    "datetime": _moment,
    "boolean": _flag,
    "choice": _choice,
    "multi_choice": _choices,
    "url": _url,
    "email": _mail,
    "phone": _phone,
    "json": _json,
}


def label_of(spec: FieldSpec, key: str) -> Message | str:
    """The label of a choice's key; the key itself where nobody offers it any more."""
    return next((c.label for c in spec.choices if c.key == key), key)
