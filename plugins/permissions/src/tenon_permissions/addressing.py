"""Which record somebody means: ``account:<id>``, ``accounts/<id>``, or the address of its page."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from tenon.api import BadRequestError, _

PLACE = re.compile(
    r"(?P<kind>[a-z][a-z0-9_-]*)[:/](?P<id>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})(?![0-9a-z-])",
    re.IGNORECASE,
)
MOST = 2_000


def record_at(tenon: Any, text: str) -> tuple[str, UUID]:
    """The kind and the id; ``BadRequestError`` where the text names no record."""
    registry = tenon.records.registry
    for found in PLACE.finditer(text[:MOST]):
        kind = found["kind"].lower()
        if kind in registry:
            return kind, UUID(found["id"])
        if kind in registry.collections:
            return registry.collections[kind].name, UUID(found["id"])
    raise BadRequestError(
        _("%(text)s names no record", text=text[:100] or "–"),
        hint=_("Write account:<id>, accounts/<id>, or paste the address of the record's page."),
    )
