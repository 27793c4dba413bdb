"""Lists on a terminal: a heading, and rows whose columns line up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import click


def echo_columns(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print ``rows`` under ``heading``, each column as wide as its widest value."""
    lines = [heading, *([cell(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def cell(value: object) -> str:
    """A value as a short text; nothing for ``None``."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)
