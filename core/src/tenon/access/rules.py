"""What a guarded session asks of the rooms above: what somebody may see and write of a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa

from .shadow import Reach


@dataclass(frozen=True, eq=False)
class Changeable:
    """Rows of a plugin's own table that may be written: whose column ``within`` holds one of ``ids``."""

    within: str
    ids: sa.Select[Any]


class Rules(Protocol):
    """What somebody may see and write."""

    def reach(self, table: sa.Table) -> Reach:
        """What may be seen of ``table``: nothing of one that no rule is known for."""
        ...

    def no_column(self, table: sa.Table, key: str) -> Exception:
        """What is answered for a column that may not be seen: as if there were none."""
        ...

    def is_record(self, table: sa.Table) -> bool:
        """Whether rows of ``table`` are records, or fields of records."""
        ...

    def changeable(self, table: sa.Table) -> Changeable | None:
        """What may be written of a plugin's own table; ``None`` for the system's alone."""
        ...
