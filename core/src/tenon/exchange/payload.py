"""What an event says, as JSON, and what of it a reader may see."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ..access import FieldSet

if TYPE_CHECKING:
    from ..records.signals import Change

BOOKKEEPING = frozenset(("version", "updated_at", "custom"))
"""Columns that an event does not speak of: what every write changes, and the one that holds all
custom fields. Each of those is told of under its own path, so that a field set can hide it."""

ABOUT_THE_EVENT: Mapping[str, str | None] = {
    "pipeline": "stage",
    "from": "stage",
    "to": "stage",
    "status": "stage",
    "since": "stage",
    "decision": None,
    "approval": None,
    "request_id": None,
    "merged_from": None,
    "merged_into": None,
}
"""Payload keys that speak of the event itself, with the field one must see to be told."""


def json_safe(value: Any) -> Any:
    """``value`` as JSON data: ids, moments and decimals as strings, sets and tuples as lists."""
    if value is None or value.__class__ in _PLAIN:
        return value
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, (UUID, date)):
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return {str(key): json_safe(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_safe(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(json_safe(item) for item in value)
    # A Message or an enumeration is a str; JSON libraries take exact types alone.
    if isinstance(value, str):
        return str.__str__(value)
    raise TypeError(f"an event cannot carry {value!r}: give text, numbers, moments, ids, lists or mappings")


_PLAIN = frozenset((str, int, bool, float))


def of_change(change: Change) -> dict[str, Any]:
    """The new record of a create; of any other write the fields that got another value."""
    if change.before is None:
        given = {
            path: value
            for path, value in change.values.items()
            if value is not None and path not in BOOKKEEPING
        }
        payload = {"record": json_safe(given)}
    else:
        before = change.before
        payload = {
            "changes": {
                path: [json_safe(old), json_safe(value)]
                for path, value in change.values.items()
                if path not in BOOKKEEPING and (old := before.get(path)) != value
            }
        }
    if change.note:
        payload["note"] = json_safe(change.note)
    return payload


def restricted(payload: Mapping[str, Any], fields: FieldSet) -> dict[str, Any]:
    """What of a payload somebody with this field set may be sent.

    ``note`` is for those inside and never leaves. Any other key that is neither
    a field the reader may see nor known to speak of the event itself is left out.
    """
    shown: dict[str, Any] = {}
    for key, value in payload.items():
        if key in ("changes", "record"):
            shown[key] = {path: item for path, item in value.items() if path in fields}
        elif key != "note" and _may_be_told(key, fields):
            shown[key] = value
    return shown


def _may_be_told(key: str, fields: FieldSet) -> bool:
    needed = ABOUT_THE_EVENT.get(key, key)
    return needed is None or needed in fields
