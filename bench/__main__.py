"""Runs the parts asked for, prints a table of each and keeps its figures."""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from pathlib import Path

from .figures import keep, table

RESULTS = Path(__file__).parent / "results"
SCALES = ("small", "full")


def parts() -> list[str]:
    """Every part: a package in this folder whose ``run(scale)`` gives figures."""
    return sorted(path.parent.name for path in Path(__file__).parent.glob("*/__init__.py"))


def main() -> int:
    scale = os.environ.get("SCALE") or "small"
    only = os.environ.get("ONLY") or ""
    wanted = only.split(",") if only else parts()
    unknown = sorted(set(wanted) - set(parts()))
    if scale not in SCALES or unknown:
        print(f"SCALE is {' or '.join(SCALES)}; ONLY is one of {', '.join(parts())}", file=sys.stderr)
        return 2
    # An end from outside lets servers be stopped and copies of databases be dropped, too.
    signal.signal(signal.SIGTERM, lambda *_signal: sys.exit(143))
    for part in wanted:
        figures = import_module(f"bench.{part}").run(scale)
        keep(figures, RESULTS / f"{part}.jsonl")
        print(table(part, scale, figures), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
