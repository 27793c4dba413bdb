"""How Tenon's column types are written in revision files."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext

from ..types import ExactDecimal, UtcDateTime


class TypeNames:
    """Writes Tenon's types by their names and remembers which were used.

    ``module`` is where the revision imports them from: ``tenon.api`` for a plugin.
    """

    def __init__(self, module: str) -> None:
        self._module = module
        self._used: set[str] = set()

    def render(self, kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
        """Alembic's ``render_item``: the text of ``item``, or ``False`` for Alembic's own."""
        text = _named(item) if kind == "type" else None
        if text is None:
            return False
        self._used.add(text.partition("(")[0])
        return text

    def imports(self) -> list[str]:
        """The import line that the types need, if any."""
        return [f"from {self._module} import {', '.join(sorted(self._used))}"] if self._used else []


def _named(type_: Any) -> str | None:
    if isinstance(type_, UtcDateTime):
        return "UtcDateTime()"
    if isinstance(type_, ExactDecimal):
        return f"ExactDecimal({type_.scale}, {type_.precision})"
    if isinstance(type_, sa.JSON):
        return "Json"
    if isinstance(type_, sa.Uuid):
        return "Id"
    return None
