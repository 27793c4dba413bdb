"""What is installed and what would become of it, told without importing a plugin."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING, Any

from .discovery import BUILTIN, Candidate, discover
from .report import PluginProblem
from .resolve import check, check_migrations, ordered, select

if TYPE_CHECKING:
    from ..settings import Settings


@dataclass(frozen=True)
class PluginState:
    """An installed plugin: ``on``, ``disabled``, ``off in this mode`` or ``broken``, and why."""

    candidate: Candidate
    status: str
    reason: str = ""
    problems: tuple[PluginProblem, ...] = ()

    @property
    def name(self) -> str:
        return self.candidate.name

    def data(self) -> dict[str, Any]:
        """The state as JSON data."""
        manifest = self.candidate.manifest
        return {
            "name": self.name,
            "version": self.candidate.version,
            "distribution": self.candidate.label,
            "builtin": self.candidate.builtin,
            "status": self.status,
            "reason": self.reason,
            "summary": manifest.summary if manifest else "",
            "modes": sorted(manifest.modes) if manifest else [],
            "requires": dict(manifest.requires) if manifest else {},
            "problems": [problem.data() for problem in self.problems],
        }


def overview(
    settings: Settings, *, builtin: Sequence[str] = BUILTIN, found: Iterable[EntryPoint] | None = None
) -> list[PluginState]:
    """Every installed plugin: those that would run in load order, then the others by name."""
    candidates = discover(builtin, found)
    selection = select(candidates, settings)
    whole = [c for c in selection.chosen if c.manifest]
    problems = [*selection.problems, *check(whole, candidates), *check_migrations(whole)]
    running = ordered(whole)
    placed = {id(c) for c in running}
    stuck = [c for c in selection.chosen if id(c) not in placed]
    states = [_chosen(candidate, problems) for candidate in (*running, *stuck)]
    off = [_off(o.candidate, o.status, o.reason) for o in selection.off]
    return states + sorted(off, key=lambda state: state.name)


def _chosen(candidate: Candidate, problems: Sequence[PluginProblem]) -> PluginState:
    own = tuple(p for p in problems if p.plugin == candidate.name)
    if candidate.manifest is not None and not own:
        return PluginState(candidate, "on")
    return PluginState(candidate, "broken", own[0].what if own else "it needs others in a circle", own)


def _off(candidate: Candidate, status: str, reason: str) -> PluginState:
    if candidate.problems:
        return PluginState(candidate, "broken", candidate.problems[0].what, candidate.problems)
    return PluginState(candidate, status, reason)
