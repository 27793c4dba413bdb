"""What access costs: lists, counts and decisions over a large world. See ``docs/explanation/access.md``."""

from __future__ import annotations

from ..figures import Figure


def run(scale: str) -> list[Figure]:
    """Lists of five personas on either database, then policies of 10,000 lines."""
    from . import deciding, listing

    lists = [figure for dialect in ("postgresql", "sqlite") for figure in listing.on(dialect, scale)]
    return [*lists, *deciding.figures()]
