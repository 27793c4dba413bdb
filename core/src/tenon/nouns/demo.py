"""Demo data: products and people."""

from __future__ import annotations

from typing import Any

from ..api import Work


def seed(work: Work, tenon: Any) -> None:
    return None
