"""Fails on what must not be in a tracked file, and says where and why.

No path of one machine and no package registry's host anywhere; no inline style or script in a
template, since the pages' content policy refuses both; no left and right in our own styles,
since the same sheet serves Arabic.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Rule:
    """What a kind of file must not contain, and why."""

    files: str
    pattern: str
    why: str


RULES = (
    Rule(r".*", r"(?<![\w./-])/(work|root|Users)/\w|(?<![\w./-])/home/(?!user\b)\w", "a path of one machine"),
    Rule(
        r".*",
        r"registry\.npmjs\.org|files\.pythonhosted\.org|\bpypi\.org/simple",
        "a package registry's host",
    ),
    Rule(r".*\.lock", r"://|--(extra-)?index-url|--find-links", "a download address"),
    Rule(r".*package-lock\.json", r'"resolved"', "a download address"),
    Rule(r".*/templates/.*", r"\sstyle\s*=|<style\b", "an inline style: give it a class"),
    Rule(r".*/templates/.*", r"<script(?![^>]*\b(src|type=.application/json))[^>]*>", "an inline script"),
    Rule(
        r".*/templates/.*", r"\s(on[a-z]+|hx-on[\w:-]*)\s*=|javascript:", "an inline handler: use a listener"
    ),
    Rule(
        r".*\.css",
        r"(?<![\w-])(margin|padding|border|scroll-margin)-(left|right)\b",
        "use -inline-start or -end",
    ),
    Rule(r".*\.css", r"(?<![\w-])(left|right)\s*:", "use inset-inline-start or inset-inline-end"),
    Rule(
        r".*\.css",
        r"(text-align|float|clear)\s*:\s*(left|right)\b",
        "use start or end, inline-start or inline-end",
    ),
    Rule(r".*\.css", r"border-(top|bottom)-(left|right)-radius", "use border-start-start-radius and its kin"),
)
EXEMPT = {"scripts/check_files.py", "tests/workspace/test_check_files.py"}


def tracked() -> list[str]:
    """Return the paths that git knows, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return [name for name in listed.split("\0") if name and name not in EXEMPT and (ROOT / name).is_file()]


def findings(name: str, text: str) -> Iterator[str]:
    """Yield a sentence for every place in `text` that breaks a rule for a file of this name."""
    rules = [rule for rule in RULES if re.fullmatch(rule.files, name)]
    for number, line in enumerate(text.splitlines(), 1):
        for rule in rules:
            found = re.search(rule.pattern, line, re.IGNORECASE)
            if found:
                yield f"{name}:{number}: {found.group(0).strip()!r}: {rule.why}"


def main() -> int:
    """Check every tracked text file; return 1 where something was found."""
    problems = []
    for name in tracked():
        try:
            text = (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        problems.extend(findings(name, text))
    print("\n".join(problems) if problems else "Files: nothing found.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
