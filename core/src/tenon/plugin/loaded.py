"""Plugins after loading: frozen, in order, with everything they gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from . import contributions as c
from .discovery import Candidate
from .hooks import Hooks, Implementation
from .manifest import Manifest
from .report import PluginProblem
from .resolve import Off
from .why import Provenance, explain
from .world import LeftOut, World

T = TypeVar("T")


@dataclass(frozen=True)
class LoadedPlugin:
    """A plugin that runs. ``settings`` are typed, ``hooks`` what it implements."""

    candidate: Candidate
    module: Any
    settings: Mapping[str, Any] = field(repr=False)
    models: tuple[ModuleType, ...] = ()
    hooks: tuple[Implementation, ...] = field(default=(), repr=False)
    status: str = "on"

    @property
    def name(self) -> str:
        return self.candidate.name

    @property
    def version(self) -> str:
        return self.candidate.version

    @property
    def distribution(self) -> str:
        """Name and version of the distribution that brought it."""
        return self.candidate.label

    @property
    def builtin(self) -> bool:
        return self.candidate.builtin

    @property
    def manifest(self) -> Manifest:
        assert self.candidate.manifest is not None
        return self.candidate.manifest

    @property
    def package(self) -> str:
        """The dotted name of the package the plugin's files are in."""
        return self.candidate.location.package if self.candidate.location else ""

    @property
    def folder(self) -> Path:
        """The folder of that package: templates, catalogues and migrations are in it."""
        assert self.candidate.location is not None
        return self.candidate.location.folder

    @property
    def migrations(self) -> Path | None:
        """The folder of its migrations; ``None`` for a plugin without tables."""
        return self.folder / self.manifest.migrations if self.manifest.models else None


@dataclass(frozen=True)
class LoadedPlugins:
    """The build: plugins in load order, what they contribute, and who is missing.

    ``off`` are installed plugins that do not run; ``problems`` what was
    quarantined; ``left_out`` contributions for other modes.
    """

    order: tuple[LoadedPlugin, ...]
    hook: Hooks = field(repr=False)
    modes: frozenset[str] = frozenset()
    off: tuple[Off, ...] = ()
    problems: tuple[PluginProblem, ...] = ()
    world: World = field(kw_only=True, repr=False)

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Contributions that are not in force, each with the reason."""
        return tuple(self.world.left_out)

    def contributions(self, kind: type[T]) -> list[tuple[str, T]]:
        """What plugins gave of one type, as (plugin name, contribution), in load order.

        Endpoints need the composed app and come from ``hook.endpoints(tenon)``.
        """
        if kind is c.Endpoint:
            raise TypeError("Endpoints are given by hook.endpoints(tenon), once the app is composed")
        return [(given.plugin, contribution) for given, contribution in self.world.all(kind)]

    def get(self, name: str) -> LoadedPlugin | None:
        """The running plugin of that name."""
        return next((plugin for plugin in self.order if plugin.name == name), None)

    def why(self, thing: str) -> list[Provenance]:
        """Where a thing comes from: see :func:`tenon.plugin.why.explain`."""
        return explain(self, thing)
