"""A record's grants as people and programs read them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tenon.api import Message, Work, _

from .models import HAND, LEVEL_OF, PRINCIPALS, RULE, TEAM


@dataclass(frozen=True)
class Shared:
    """One grant. ``name`` and ``by`` are empty where the reader may not see them; ``origin`` is the rule
    or the record that it comes from; ``by_hand`` says that it can be taken away here."""

    principal_kind: str
    principal_id: UUID
    name: str
    level: str
    cause: str
    function: str | None
    until: datetime | None
    at: datetime
    by_id: UUID | None
    by: str
    origin: UUID | None
    by_hand: bool
    why: Message | str

    @property
    def kind_label(self) -> Message:
        return PRINCIPALS[self.principal_kind]


def told(work: Work, grants: Sequence[Any]) -> list[Shared]:
    """Grants with the names of those concerned, as far as the actor may know them."""
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for row in grants:
        wanted[row.principal_kind].add(row.principal_id)
        wanted["user"] |= {row.granted_by} - {None}
        if row.cause == RULE:
            wanted["sharing_rule"].add(row.cause_id)
    names: dict[UUID, str] = {}
    for entity, ids in wanted.items():
        names.update(work.titles(entity, ids))
    return [_told(row, names) for row in grants]


def _told(row: Any, names: dict[UUID, str]) -> Shared:
    by_hand = row.cause != RULE and row.cause_id != row.principal_id
    return Shared(
        row.principal_kind,
        row.principal_id,
        names.get(row.principal_id, ""),
        LEVEL_OF[row.level],
        row.cause,
        row.label,
        row.until,
        row.at,
        row.granted_by,
        names.get(row.granted_by, ""),
        row.cause_id if row.cause_id.int and row.cause_id != row.principal_id else None,
        by_hand,
        _why(row, names, by_hand),
    )


def _why(row: Any, names: dict[UUID, str], by_hand: bool) -> Message | str:
    by = names.get(row.granted_by)
    if row.cause == RULE:
        rule = names.get(row.cause_id)
        return _("By the rule %(rule)s", rule=rule) if rule else _("By a sharing rule")
    if row.cause == TEAM:
        return _("In the team as %(function)s", function=row.label) if row.label else _("In the team")
    if row.cause == HAND:
        return _("Shared by %(name)s", name=by) if by else _("Shared by hand")
    if by_hand:
        return _("Put in the territory by %(name)s", name=by) if by else _("Put in the territory by hand")
    return _("By the territory's filter")
