"""What subscribers, integrations and webhooks are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ..errors import InvalidError, Problem
from ..messages import _

NAMES = (
    "record.created",
    "record.updated",
    "record.archived",
    "record.restored",
    "record.removed",
    "stage.changed",
    "stage.stalled",
    "approval.requested",
    "approval.decided",
)
"""The kernel's own events. Plugins emit others, named ``<plugin>.<what>``."""


@dataclass(frozen=True)
class Event:
    """Something that happened and is committed.

    ``id`` is the same at every attempt, so that a receiver can tell a
    repetition. ``payload`` is JSON data: ``changes`` maps field paths to ``[before,
    after]``, ``record`` is the new record of a ``record.created``. Events of one ``lane``
    (a record, unless whoever emitted it said otherwise) come in order.
    """

    id: UUID
    name: str
    entity: str | None
    record_id: UUID | None
    lane: str
    payload: Mapping[str, Any]
    actor_id: UUID | None
    via: str
    at: datetime


def matches(patterns: Iterable[str], name: str) -> bool:
    """Whether a pattern is ``name``, ``*``, or a prefix of it ending in ``.*``."""
    return any(
        pattern in ("*", name) or (pattern.endswith(".*") and name.startswith(pattern[:-1]))
        for pattern in patterns
    )


def check_patterns(patterns: Iterable[str]) -> None:
    """``InvalidError`` unless each is an event name, ``prefix.*`` or ``*``."""
    given = list(patterns)
    bad = [pattern for pattern in given if not _is_pattern(pattern)]
    if bad or not given:
        raise InvalidError(
            _("These are not names of events: %(names)s", names=", ".join(map(repr, bad)) or "[]"),
            hint=_("Use names such as %(name)s, a prefix such as record.*, or *.", name=NAMES[0]),
            problems=[
                Problem("/events", "event-name", _("%(name)s is not the name of an event", name=name))
                for name in bad
            ],
        )


def _is_pattern(pattern: str) -> bool:
    if pattern == "*":
        return True
    stem = pattern.removesuffix(".*")
    return bool(stem) and all(part.replace("_", "").isalnum() for part in stem.split("."))
