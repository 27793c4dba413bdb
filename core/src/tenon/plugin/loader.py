"""Load plugins in phases, each of which finds every problem before it stops.

discover → resolve → migrations → import → register → settings → compose → freeze. A phase
that finds problems ends the loading with one report, since what later phases
would say of a broken plugin is noise. A plugin with ``on_error = "quarantine"`` is left out
instead, with all that depend on it, and its problems are kept.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING, Any

import pluggy

from .check_entities import check_entities, check_unmigrated
from .check_keys import check_keys
from .check_pipelines import check_pipelines
from .collecting import Given, collect
from .discovery import BUILTIN, Candidate, discover
from .hooks import Hooks, Implementation, check_hooks, implementations, new_manager
from .importing import import_plugin, import_problem
from .loaded import LoadedPlugin, LoadedPlugins
from .options import typed_options
from .quarantine import Quarantine
from .report import Code, PluginProblem, PluginsError
from .resolve import Off, Selection, check, check_migrations, ordered, select
from .world import World

if TYPE_CHECKING:
    from ..settings import Settings


def load_plugins(
    settings: Settings,
    *,
    builtin: Sequence[str] = BUILTIN,
    found: Iterable[EntryPoint] | None = None,
    drafting: bool = False,
) -> LoadedPlugins:
    """Load the plugins that the settings want.

    ``builtin`` are modules of the kernel's own plugins, always on. ``found``
    are the entry points to look at, those of the environment unless given.
    ``drafting`` lets migrations be missing, for who is about to write them.
    Raises :class:`~tenon.plugin.report.PluginsError`.
    """
    return _Loading(settings, discover(builtin, found), drafting).run()


@dataclass
class _Member:
    """A plugin on its way through the phases."""

    candidate: Candidate
    module: Any = None
    failed: bool = False
    models: tuple[types.ModuleType, ...] = ()
    hooks: tuple[Implementation, ...] | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    given: list[Given] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.candidate.name


class _Loading:
    def __init__(self, settings: Settings, candidates: list[Candidate], drafting: bool) -> None:
        self.settings = settings
        self.drafting = drafting
        self.candidates = candidates
        self.manager: pluggy.PluginManager = new_manager()
        self.members: list[_Member] = []
        self.quarantine = Quarantine(settings)

    def run(self) -> LoadedPlugins:
        selection = select(self.candidates, self.settings)
        self.members = [_Member(candidate) for candidate in selection.chosen]
        self._settle("discover", selection.problems)
        self._settle("resolve", check(self._chosen(), self.candidates))
        self._settle("migrations", [] if self.drafting else check_migrations(self._chosen()))
        by_name = {member.name: member for member in self.members}
        self.members = [by_name[candidate.name] for candidate in ordered(self._chosen())]
        self._settle("import", self._each(self._import))
        self._settle("register", self._each(self._register))
        self.manager.check_pending()
        self._settle("settings", self._each(self._options))
        self._settle("compose", self._each(self._collect))
        world = self._compose()
        return self._freeze(selection, world)

    def _chosen(self) -> list[Candidate]:
        return [member.candidate for member in self.members]

    def _each(self, step: Callable[[_Member], Iterable[PluginProblem]]) -> list[PluginProblem]:
        return [problem for member in self.members for problem in step(member)]

    def _settle(self, phase: str, problems: Iterable[PluginProblem]) -> bool:
        """Stop with a report, or go on without those in quarantine. True if any left."""
        surface = {m.name: None if m.hooks is None else [i.hook for i in m.hooks] for m in self.members}
        fatal, gone = self.quarantine.divide(list(problems), self._chosen(), surface)
        if fatal:
            raise PluginsError(phase, fatal)
        for member in self.members:
            if member.name in gone and self.manager.has_plugin(member.name):
                self.manager.unregister(name=member.name)
        self.members = [member for member in self.members if member.name not in gone]
        return bool(gone)

    def _import(self, member: _Member) -> Iterator[PluginProblem]:
        # What needs a plugin that failed would only fail for the same reason.
        failed = {other.name for other in self.members if other.failed}
        manifest = member.candidate.manifest
        if manifest and failed & set(manifest.requires):
            member.failed = True
            return
        try:
            member.module, member.models = import_plugin(member.candidate)
        except (Exception, SystemExit) as error:
            member.failed = True
            yield import_problem(member.candidate, error)

    def _register(self, member: _Member) -> Iterator[PluginProblem]:
        member.hooks = tuple(implementations(member.candidate, member.module, self.manager))
        problems = list(check_hooks(member.candidate, member.module, list(member.hooks)))
        if not problems:
            self.manager.register(member.module, member.name)
        yield from problems
        yield from self.quarantine.refusals(member.candidate, [i.hook for i in member.hooks])

    def _options(self, member: _Member) -> list[PluginProblem]:
        member.settings, problems = typed_options(member.candidate, self.settings)
        return problems

    def _collect(self, member: _Member) -> list[PluginProblem]:
        member.given, problems = collect(member.candidate, member.hooks or ())
        return problems

    def _compose(self) -> World:
        """Check what plugins give together; again without those that left."""
        while True:
            world = self._world()
            problems = [
                *check_keys(world),
                *check_entities(world),
                *check_pipelines(world),
                *(() if self.drafting else check_unmigrated(world)),
                *self._policies(),
            ]
            if not self._settle("compose", problems):
                return world

    def _world(self) -> World:
        given = [given for member in self.members for given in member.given]
        models = {member.name: member.models for member in self.members}
        return World(self._chosen(), given, self.settings.modes, models)

    def _policies(self) -> Iterator[PluginProblem]:
        giving = [(m, i) for m in self.members for i in m.hooks or () if i.hook == "access_policy"]
        for member, implementation in giving[1:]:
            first = giving[0][0].name
            yield member.candidate.problem(
                Code.CONTRIBUTION_COLLISION,
                implementation.line,
                f"Two plugins give an access policy: {first!r} and {member.name!r}",
                "one plugin that decides who may do what",
                f"Take {first!r} or {member.name!r} out of `enabled` in [plugins].",
            )

    def _freeze(self, selection: Selection, world: World) -> LoadedPlugins:
        order = tuple(
            LoadedPlugin(m.candidate, m.module, types.MappingProxyType(m.settings), m.models, m.hooks or ())
            for m in self.members
        )
        gone = tuple(Off(c, "quarantined", reason) for c, reason in self.quarantine.gone)
        return LoadedPlugins(
            order,
            Hooks(self.manager, tuple(plugin.name for plugin in order), self.settings.modes),
            self.settings.modes,
            (*selection.off, *gone),
            tuple(self.quarantine.problems),
            world=world,
        )
