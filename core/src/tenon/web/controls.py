"""The controls of a form: one for each field, from what the field is.

A form sends plain texts; the records room checks them, so that a page refuses
exactly what the API refuses. Only times need care here: a browser gives them
without a zone, in the reader's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from werkzeug.datastructures import MultiDict

from ..errors import Problem
from ..messages import Message, _
from ..records.record import Record
from ..records.registry import EntityType, Field
from ..records.schema import plain_decimal
from ..storage.fields import FieldSpec
from .cells import currency_path
from .i18n import Reader

WIDGETS: Mapping[str, str] = {
    "long_text": "textarea",
    "boolean": "select",
    "choice": "select",
    "multi_choice": "checks",
    "reference": "reference",
    "json": "none",
    "id": "none",
}
INPUT_TYPES: Mapping[str, str] = {
    "date": "date",
    "datetime": "datetime-local",
    "url": "url",
    "email": "email",
    "phone": "tel",
}
INPUT_MODES: Mapping[str, str] = {"integer": "numeric", "number": "decimal", "money": "decimal"}


@dataclass(frozen=True)
class Option:
    value: str
    label: Message | str


@dataclass(frozen=True)
class Control:
    """One field of a form. ``name`` is its field path, ``value`` a text or the chosen keys."""

    name: str
    label: Message | str
    widget: str
    value: Any = ""
    type: str = "text"
    mode: str | None = None
    options: tuple[Option, ...] = ()
    required: bool = False
    help: Message | str | None = None
    max_length: int | None = None
    errors: tuple[str, ...] = ()
    to: str | None = None
    search: str = ""
    currency: Control | None = None
    kind: str = "text"

    @property
    def anchor(self) -> str:
        """The id of its element, which an error summary leads to."""
        return anchor(self.name)

    @property
    def wide(self) -> bool:
        return self.widget in ("textarea", "checks")


@dataclass(frozen=True)
class Section:
    """Controls under one heading; the entity's own come first, without one."""

    label: Message | str | None
    controls: tuple[Control, ...]


@dataclass(frozen=True)
class FormState:
    """What stands in a form: texts by field path, and what was wrong with them."""

    values: Mapping[str, Any]
    problems: Sequence[Problem] = ()
    searches: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, tuple[Option, ...]] = field(default_factory=dict)

    def errors(self, path: str) -> tuple[str, ...]:
        pointer = "/" + path.replace(".", "/")
        return tuple(problem.detail for problem in self.problems if problem.pointer == pointer)


def anchor(path: str) -> str:
    return "f-" + path.replace(".", "-")


def form_fields(type_: EntityType, allowed: Iterable[Field]) -> list[Field]:
    """The fields that a form asks for: writable ones, without currencies (they stand beside
    their amount) and without the stage (it moves by its own buttons)."""
    hidden = {"stage", "pipeline"} if type_.stages else set()
    found = [
        f
        for f in allowed
        if f.spec.show and f.path not in hidden and WIDGETS.get(f.kind) != "none" and f.kind != "currency"
    ]
    return in_order(type_, found)


def in_order(type_: EntityType, fields: Iterable[Field]) -> list[Field]:
    """What a record is called first, its owner last, the rest as declared."""
    return sorted(fields, key=lambda f: -1 if f.path in type_.title else int(f.path == "owner_id"))


def sections(type_: EntityType, fields: Sequence[Field], state: FormState, reader: Reader) -> list[Section]:
    """The controls of ``fields`` by who gave them: own, then each extension, then the customer's."""
    groups: list[tuple[Message | str | None, list[Field]]] = [
        (None, [f for f in fields if "." not in f.path])
    ]
    for extension in type_.extensions:
        groups.append((extension.label, [f for f in fields if f.path.startswith(f"ext.{extension.key}.")]))
    groups.append((_("More fields"), [f for f in fields if f.path.startswith("custom.")]))
    return [
        Section(label, tuple(control(type_, f, state, reader) for f in group))
        for label, group in groups
        if group
    ]


def control(
    type_: EntityType, found: Field, state: FormState, reader: Reader, name: str | None = None
) -> Control:
    """The control for one field with its present text."""
    spec, path = found.spec, name or found.path
    sibling = type_.fields.get(currency_path(found)) if spec.currency else None
    return Control(
        name=path,
        label=spec.label,
        widget=WIDGETS.get(spec.kind, "select" if state.options.get(path) else "input"),
        value=state.values.get(path, [] if spec.kind == "multi_choice" else ""),
        type=INPUT_TYPES.get(spec.kind, "text"),
        mode=INPUT_MODES.get(spec.kind),
        options=state.options.get(path) or choices(spec),
        required=spec.required,
        help=spec.help,
        max_length=spec.max_length,
        errors=state.errors(path),
        to=spec.to,
        search=state.searches.get(path, ""),
        currency=control(type_, sibling, state, reader) if sibling and not sibling.spec.readonly else None,
        kind=spec.kind,
    )


def choices(spec: FieldSpec) -> tuple[Option, ...]:
    if spec.kind == "boolean":
        return (Option("true", _("Yes")), Option("false", _("No")))
    return tuple(Option(choice.key, choice.label) for choice in spec.choices)


def texts_of(record: Record, fields: Iterable[Field], reader: Reader) -> dict[str, Any]:
    """A record's values as texts for a form."""
    found = {f.path: text_of(f, record.get(f.path), reader) for f in fields}
    for f in fields:
        if f.spec.currency:
            found[currency_path(f)] = record.get(currency_path(f)) or ""
    return found


def text_of(found: Field, value: Any, reader: Reader) -> Any:
    """A value as the text that its control holds."""
    if found.kind == "multi_choice":
        return list(value or [])
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return reader.local(value).strftime("%Y-%m-%dT%H:%M")
    if isinstance(value, date):
        return value.isoformat()
    return plain_decimal(value) if isinstance(value, Decimal) else str(value)


def defaults(fields: Iterable[Field], reader: Reader) -> dict[str, Any]:
    """What a new record's form starts with."""
    return {f.path: text_of(f, f.spec.default, reader) for f in fields if f.spec.default is not None}


def sent_texts(fields: Iterable[Field], form: MultiDict[str, str]) -> dict[str, Any]:
    """What the form sent for those fields; a field that was not in the form is left out."""
    found: dict[str, Any] = {}
    for f in fields:
        if f.kind == "multi_choice":
            if f"{f.path}~" in form:
                found[f.path] = [key for text in form.getlist(f.path) for key in text.split(",") if key]
        elif f.path in form:
            found[f.path] = form[f.path]
        if f.spec.currency and currency_path(f) in form:
            found[currency_path(f)] = form[currency_path(f)]
    return found


def as_values(type_: EntityType, texts: Mapping[str, Any], reader: Reader) -> dict[str, Any]:
    """Texts of a form as JSON values for the records room: empty ones are ``None``."""
    return {path: _value(type_.fields.get(path), text, reader) for path, text in texts.items()}


def _value(found: Field | None, text: Any, reader: Reader) -> Any:
    if isinstance(text, list):
        return text or None
    if not text.strip():
        return None
    if found is not None and found.kind == "datetime":
        return with_zone(text, reader)
    return text


def with_zone(text: str, reader: Reader) -> str:
    """A browser's local time as a moment; anything else stays as it is, to be refused where it is checked."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return text
    return (moment if moment.tzinfo else moment.replace(tzinfo=reader.timezone)).isoformat()
