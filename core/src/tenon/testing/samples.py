"""Values that a record of any kind can be made with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any

from ..identity.actor import Actor
from ..records.registry import EntityType, Field

if TYPE_CHECKING:
    from ..app import Tenon

Values = Mapping[str, Any]

# What the kernel's own kinds of record ask for beyond required fields.
KERNEL: Mapping[str, Values] = {"contact": {"last_name": "Sample"}}

# A party is never made by itself: it follows a person or an organisation.
STAND_INS: Mapping[str, str] = {"party": "contact"}

# Small enough for a percentage, large enough for a year.
NUMBER = 7

_PLAIN: Mapping[str, Callable[[int], Any]] = {
    "text": lambda n: f"Sample {n}",
    "long_text": lambda n: f"Sample {n},\nin two lines.",
    "email": lambda n: f"sample{n}@example.com",
    "phone": lambda n: f"+49 30 1234{n:04}",
    "url": lambda n: f"https://example.com/{n}",
    "integer": lambda n: NUMBER,
    "number": lambda n: str(NUMBER),
    "money": lambda n: str(NUMBER),
    "currency": lambda n: "EUR",
    "date": lambda n: "2026-01-05",
    "datetime": lambda n: "2026-01-05T09:00:00Z",
    "boolean": lambda n: True,
}


class Samples:
    """Makes up values, as JSON data, and the records that they refer to.

    ``known`` are values by kind of record that cannot be guessed: a rule of the plugin's own
    asks for them.
    """

    def __init__(self, tenon: Tenon, actor: Actor, known: Mapping[str, Values] | None = None) -> None:
        self._tenon = tenon
        self._actor = actor
        self._known = {**KERNEL, **(known or {})}
        self._numbers = count(1)

    def minimal(self, entity: str) -> dict[str, Any]:
        """Values for what a record must have, and nothing more."""
        type_ = self._tenon.records.registry[entity]
        needed = [f for f in type_.writable if f.spec.required and f.spec.default is None]
        return self._values(type_, needed)

    def full(self, entity: str) -> dict[str, Any]:
        """Values for every field that may be written, extensions among them."""
        type_ = self._tenon.records.registry[entity]
        return self._values(type_, type_.writable)

    def create(self, entity: str, values: Values | None = None) -> str:
        """Make a record, with the least it needs unless ``values`` are given; its id."""
        chosen = self.minimal(entity) if values is None else values
        with self._tenon.records.writing(self._actor, via="test") as work:
            return str(work.create(entity, chosen).id)

    def _values(self, type_: EntityType, fields: Any) -> dict[str, Any]:
        known = self._known.get(type_.name, {})
        values: dict[str, Any] = {}
        for field in fields:
            if field.path in known or field.path in ("pipeline", "stage") or field.kind in ("json", "id"):
                continue
            values[field.path] = self._value(field)
        return nested({path: value for path, value in {**values, **known}.items() if value is not None})

    def _value(self, field: Field) -> Any:
        spec = field.spec
        if spec.kind == "reference":
            return self._reference(str(spec.to))
        if spec.kind in ("choice", "multi_choice"):
            first = next((choice.key for choice in spec.choices), None)
            return [first] if spec.kind == "multi_choice" and first else first
        value = _PLAIN[spec.kind](next(self._numbers))
        return value[: spec.max_length] if isinstance(value, str) and spec.max_length else value

    def _reference(self, entity: str) -> str:
        if entity == "user":
            return str(self._actor.id)
        return self.create(STAND_INS.get(entity, entity))


def nested(values: Values) -> dict[str, Any]:
    """Field paths as nested JSON: ``ext.machines.note`` into ``{"ext": {"machines": {"note": …}}}``."""
    found: dict[str, Any] = {}
    for path, value in values.items():
        *parents, last = path.split(".")
        place = found
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return found
