"""Reads a tutorial as somebody who does what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """A file to write (``path`` is its name), or commands with what they say."""

    language: str
    path: str | None
    text: str

    def commands(self) -> Iterator[tuple[str, list[str]]]:
        """Each command with the lines that it is said to print."""
        command, expected = "", []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                if command:
                    yield command, expected
                command, expected = line[2:], []
            else:
                expected.append(line)
        if command:
            yield command, expected


def steps(page: Path) -> list[Step]:
    """The fenced blocks of a page, in order."""
    return [Step(*found) for found in FENCE.findall(page.read_text(encoding="utf-8"))]


def missing(expected: list[str], output: str) -> list[str]:
    """The expected lines that no line of the output is; ``...`` stands for anything."""
    patterns = [re.compile(".*".join(map(re.escape, line.split("...")))) for line in expected]
    lines = output.splitlines()
    return [
        line
        for line, pattern in zip(expected, patterns, strict=True)
        if not any(map(pattern.fullmatch, lines))
    ]
