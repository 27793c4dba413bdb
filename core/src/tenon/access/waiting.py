"""What waits to be written: bounded, and what is the same is there once with a count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from ..storage.ids import new_id
from .kinds import WEIGHTY

ROUGH_FROM = 5_000
MOST = 10_000


class Happening(NamedTuple):
    """What an entry says beside when and how often; ``detail`` is JSON text."""

    kind: str
    actor_id: UUID | None
    actor_name: str
    key_id: UUID | None
    via: str
    entity: str | None
    record_id: UUID | None
    action: str | None
    reason: str | None
    detail: str | None
    address: str | None


@dataclass
class Tally:
    """When it happened first, and how often."""

    id: UUID
    at: datetime
    count: int


class Waiting:
    """Happenings with their tallies, in the order in which they came. Not safe for several threads.

    Up to ``rough_from`` different ones are kept as they are. Beyond that those of kinds that come
    in floods are told apart by kind, person, kind of record, action and reason alone, and what
    still finds no place among ``most`` is counted in ``dropped``: each ``add`` costs the same
    whatever waits already, and nothing is ever lost without a number.
    """

    def __init__(self, rough_from: int = ROUGH_FROM, most: int = MOST) -> None:
        self.rough_from = rough_from
        self.most = most
        self.dropped = 0
        self._kept: dict[Happening, Tally] = {}

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def hurried(self) -> bool:
        """Whether it fills so fast that the next writing should not wait for its time."""
        return len(self._kept) >= self.rough_from // 2

    def add(self, happening: Happening, at: datetime, count: int = 1) -> None:
        self._put(happening, Tally(new_id(), at, count))

    def take(self) -> tuple[dict[Happening, Tally], int]:
        """Everything that waits, and how many found no place; nothing waits afterwards."""
        taken, dropped = self._kept, self.dropped
        self._kept, self.dropped = {}, 0
        return taken, dropped

    def give_back(self, taken: dict[Happening, Tally], dropped: int) -> None:
        """Have those wait again that could not be written."""
        newer, self._kept = self._kept, {}
        self.dropped += dropped
        for happening, tally in [*taken.items(), *newer.items()]:
            self._put(happening, tally)

    def _put(self, happening: Happening, tally: Tally) -> None:
        found = self._kept.get(happening)
        if found is None and len(self._kept) >= self.rough_from and happening.kind not in WEIGHTY:
            # whether a record is there cannot be asked for many at once
            if happening.kind == "hidden":
                self.dropped += tally.count
                return
            happening = happening._replace(key_id=None, record_id=None, detail=None, address=None)
            found = self._kept.get(happening)
        if found is not None:
            found.count += tally.count
        elif len(self._kept) < self.most:
            self._kept[happening] = tally
        else:
            self.dropped += tally.count
