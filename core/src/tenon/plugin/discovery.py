"""Which plugins are installed, found without running any of their code.

An entry point of the group ``tenon.plugins`` names a module. Importing that module, or
even looking it up below its top-level package, would run the plugin's code, so
the module's folder is found from the top-level package's spec and the file
system alone. The manifest stands beside the module.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import Distribution, EntryPoint, PackageNotFoundError, distribution, entry_points
from importlib.util import find_spec
from pathlib import Path

from .manifest import FILE, Manifest, read_manifest
from .report import Code, PluginProblem

GROUP = "tenon.plugins"
KERNEL = "tenon-crm"
BUILTIN = ("tenon.identity.plugin", "tenon.nouns.plugin")


@dataclass(frozen=True)
class Location:
    """Where a plugin's module lies: its package, the package's folder, its file."""

    package: str
    folder: Path
    source: Path

    def display(self, file: Path | str) -> str:
        """A file of the plugin as messages show it: from the top-level package on."""
        inside = Path(*self.package.split("."))
        try:
            return (inside / Path(file).resolve().relative_to(self.folder.resolve())).as_posix()
        except ValueError:
            return Path(file).as_posix()


@dataclass(frozen=True)
class Candidate:
    """An installed plugin, not imported. Without a manifest it is broken."""

    name: str
    module: str
    attribute: str = ""
    distribution: str = ""
    dist_version: str = ""
    builtin: bool = False
    location: Location | None = None
    manifest: Manifest | None = None
    problems: tuple[PluginProblem, ...] = field(default=(), compare=False)

    @property
    def version(self) -> str:
        """The manifest's version, else its distribution's."""
        return (self.manifest.version if self.manifest else None) or self.dist_version

    @property
    def label(self) -> str:
        """Distribution and version, as reports show them."""
        return f"{self.distribution} {self.dist_version}".strip()

    def where(self, *keys: str) -> str:
        """``file:line`` of a key of the manifest."""
        return self.manifest.where(*keys) if self.manifest else self.module

    def problem(self, code: Code, where: str, what: str, expected: str = "", hint: str = "") -> PluginProblem:
        return PluginProblem(self.name, self.label, code, where, what, expected, hint)


def discover(builtin: Sequence[str] = BUILTIN, found: Iterable[EntryPoint] | None = None) -> list[Candidate]:
    """Every installed plugin, the kernel's own first, the rest by name.

    ``found`` are the entry points to look at; those of the environment unless given.
    """
    points = entry_points(group=GROUP) if found is None else found
    installed = [_candidate(point) for point in points]
    installed.sort(key=lambda c: (c.name, c.distribution, c.module))
    return [_own(module) for module in builtin] + installed


def _own(module: str) -> Candidate:
    guess = module.removesuffix(".plugin").rpartition(".")[2]
    found = _with_manifest(_from(Candidate(guess, module, builtin=True), _kernel()))
    return replace(found, name=found.manifest.name) if found.manifest else found


def _kernel() -> Distribution | None:
    try:
        return distribution(KERNEL)
    except PackageNotFoundError:
        return None


def _candidate(point: EntryPoint) -> Candidate:
    found = _with_manifest(_from(Candidate(point.name, point.module, point.attr or ""), point.dist))
    if found.manifest and found.manifest.name != point.name:
        return _misnamed(found, point.name)
    return found


def _from(candidate: Candidate, dist: Distribution | None) -> Candidate:
    if dist is None:
        return candidate
    return replace(candidate, distribution=dist.metadata["Name"], dist_version=dist.version)


def _misnamed(candidate: Candidate, entry: str) -> Candidate:
    assert candidate.manifest is not None
    problem = candidate.problem(
        Code.MANIFEST_INVALID,
        candidate.where("name"),
        f"The manifest is named {candidate.manifest.name!r}, its entry point {entry!r}",
        "one name for both",
        f'Write name = "{entry}" in {FILE}, or rename the entry point in pyproject.toml and install again.',
    )
    return replace(candidate, manifest=None, problems=(problem,))


def _with_manifest(bare: Candidate) -> Candidate:
    location = locate(bare.module)
    if location is None:
        return _broken(
            bare,
            Code.IMPORT_FAILED,
            f"The module {bare.module!r} does not exist",
            "the module that the entry point names",
            f"Install {bare.distribution or bare.name} again, or mend the entry point in its pyproject.toml.",
        )
    path = location.folder / FILE
    if not path.is_file():
        return _broken(
            bare,
            Code.MANIFEST_MISSING,
            f"There is no {FILE} beside {location.display(location.source)}",
            f"a manifest at {location.display(path)}",
            f"Write one with name and api, and see that the wheel carries it in {location.package}.",
        )
    manifest, flaws = read_manifest(path, location.display(path))
    problems = tuple(bare.problem(Code.MANIFEST_INVALID, f.where, f.what, f.expected, f.hint) for f in flaws)
    return replace(bare, location=location, manifest=manifest, problems=problems)


def _broken(bare: Candidate, code: Code, what: str, expected: str, hint: str) -> Candidate:
    where = f"{GROUP}: {bare.name} = {bare.module}" if not bare.builtin else bare.module
    return replace(bare, problems=(bare.problem(code, where, what, expected, hint),))


def locate(module: str) -> Location | None:
    """Where ``module`` lies, without importing it or any package around it."""
    top, *rest = module.split(".")
    for root in _roots(top):
        found = _descend(root, top, rest)
        if found:
            return found
    return None


def _roots(top: str) -> list[Path]:
    try:
        # A top-level name is only looked up, never run.
        spec = find_spec(top)
    except (ImportError, ValueError):
        spec = getattr(sys.modules.get(top), "__spec__", None)
    if spec is None:
        return []
    if spec.submodule_search_locations is not None:
        return [Path(folder) for folder in spec.submodule_search_locations]
    return [Path(spec.origin)] if spec.origin else []


def _descend(root: Path, top: str, rest: list[str]) -> Location | None:
    if root.is_file():
        return Location("", root.parent, root) if not rest else None
    package, folder = top, root
    for part in rest[:-1]:
        package, folder = f"{package}.{part}", folder / part
    if not rest:
        return (
            Location(package, folder, folder / "__init__.py") if (folder / "__init__.py").is_file() else None
        )
    inside = folder / rest[-1]
    if (inside / "__init__.py").is_file():
        return Location(f"{package}.{rest[-1]}", inside, inside / "__init__.py")
    source = folder / f"{rest[-1]}.py"
    return Location(package, folder, source) if source.is_file() else None
