"""Two policies held against each other as files."""

from __future__ import annotations

from difflib import unified_diff
from typing import Literal, NamedTuple

from .document import PolicyDocument, as_toml


class Mark(NamedTuple):
    """A line of either file: added, removed, or there in both."""

    kind: Literal["added", "removed", "same", "gap"]
    text: str


_KINDS: dict[str, Literal["added", "removed", "same", "gap"]] = {
    "+": "added",
    "-": "removed",
    " ": "same",
    "@": "gap",
}


def difference(before: PolicyDocument, after: PolicyDocument, around: int = 2) -> list[Mark]:
    """What is another line in the file of ``after``, with some lines around."""
    lines = unified_diff(as_toml(before).splitlines(), as_toml(after).splitlines(), lineterm="", n=around)
    return [Mark(_KINDS[line[0]], line[1:]) for line in list(lines)[2:]]
