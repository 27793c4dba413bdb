"""From what stands in a cell to the value of a field."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import ValidationError

from ...messages import Message, _
from ...nearest import did_you_mean, listed
from ..registry import Field
from .mapping import Rule

REMEMBERED = 4096
"""How many texts of a column are kept with the values they stand for."""

_QUOTED_FORMULA = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")
_NUMBERS = frozenset({"integer", "number", "money"})
_TRUE = frozenset(
    {"true", "yes", "y", "1", "on", "x", "t", "✓", "wahr", "ja", "oui", "si", "sí", "vrai", "是"}
)
_FALSE = frozenset({"false", "no", "n", "0", "off", "f", "falsch", "nein", "non", "faux", "否"})
_SPACES = str.maketrans("", "", " \u00a0\u202f\u2009")


class CellError(ValueError):
    """The cell does not hold what the field needs. ``code`` is a stable word for programs."""

    def __init__(self, detail: Message | str, code: str = "invalid") -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code


Convert = Callable[[Any], Any]


def compile_cell(rule: Rule, field: Field) -> Convert:
    """A function from a cell to the field's Python value, ``None`` for an empty one.

    For a rule with a lookup it gives the text to look up. It raises
    :class:`CellError`, and remembers what it did.
    """
    convert = _uncached(rule, field)
    known: dict[tuple[type, Any], Any] = {}

    def remembered(cell: Any) -> Any:
        key = (type(cell), cell)
        try:
            return known[key]
        except KeyError:
            value = convert(cell)
        except TypeError:
            return convert(cell)
        if len(known) >= REMEMBERED:
            known.clear()
        known[key] = value
        return value

    return remembered


def plain_text(cell: Any) -> str:
    """A cell as the text a person sees."""
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return cell.isoformat() if isinstance(cell, date | datetime) else str(cell)


def _uncached(rule: Rule, field: Field) -> Convert:
    prepare = _preparation(rule)
    read = (lambda value: plain_text(value).strip() or None) if rule.lookup else _reader(rule, field)
    default = rule.default

    def convert(cell: Any) -> Any:
        value = prepare(cell)
        if value is None or value == "":
            value = default
        return None if value is None else read(value)

    return convert


def _preparation(rule: Rule) -> Convert:
    """Trim, case, empties and the value map: what is done to the text before it is read."""
    empty = frozenset(text.casefold() for text in rule.empty)
    values = {key.casefold(): value for key, value in rule.values.items()}

    def prepare(cell: Any) -> Any:
        if not isinstance(cell, str) and not values:
            return cell
        text = plain_text(cell)
        if text.startswith("'") and _QUOTED_FORMULA.match(text):
            text = text[1:]
        text = _shaped(text.strip() if rule.trim else text, rule.case)
        folded = text.casefold()
        if folded in empty or not text:
            return values.get("")
        if folded in values:
            return values[folded]
        if rule.only:
            near = did_you_mean(text, rule.values)
            raise CellError(
                _("%(text)s is not one of the values in the map%(near)s", text=repr(text), near=near)
            )
        return text

    return prepare


def _shaped(text: str, case: str | None) -> str:
    if case is None:
        return text
    if case == "slug":
        plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
        return re.sub(r"[^a-z0-9@_+]+", ".", plain).strip(".")
    shaped: str = getattr(text, case)()
    return shaped


def _reader(rule: Rule, field: Field) -> Convert:
    kind = field.spec.kind
    if kind in _NUMBERS:
        return _loaded(field, _number(rule))
    if kind in ("date", "datetime"):
        return _loaded(field, _moment(rule, kind))
    if kind == "boolean":
        return _loaded(field, _boolean)
    if kind == "choice":
        return _loaded(field, _choice(field))
    if kind == "multi_choice":
        return _loaded(field, _choices(rule, field))
    if kind in ("json", "id", "reference"):
        return _loaded(field, lambda value: value)
    return _loaded(field, plain_text)


def _loaded(field: Field, read: Convert) -> Convert:
    """``read``, then the field's own check, so that an import accepts what a form accepts."""

    def convert(value: Any) -> Any:
        try:
            return field.load(read(value))
        except ValidationError as error:
            raise CellError(
                _("%(text)s: %(reason)s", text=_short(value), reason=_first(error.messages))
            ) from None

    return convert


def _first(messages: Any) -> str:
    found = next(iter(messages.values())) if isinstance(messages, dict) else messages
    return str(found[0] if isinstance(found, list) else found)


def _short(value: Any) -> str:
    text = plain_text(value)
    return repr(text if len(text) <= 60 else f"{text[:57]}…")


def _number(rule: Rule) -> Convert:
    dot, comma = re.escape(rule.decimal), re.escape(rule.thousands.translate(_SPACES))
    grouped = rf"[0-9]{{1,3}}(?:{comma}[0-9]{{3}})+|" if comma else ""
    shape = re.compile(rf"([+-]?)({grouped}[0-9]+)(?:{dot}([0-9]*))?(?:[eE]([+-]?[0-9]{{1,2}}))?")
    factor = Decimal(1).scaleb(rule.scale)

    def read(value: Any) -> Any:
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            return Decimal(str(value)) * factor
        text = _bare(plain_text(value))
        found = shape.fullmatch(text)
        if found is None:
            raise CellError(
                _(
                    "%(text)s is not a number written with %(decimal)s for decimals",
                    text=_short(value),
                    decimal=repr(rule.decimal),
                )
            )
        sign, whole, places, exponent = found.groups()
        if comma:
            whole = whole.replace(rule.thousands.translate(_SPACES), "")
        return Decimal(f"{sign}{whole}.{places or 0}e{exponent or 0}") * factor

    return read


def _bare(text: str) -> str:
    """Without spaces and currency signs; what accountants put in brackets is negative."""
    bare = "".join(c for c in text.translate(_SPACES) if unicodedata.category(c) != "Sc").replace("−", "-")
    return f"-{bare[1:-1]}" if bare.startswith("(") and bare.endswith(")") else bare


def _moment(rule: Rule, kind: str) -> Convert:
    zone = ZoneInfo(rule.timezone)

    def read(value: Any) -> Any:
        found = value if isinstance(value, date) else _parsed(plain_text(value), rule.date)
        if kind == "date":
            return found.date() if isinstance(found, datetime) else found
        moment = found if isinstance(found, datetime) else datetime(found.year, found.month, found.day)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)

    return read


def _parsed(text: str, formats: Sequence[str]) -> date:
    text = text.strip()
    for form in formats:
        try:
            found = datetime.strptime(text, form)
        except ValueError:
            continue
        return found if found.time() != datetime.min.time() or found.tzinfo else found.date()
    try:
        return date.fromisoformat(text) if len(text) <= 10 else datetime.fromisoformat(text)
    except ValueError:
        expected = listed(formats) if formats else "2026-03-31"
        raise CellError(
            _("%(text)s is not a date written as %(expected)s", text=_short(text), expected=expected)
        ) from None


def _boolean(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    text = plain_text(value).strip().casefold()
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise CellError(_("%(text)s is neither yes nor no", text=_short(value)))


def _choice(field: Field) -> Convert:
    known = {str(choice.label).casefold(): choice.key for choice in field.spec.choices}
    known |= {choice.key.casefold(): choice.key for choice in field.spec.choices}

    def read(value: Any) -> Any:
        text = plain_text(value).strip()
        found = known.get(text.casefold())
        if found is None:
            keys = [choice.key for choice in field.spec.choices]
            raise CellError(
                _(
                    "%(text)s is not one of %(keys)s%(near)s",
                    text=_short(text),
                    keys=listed(keys),
                    near=did_you_mean(text, known),
                )
            )
        return found

    return read


def _choices(rule: Rule, field: Field) -> Convert:
    one = _choice(field)

    def read(value: Any) -> Any:
        parts = value if isinstance(value, list) else plain_text(value).split(rule.separator)
        return [one(part) for part in parts if str(part).strip()]

    return read
