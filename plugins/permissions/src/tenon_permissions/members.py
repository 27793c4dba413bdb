"""The team on a record: people who work on it with its owner, each with a function."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tenon.api import Actor

from .models import LEVEL_OF, TEAM
from .sharing import Given, Sharing


@dataclass(frozen=True)
class Member:
    """``function`` is what they do there, such as engineer; ``level`` read, change or full."""

    user_id: UUID
    function: str
    level: str


def members_of(grants: Iterable[Any]) -> list[Member]:
    """The team among a record's grants."""
    return [
        Member(row.principal_id, row.label or "", LEVEL_OF[row.level]) for row in grants if row.cause == TEAM
    ]


def join(sharing: Sharing, actor: Actor, entity: str, id_: UUID, member: Member, *, via: str) -> None:
    """Take somebody into a record's team, or give them another function or level there."""
    given = Given("user", member.user_id, member.level, TEAM, member.function.strip() or None)
    sharing.give(actor, entity, id_, given, via=via)


def leave(sharing: Sharing, actor: Actor, entity: str, id_: UUID, user_id: UUID, *, via: str) -> None:
    """Take somebody out of a record's team."""
    sharing.take(actor, entity, id_, TEAM, user_id, via=via)
