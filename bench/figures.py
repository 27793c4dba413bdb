"""What was measured, against what, and whether that was the aim."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One measured value.

    ``baseline`` is the raw limit in the same run and ``ratio`` how many times dearer than it
    the value is. ``target`` bounds the ratio, or the value where there is no ratio; ``None`` is no aim.
    """

    id: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    target: float | None = None

    @property
    def ok(self) -> bool:
        reached = self.value if self.ratio is None else self.ratio
        return self.target is None or reached <= self.target

    def as_json(self) -> str:
        names = ("id", "value", "unit", "baseline", "ratio", "target", "ok")
        return json.dumps({name: getattr(self, name) for name in names})


def keep(figures: Iterable[Figure], path: Path) -> None:
    """Write figures as JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{figure.as_json()}\n" for figure in figures), encoding="utf-8")


def table(part: str, scale: str, figures: Iterable[Figure]) -> str:
    """Figures as text for people; a missed aim says so."""
    found = list(figures)
    lines = [
        f"{part} ({scale})",
        f"{'figure':<44}{'value':>12} {'unit':<14}{'baseline':>10}{'ratio':>8}{'aim':>8}",
    ]
    lines += [_line(figure) for figure in found]
    missed = [figure.id for figure in found if not figure.ok]
    reached = sum(figure.target is not None for figure in found) - len(missed)
    lines.append(f"{reached} aims reached, {len(missed)} missed{': ' + ', '.join(missed) if missed else ''}")
    return "\n".join(lines)


def _line(figure: Figure) -> str:
    baseline, ratio, aim = map(_number, (figure.baseline, figure.ratio, figure.target))
    measured = f"{figure.id:<44}{_number(figure.value):>12} {figure.unit:<14}"
    return f"{measured}{baseline:>10}{ratio:>8}{aim:>8}".rstrip() + ("" if figure.ok else "  MISSED")


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
