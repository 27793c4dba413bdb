"""What an import did, or would do, in numbers and examples."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from .prepare import Prepared

SAMPLES = 20
OUTCOMES = ("made", "updated", "unchanged", "skipped", "failed")


@dataclass
class Tally:
    """Rows by what became of them.

    ``fields`` counts by path how many records get another value there; ``problems``
    by field and code how many rows were refused for it. ``samples`` are the first few
    refused rows: line and reason; ``first`` the values of the first records made.
    """

    rows: int = 0
    made: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    later: int = 0
    fields: Counter[str] = field(default_factory=Counter)
    problems: Counter[tuple[str, str]] = field(default_factory=Counter)
    samples: list[tuple[int, str]] = field(default_factory=list)
    first: list[dict[str, Any]] = field(default_factory=list)

    def count(self, outcome: str, by: int = 1) -> None:
        """Add to one of :data:`OUTCOMES`."""
        setattr(self, outcome, getattr(self, outcome) + by)

    def refused(self, row: Prepared, reason: str) -> None:
        """Note why a row was refused."""
        self.problems.update((problem.pointer, problem.code) for problem in row.problems)
        if len(self.samples) < SAMPLES:
            self.samples.append((row.row.line, reason))

    def outcomes(self) -> dict[str, int]:
        """The counts by outcome, as they are kept with the import."""
        return {name: getattr(self, name) for name in OUTCOMES}
