"""Which of the installed plugins run here, checked against each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from ..nearest import did_you_mean, listed, nearest
from .discovery import KERNEL, Candidate
from .manifest import API
from .order import dependents, load_order
from .report import Code, PluginProblem
from .revisions import heads, revisions

if TYPE_CHECKING:
    from ..settings import Settings


@dataclass(frozen=True)
class Off:
    """An installed plugin that does not run, and why."""

    candidate: Candidate
    status: str
    reason: str


@dataclass(frozen=True)
class Selection:
    """The plugins that shall run, those that shall not, and what is wrong."""

    chosen: tuple[Candidate, ...]
    off: tuple[Off, ...]
    problems: tuple[PluginProblem, ...]


def select(candidates: Sequence[Candidate], settings: Settings) -> Selection:
    """Split what is installed into what the settings want and what they do not."""
    enabled = settings.plugins.enabled
    wanted = [c for c in candidates if c.builtin or enabled is None or c.name in enabled]
    problems = [*_absent(candidates, settings), *_duplicates(wanted)]
    off = [Off(c, "disabled", "not in `enabled`") for c in candidates if c not in wanted]
    broken = [c for c in wanted if c.manifest is None]
    problems += [problem for c in broken for problem in c.problems]
    by_mode = _off_by_mode([c for c in wanted if c.manifest], settings.modes)
    off += [Off(c, "off in this mode", reason) for c, reason in by_mode]
    dropped = {id(c) for c, _ in by_mode}
    chosen = tuple(c for c in wanted if id(c) not in dropped)
    return Selection(chosen, tuple(off), tuple(problems))


def _absent(candidates: Sequence[Candidate], settings: Settings) -> Iterator[PluginProblem]:
    installed = {c.name for c in candidates}
    enabled = settings.plugins.enabled or ()
    where = settings.where("plugins", "enabled")
    for name in enabled:
        if name not in installed:
            yield PluginProblem(
                name,
                "",
                Code.NOT_INSTALLED,
                where,
                f"The settings enable {name!r}, which is not installed{did_you_mean(name, installed)}",
                f"one of {listed(installed)}",
                f"Install the distribution that provides it, or take {name!r} out of `enabled`.",
            )
    for name in settings.plugins.tables:
        if name not in installed and name not in enabled:
            yield _orphan_table(name, installed, settings)


def _orphan_table(name: str, installed: set[str], settings: Settings) -> PluginProblem:
    meant = nearest(name, installed)
    return PluginProblem(
        name,
        "",
        Code.NOT_INSTALLED,
        settings.where("plugins", name),
        f"The settings have a table [plugins.{name}], but no such plugin is installed"
        f"{did_you_mean(name, installed)}",
        f"one of {listed(installed)}",
        f"Rename the table to [plugins.{meant}]." if meant else "Take the table out, or install the plugin.",
    )


def _duplicates(wanted: Sequence[Candidate]) -> Iterator[PluginProblem]:
    for name in sorted({c.name for c in wanted}):
        same = [c for c in wanted if c.name == name]
        if len(same) > 1:
            owners = " and ".join(f"{c.module} ({c.label})" for c in same)
            yield same[-1].problem(
                Code.DUPLICATE_PLUGIN,
                same[-1].where("name"),
                f"Two plugins are named {name!r}: {owners}",
                "one plugin of each name",
                f"Uninstall one of them: pip uninstall {same[-1].distribution or name}",
            )


def _off_by_mode(wanted: Sequence[Candidate], modes: frozenset[str]) -> list[tuple[Candidate, str]]:
    """Plugins for other modes, and those that cannot do without them."""
    own = {c.name: c for c in wanted if c.manifest and c.manifest.modes and not c.manifest.modes & modes}
    needs = {c.name: c.manifest.requires for c in wanted if c.manifest}
    found = [(c, f"it serves {listed(c.manifest.modes)}") for c in own.values() if c.manifest]
    for name, needed in dependents(own, needs).items():
        found += [(c, f"it requires {needed}, which is off in this mode") for c in wanted if c.name == name]
    return found


def check(chosen: Sequence[Candidate], installed: Sequence[Candidate]) -> list[PluginProblem]:
    """Everything about the chosen plugins that manifests and files can tell."""
    by_name = {c.name: c for c in chosen}
    status = {c.name: "installed, but not enabled" for c in installed}
    problems: list[PluginProblem] = []
    for candidate in chosen:
        if candidate.manifest:
            problems += _kernel(candidate)
            problems += _requirements(candidate, by_name, status)
            problems += _conflicts(candidate, by_name)
    return problems + list(_cycles(chosen))


def check_migrations(chosen: Sequence[Candidate]) -> list[PluginProblem]:
    """That each plugin with tables has a history of migrations with one head."""
    return [problem for candidate in chosen for problem in _migrations(candidate)]


def needs(chosen: Sequence[Candidate], *, optional: bool = True) -> dict[str, set[str]]:
    """What each plugin has to be loaded behind: its requirements, and the kernel's own."""
    own = {c.name for c in chosen if c.builtin}
    return {
        c.name: {
            *(c.manifest.requires if c.manifest else ()),
            *(c.manifest.optional if c.manifest and optional else ()),
            *(() if c.builtin else own),
        }
        for c in chosen
    }


def ordered(chosen: Sequence[Candidate]) -> list[Candidate]:
    """The chosen plugins in load order."""
    by_name = {c.name: c for c in chosen}
    order, _ = load_order(needs(chosen))
    return [by_name[name] for name in order]


def _kernel(candidate: Candidate) -> Iterator[PluginProblem]:
    assert candidate.manifest is not None
    manifest = candidate.manifest
    if manifest.api != API:
        yield candidate.problem(
            Code.API_MISMATCH,
            candidate.where("api"),
            f"The plugin is written for plugin API {manifest.api}, this kernel speaks {API}",
            f"api = {API}",
            f"pip install --upgrade {candidate.distribution or candidate.name}"
            if manifest.api < API
            else f"pip install --upgrade {KERNEL}",
        )
    own = kernel_version()
    if manifest.kernel and not SpecifierSet(manifest.kernel).contains(own, prereleases=True):
        yield candidate.problem(
            Code.KERNEL_TOO_OLD,
            candidate.where("kernel"),
            f"The plugin needs {KERNEL} {manifest.kernel}, installed is {own}",
            f"{KERNEL} {manifest.kernel}",
            f'pip install "{KERNEL}{manifest.kernel}"',
        )


def kernel_version() -> str:
    """The installed kernel's version."""
    try:
        return version(KERNEL)
    except PackageNotFoundError:
        return "0"


def _requirements(
    candidate: Candidate, chosen: dict[str, Candidate], status: dict[str, str]
) -> Iterator[PluginProblem]:
    assert candidate.manifest is not None
    for name, specifier in candidate.manifest.requires.items():
        where = candidate.where("requires", name)
        other = chosen.get(name)
        if other is None:
            yield _missing(candidate, name, where, status)
        elif specifier and not _satisfied(other.version, specifier):
            yield candidate.problem(
                Code.DEPENDENCY_VERSION,
                where,
                f"The plugin requires {name} {specifier}, installed is {other.version or 'no version'}",
                f"{name} {specifier}",
                f'pip install "{other.distribution or name}{specifier}"',
            )


def _missing(candidate: Candidate, name: str, where: str, status: dict[str, str]) -> PluginProblem:
    known = status.get(name)
    return candidate.problem(
        Code.DEPENDENCY_MISSING,
        where,
        f"The plugin requires {name!r}, which is {known or 'not installed'}"
        f"{'' if known else did_you_mean(name, status)}",
        f"{name!r} installed and enabled",
        f"Add {name!r} to `enabled` in [plugins]."
        if known
        else f"Install the distribution that provides {name!r}.",
    )


def _satisfied(installed: str, specifier: str) -> bool:
    try:
        return SpecifierSet(specifier).contains(Version(installed), prereleases=True)
    except InvalidVersion:
        return False


def _conflicts(candidate: Candidate, chosen: dict[str, Candidate]) -> Iterator[PluginProblem]:
    assert candidate.manifest is not None
    for name in candidate.manifest.conflicts:
        if name in chosen and name != candidate.name:
            yield candidate.problem(
                Code.CONFLICT,
                candidate.where("conflicts"),
                f"The plugin cannot run beside {name!r}, which is enabled",
                f"{candidate.name!r} or {name!r}, not both",
                "Take one of them out of `enabled` in [plugins].",
            )


def _migrations(candidate: Candidate) -> Iterator[PluginProblem]:
    assert candidate.manifest is not None
    if not candidate.manifest.models or candidate.location is None:
        return
    folder = candidate.location.folder / candidate.manifest.migrations
    shown = candidate.location.display(folder)
    found = heads(revisions(folder))
    if not found:
        lack = "no migration in" if folder.is_dir() else "no folder"
        yield candidate.problem(
            Code.MIGRATION_HEAD_MISSING,
            candidate.where("models"),
            f"The plugin has models, but there is {lack} {shown}",
            "a history of migrations with one head",
            f"tenon db revision {candidate.name} -m initial, and ship the folder as package data",
        )
    elif len(found) > 1:
        yield candidate.problem(
            Code.MIGRATION_HEADS_DIVERGED,
            shown,
            f"The plugin's migrations have {len(found)} heads: {', '.join(found)}",
            "one head",
            f"Set down_revision of {found[-1]!r} so that it follows {found[0]!r}.",
        )


def _cycles(chosen: Sequence[Candidate]) -> Iterator[PluginProblem]:
    by_name = {c.name: c for c in chosen}
    for cycle in load_order(needs(chosen))[1]:
        first, second = by_name[cycle[0]], cycle[1 % len(cycle)]
        manifest = first.manifest
        key = "requires" if manifest and second in manifest.requires else "optional"
        yield first.problem(
            Code.DEPENDENCY_CYCLE,
            first.where(key, second),
            f"Plugins need one another in a circle: {' → '.join([*cycle, cycle[0]])}",
            "an order in which each plugin comes behind what it needs",
            f"Take {second!r} out of `{key}` of {first.name!r}, or move what they share into a third plugin.",
        )
