"""What can be wrong with plugins, and the one report that says all of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum

from ..errors import ConfigError, Problem


class Code(StrEnum):
    """A stable name for each thing that can be wrong with a plugin."""

    NOT_INSTALLED = "NotInstalled"
    DUPLICATE_PLUGIN = "DuplicatePlugin"
    MANIFEST_MISSING = "ManifestMissing"
    MANIFEST_INVALID = "ManifestInvalid"
    API_MISMATCH = "ApiMismatch"
    KERNEL_TOO_OLD = "KernelTooOld"
    DEPENDENCY_MISSING = "DependencyMissing"
    DEPENDENCY_VERSION = "DependencyVersion"
    DEPENDENCY_CYCLE = "DependencyCycle"
    CONFLICT = "Conflict"
    MIGRATION_HEAD_MISSING = "MigrationHeadMissing"
    MIGRATION_HEADS_DIVERGED = "MigrationHeadsDiverged"
    IMPORT_FAILED = "ImportFailed"
    UNKNOWN_HOOK = "UnknownHook"
    UNKNOWN_HOOK_ARGUMENT = "UnknownHookArgument"
    HOOK_NOT_MARKED = "HookNotMarked"
    HOOK_WRAPPER = "HookWrapper"
    HOOK_FAILED = "HookFailed"
    QUARANTINE_REFUSED = "QuarantineRefused"
    SETTINGS_INVALID = "SettingsInvalid"
    WRONG_CONTRIBUTION = "WrongContribution"
    CONTRIBUTION_COLLISION = "ContributionCollision"
    TABLE_PREFIX = "TablePrefix"
    UNKNOWN_TARGET = "UnknownTarget"
    UNDECLARED_DEPENDENCY = "UndeclaredDependency"
    MODE_MISMATCH = "ModeMismatch"


@dataclass(frozen=True, order=True)
class PluginProblem:
    """One thing that is wrong with one plugin.

    ``where`` is ``file:line``, ``what`` the fault, ``expected`` what would have been
    right, ``hint`` the command or the edit that mends it.
    """

    plugin: str
    distribution: str
    code: Code
    where: str
    what: str
    expected: str = ""
    hint: str = ""

    def lines(self) -> list[str]:
        """The problem as lines of a report."""
        owner = f"{self.plugin} ({self.distribution})" if self.distribution else self.plugin
        text = [f"{self.code} in plugin {owner}"]
        text += [f"at {self.where}"] if self.where else []
        text += [self.what]
        text += [f"Expected: {self.expected}"] if self.expected else []
        text += [f"To mend it: {self.hint}"] if self.hint else []
        return text

    def data(self) -> dict[str, str]:
        """The problem as JSON data."""
        return {key: str(value) for key, value in asdict(self).items()}


class PluginsError(ConfigError):
    """One report of every plugin problem that one phase of loading found."""

    code = "plugins"

    def __init__(self, phase: str, problems: Iterable[PluginProblem]) -> None:
        self.phase = phase
        # Sorted, so that the same mistakes read the same on every run.
        self.plugin_problems = tuple(sorted(set(problems)))
        super().__init__(
            _headline(phase, len(self.plugin_problems)),
            hint="Run `tenon plugins check` after mending; it needs no database.",
            problems=[Problem("", p.code, f"{p.plugin}: {p.what}") for p in self.plugin_problems],
        )

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the problems, in the order of the report."""
        return tuple(str(problem.code) for problem in self.plugin_problems)

    def __str__(self) -> str:
        return f"{self.message}\n\n{format_problems(self.plugin_problems)}\n\n{self.hint}"


def format_problems(problems: Iterable[PluginProblem]) -> str:
    """Numbered paragraphs, one a problem."""
    paragraphs = []
    for number, problem in enumerate(problems, 1):
        head, *rest = problem.lines()
        paragraphs.append("\n".join([f"{number}. {head}", *(f"   {line}" for line in rest)]))
    return "\n\n".join(paragraphs)


def _headline(phase: str, count: int) -> str:
    noun = "1 problem" if count == 1 else f"{count} problems"
    return f"The plugins cannot be loaded: {noun} found in the phase '{phase}'"
