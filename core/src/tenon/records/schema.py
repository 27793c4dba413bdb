"""From what a field is to how its values are checked and written: marshmallow.

Each :class:`~tenon.storage.fields.FieldSpec` has one marshmallow field. It
takes JSON values and Python values alike and gives Python values; its errors
are sentences that say what would be accepted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from uuid import UUID

from marshmallow import Schema, ValidationError, fields

from ..messages import _
from ..storage.fields import FieldSpec

MONEY_PLACES = 2
INTEGER_RANGE = (-(2**63), 2**63 - 1)
EMAIL = re.compile(r"[^@\s<>\"']{1,64}@[^@\s<>\"']+\.[^@\s<>\"'.]{2,}")
URL = re.compile(r"https?://[\w.-]+(:[0-9]{1,5})?([/?#][^\s<>\"']*)?", re.IGNORECASE)
PHONE = re.compile(r"[+(]?[0-9][0-9 ()./–-]{2,36}([ ]?(x|ext\.?|#)[ ]?[0-9]{1,6})?", re.IGNORECASE)
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
CURRENCY = re.compile(r"[A-Z]{3}")


class Text(fields.Field[str]):
    """Text without control characters, trimmed."""

    def __init__(self, *, max_length: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_length = max_length

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            raise ValidationError(_("Enter text"))
        if CONTROL.search(value):
            raise ValidationError(_("Remove the control characters"))
        found = value.strip()
        if self.max_length is not None and len(found) > self.max_length:
            raise ValidationError(
                _(
                    "Use %(most)s characters at most; these are %(length)s",
                    most=self.max_length,
                    length=len(found),
                )
            )
        return self.shape(found) if found else None

    def shape(self, value: str) -> str:
        return value

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:
        return value


class Email(Text):
    def shape(self, value: str) -> str:
        if not EMAIL.fullmatch(value):
            raise ValidationError(_("Enter an e-mail address such as name@example.com"))
        return value.lower()


class Url(Text):
    def shape(self, value: str) -> str:
        found = value if "://" in value else f"https://{value}"
        if not URL.fullmatch(found):
            raise ValidationError(_("Enter a web address such as https://example.com"))
        return found


class Phone(Text):
    def shape(self, value: str) -> str:
        if not PHONE.fullmatch(value):
            raise ValidationError(_("Enter a telephone number such as +49 30 1234567"))
        return _e164(value) if value.startswith("+") else value


@lru_cache(maxsize=2048)
def _e164(value: str) -> str:
    import phonenumbers

    try:
        found = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        return value
    if not phonenumbers.is_possible_number(found) or found.extension:
        return value
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)


class Currency(Text):
    def shape(self, value: str) -> str:
        if not CURRENCY.fullmatch(value.upper()):
            raise ValidationError(_("Enter an ISO 4217 code such as EUR"))
        return value.upper()


class Whole(fields.Field[int]):
    """A whole number of 64 bits."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str) and not value.strip():
            return None
        try:
            found = _exact(value)
        except (InvalidOperation, TypeError):
            raise ValidationError(_("Enter a whole number")) from None
        if found != found.to_integral_value():
            raise ValidationError(_("Enter a whole number"))
        if not INTEGER_RANGE[0] <= found <= INTEGER_RANGE[1]:
            raise ValidationError(_("This number is too large"))
        return int(found)

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:
        return value


class Exact(fields.Field[Decimal]):
    """A decimal; more places than ``scale`` are an error rather than rounded away.

    In JSON it has ``places`` decimals at least."""

    def __init__(self, *, scale: int = 4, places: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale
        self.places = places
        self.most = Decimal(10) ** (18 - scale)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str) and not value.strip():
            return None
        try:
            found = _exact(value)
        except (InvalidOperation, TypeError):
            raise ValidationError(_("Enter a number such as 1234.50")) from None
        if abs(found) >= self.most:
            raise ValidationError(_("This number is too large"))
        exponent = found.normalize().as_tuple().exponent
        if isinstance(exponent, int) and -exponent > self.scale:
            raise ValidationError(_("Use %(scale)s decimal places at most", scale=self.scale))
        return found

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else plain_decimal(value, self.places)


def _exact(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise TypeError
    found = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not found.is_finite():
        raise InvalidOperation
    return found


def plain_decimal(value: Decimal, places: int = 0) -> str:
    """The one way ``value`` is written: no exponent, no needless zeros, ``places`` decimals at least."""
    whole, _point, rest = f"{value:f}".partition(".")
    rest = f"{rest.rstrip('0'):0<{places}}"
    return f"{whole}.{rest}" if rest else whole


class Day(fields.Field[date]):
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str) and not value.strip():
            return None
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value.strip()[:10] if len(value.strip()) > 10 else value.strip())
        except (ValueError, TypeError, AttributeError):
            raise ValidationError(_("Enter a date such as 2026-03-31")) from None

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else value.isoformat()


class Moment(fields.Field[datetime]):
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str) and not value.strip():
            return None
        try:
            found = value if isinstance(value, datetime) else datetime.fromisoformat(value.strip())
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, TypeError, AttributeError, OverflowError):
            raise ValidationError(_("Enter a moment such as 2026-03-31T14:30:00Z")) from None

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else value.isoformat().replace("+00:00", "Z")


class Flag(fields.Field[bool]):
    WORDS: Mapping[Any, bool] = {
        "true": True,
        "yes": True,
        "1": True,
        "on": True,
        "false": False,
        "no": False,
        "0": False,
        "off": False,
    }

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and not value.strip():
            return None
        found = self.WORDS.get(str(value).strip().lower())
        if found is None:
            raise ValidationError(_("Choose yes or no"))
        return found

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:
        return value


class Pick(fields.Field[str]):
    def __init__(self, *, keys: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keys = keys

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if value == "":
            return None
        if not isinstance(value, str) or value not in self.keys:
            raise ValidationError(_("Choose one of: %(keys)s", keys=", ".join(self.keys)))
        return value

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:
        return value


class PickMany(fields.Field[list[str]]):
    """Some of ``keys``; without any, a list of words that nobody wrote down beforehand, such as roles."""

    def __init__(self, *, keys: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keys = keys

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        found = (
            [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        )
        if isinstance(found, list) and not self.keys and all(isinstance(part, str) for part in found):
            return sorted(set(found)) or None
        if not isinstance(found, list) or any(part not in self.keys for part in found):
            raise ValidationError(_("Choose any of: %(keys)s", keys=", ".join(self.keys)))
        return [key for key in self.keys if key in found] or None

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:
        return value


class Link(fields.Field[UUID]):
    """The id of another record."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, UUID) or value == "":
            return value or None
        try:
            return UUID(value)
        except (ValueError, TypeError, AttributeError):
            raise ValidationError(_("Enter the id of a record")) from None

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else str(value)


class Data(fields.Field[Any]):
    """JSON of any shape, 16 KiB at most."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if len(str(value)) > 16_384:
            raise ValidationError(_("This is more than 16 KiB"))
        return value

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:
        return value


_Maker = Callable[[FieldSpec, dict[str, Any]], "fields.Field[Any]"]

MAKERS: dict[str, _Maker] = {
    "text": lambda spec, kw: Text(max_length=spec.max_length or 200, **kw),
    "long_text": lambda spec, kw: Text(max_length=spec.max_length or 20_000, **kw),
    "integer": lambda spec, kw: Whole(**kw),
    "number": lambda spec, kw: Exact(scale=spec.scale, **kw),
    "money": lambda spec, kw: Exact(scale=spec.scale, places=MONEY_PLACES, **kw),
    "currency": lambda spec, kw: Currency(max_length=3, **kw),
    "date": lambda spec, kw: Day(**kw),
    "datetime": lambda spec, kw: Moment(**kw),
    "boolean": lambda spec, kw: Flag(**kw),
    "choice": lambda spec, kw: Pick(keys=tuple(c.key for c in spec.choices), **kw),
    "multi_choice": lambda spec, kw: PickMany(keys=tuple(c.key for c in spec.choices), **kw),
    "reference": lambda spec, kw: Link(**kw),
    "url": lambda spec, kw: Url(max_length=2000, **kw),
    "email": lambda spec, kw: Email(max_length=254, **kw),
    "phone": lambda spec, kw: Phone(max_length=40, **kw),
    "json": lambda spec, kw: Data(**kw),
    "id": lambda spec, kw: Link(**kw),
}


def schema_field(spec: FieldSpec) -> fields.Field[Any]:
    """The marshmallow field for ``spec``. It always takes ``None``; whether a value is
    required is decided when the whole write is known."""
    return MAKERS[spec.kind](
        spec,
        {
            "allow_none": True,
            "required": spec.required and not spec.readonly and spec.default is None,
            "dump_only": spec.readonly,
            "metadata": {"kind": spec.kind, "title": str(spec.label)},
        },
    )


def build_schema(name: str, found: Mapping[str, fields.Field[Any]]) -> type[Schema]:
    """A marshmallow schema class of those fields, for documents and plain dumps."""
    return Schema.from_dict(dict(found), name=name)


__all__ = ["build_schema", "plain_decimal", "schema_field"]
