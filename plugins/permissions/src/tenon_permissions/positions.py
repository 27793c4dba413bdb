"""On which line of a file each part of a policy stands, so that a finding can say where to look.

``tomllib`` tells nothing of places. This reads over a file that it has read already, so the file
is known to be sound TOML; all that has to be told apart is text, comments and brackets.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

TOKEN = re.compile(
    r"""
      (?P<text>  \"{3}(?:\\.|[^\\])*?\"{3,5} | '{3}.*?'{3,5} | "(?:\\.|[^"\\])*" | '[^']*' )
    | (?P<comment> \#[^\n]* )
    | (?P<open>  [\[{] )
    | (?P<close> [\]}] )
    | (?P<newline> \n )
    | (?P<word>  [A-Za-z0-9_-]+ )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)


def positions(text: str) -> dict[str, int]:
    """Lines of the file, from one, by what findings call the parts: ``line 3``, ``roles.sales``.

    The text must be TOML. What is written in an unusual way (as ``lines`` inside another table,
    or a role inline) has no place.
    """
    found: dict[str, int] = {}
    for key, number in _rows(text):
        found[key] = number
    for key, number in _headers(text):
        found.setdefault(key, number)
    return found


def _rows(text: str) -> Iterator[tuple[str, int]]:
    """The rows of the array ``lines``."""
    number, depth, inside, count, last = 1, 0, False, 0, ""
    for token in TOKEN.finditer(text):
        kind, value = token.lastgroup, token.group()
        if kind == "open":
            inside = inside or (depth == 0 and last == "lines=")
            depth += 1
            if inside and depth == 2:
                count += 1
                yield f"line {count}", number
        elif kind == "close":
            depth -= 1
            if inside and depth == 0:
                return
        if depth == 0:
            last = _statement(last, kind, value)
        number += value.count("\n")


def _statement(so_far: str, kind: str | None, value: str) -> str:
    """The beginning of the statement that a token belongs to, without spaces."""
    if kind == "newline":
        return ""
    return so_far if kind == "comment" or not value.strip() else so_far + value


def _headers(text: str) -> Iterator[tuple[str, int]]:
    """Tables of a role or a field set."""
    number, depth, start = 1, 0, True
    for token in TOKEN.finditer(text):
        kind, value = token.lastgroup, token.group()
        if kind == "open":
            if start and depth == 0:
                yield from ((key, number) for key in _header(text[token.start() :].split("\n", 1)[0]))
            depth += 1
        elif kind == "close":
            depth -= 1
        start = kind == "newline" or (start and not value.strip())
        number += value.count("\n")


def _header(line: str) -> Iterator[str]:
    """``[roles."a b"]`` as ``roles.a b``."""
    try:
        table = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return
    for section in ("roles", "field_sets"):
        inside = table.get(section)
        if isinstance(inside, dict):
            for key in inside:
                yield f"{section}.{key}"
