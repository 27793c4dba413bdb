"""Leave a broken plugin out instead of refusing to start, where that is safe.

It is never safe for a plugin that says no: without its guards, its policy or
its permissions the build would let through what they refuse.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .discovery import Candidate
from .hooks import PROTECTED_HOOKS
from .order import dependents
from .report import Code, PluginProblem
from .resolve import needs

if TYPE_CHECKING:
    from ..settings import Settings

# Their cause is not in one plugin, or there is no plugin to leave out.
_NEVER = frozenset(
    {Code.NOT_INSTALLED, Code.DUPLICATE_PLUGIN, Code.DEPENDENCY_CYCLE, Code.QUARANTINE_REFUSED}
)


class Quarantine:
    """Decides which problems stop the start and which plugins are left out."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.gone: list[tuple[Candidate, str]] = []
        self.problems: list[PluginProblem] = []

    def divide(
        self,
        problems: Sequence[PluginProblem],
        members: Sequence[Candidate],
        hooks: Mapping[str, Sequence[str] | None],
    ) -> tuple[list[PluginProblem], set[str]]:
        """The problems that stop the start, and the names of plugins that leave.

        ``hooks`` are the hooks each plugin implements; ``None`` before it is
        imported, when its source text has to do.
        """
        by_name = {candidate.name: candidate for candidate in members}
        fatal: list[PluginProblem] = []
        leaving: dict[str, str] = {}
        for problem in problems:
            reason = self._refusal(problem, by_name, hooks)
            if reason is None:
                leaving.setdefault(problem.plugin, f"{problem.code}: {problem.what}")
            else:
                fatal.append(replace(problem, hint=f"{problem.hint} {reason}".strip()))
        if fatal:
            return fatal, set()
        return [], self._leave(problems, members, leaving)

    def _leave(
        self, problems: Sequence[PluginProblem], members: Sequence[Candidate], leaving: dict[str, str]
    ) -> set[str]:
        for name, needed in dependents(leaving, needs(members, optional=False)).items():
            leaving.setdefault(name, f"it requires {needed}, which is quarantined")
        self.problems += problems
        self.gone += [
            (candidate, leaving[candidate.name]) for candidate in members if candidate.name in leaving
        ]
        return set(leaving)

    def _refusal(
        self,
        problem: PluginProblem,
        members: Mapping[str, Candidate],
        hooks: Mapping[str, Sequence[str] | None],
    ) -> str | None:
        """Why the plugin cannot be left out; ``""`` when nobody asked for that."""
        candidate = members.get(problem.plugin)
        asked = self._settings.plugins.table(problem.plugin).on_error == "quarantine"
        if candidate is None or candidate.builtin or problem.code in _NEVER or not asked:
            return ""
        along = dependents({candidate.name}, needs(list(members.values()), optional=False))
        for name in (candidate.name, *sorted(along)):
            protects = protected(members[name], hooks.get(name))
            if protects:
                whose = "it" if name == candidate.name else f"{name!r}, which requires it,"
                return f"It cannot be quarantined: {whose} {protects}."
        return None

    def refusals(self, candidate: Candidate, hooks: Sequence[str]) -> Iterator[PluginProblem]:
        """That the settings ask for what would not be done, said while all is well."""
        if self._settings.plugins.table(candidate.name).on_error != "quarantine":
            return
        protects = protected(candidate, hooks)
        if candidate.builtin or protects:
            yield candidate.problem(
                Code.QUARANTINE_REFUSED,
                self._settings.where("plugins", candidate.name, "on_error"),
                f"The plugin {protects or 'is part of the kernel'}; starting without it would leave a hole",
                'on_error = "fail"',
                f"Take on_error out of [plugins.{candidate.name}].",
            )


def protected(candidate: Candidate, hooks: Sequence[str] | None) -> str | None:
    """What the plugin holds that a build must not silently lack."""
    if hooks is not None:
        found = [hook for hook in PROTECTED_HOOKS if hook in hooks]
        return f"implements {', '.join(found)}" if found else None
    return _from_text(candidate)


def _from_text(candidate: Candidate) -> str | None:
    try:
        text = (
            candidate.location.source.read_text(encoding="utf-8", errors="replace")
            if candidate.location
            else ""
        )
    except OSError:
        text = ""
    found = [hook for hook in PROTECTED_HOOKS if re.search(rf"\b{hook}\b", text)]
    if found:
        return f"names {', '.join(found)}"
    # A star hides names, unless it is the kernel's own, which holds no hook of the plugin's.
    if not text or re.search(r"\bfrom\s+(?!tenon\.)\S+\s+import\s*\*", text):
        return "cannot be read far enough to know that it guards nothing"
    return None
