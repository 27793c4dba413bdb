"""The plugin that is checked, and the deployment it is checked in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, ClassVar, TypeVar

import pytest

from ...app import Tenon
from ...clock import ManualClock
from ...identity.actor import Actor
from ...plugin import contributions as c
from ...plugin.discovery import Candidate, discover
from ...plugin.loaded import LoadedPlugin, LoadedPlugins
from ...plugin.loader import load_plugins
from ...plugin.manifest import Manifest
from ...records.registry import EntityType
from ...settings import MODES, Settings
from ..deployments import Deployments
from ..people import PASSWORD, make_actor
from ..samples import Samples

T = TypeVar("T")


class Installed:
    """An installed plugin before it is loaded, and what it needs beside it."""

    def __init__(self, name: str, settings: Mapping[str, Any]) -> None:
        self.name = name
        self._settings = settings
        self._candidates = {candidate.name: candidate for candidate in discover()}

    @cached_property
    def candidate(self) -> Candidate:
        """What discovery found."""
        found = self._candidates.get(self.name)
        assert found is not None, (
            f"No plugin {self.name!r} is installed. Install it (`pip install -e .`) with an entry point "
            f'[project.entry-points."tenon.plugins"], and name it in `plugin`.'
        )
        return found

    @property
    def manifest(self) -> Manifest:
        """Its manifest; the flaws where it cannot be read."""
        candidate = self.candidate
        problems = "\n".join(str(problem) for problem in candidate.problems)
        assert candidate.manifest is not None, f"The manifest of {self.name} cannot be used:\n{problems}"
        return candidate.manifest

    @property
    def modes(self) -> frozenset[str]:
        """The modes that it serves."""
        return self.manifest.modes or frozenset(MODES)

    @property
    def required(self) -> list[str]:
        """The plugins it needs, and those that they need."""
        found: list[str] = []
        asked = [*self.manifest.requires]
        while asked:
            name = asked.pop()
            needed = self._candidates.get(name)
            if name not in found and needed is not None and not needed.builtin:
                found.append(name)
                asked += needed.manifest.requires if needed.manifest else ()
        return found

    @property
    def optional(self) -> list[str]:
        """The plugins it can work with that are installed here."""
        return [name for name in self.manifest.optional if name in self._candidates]

    def chosen(self, *more: str, modes: Iterable[str] | None = None, without: bool = False) -> Settings:
        """Settings that switch the plugin on, with what it needs and ``more``.

        ``without`` leaves the plugin itself out.
        """
        names = dict.fromkeys([*self.required, *more, *([] if without else [self.name])])
        tables = {name: dict(self._settings) if name == self.name else {} for name in names}
        return Settings.for_tests(plugins=tables, modes=self.modes if modes is None else frozenset(modes))

    def loaded(self, *more: str, modes: Iterable[str] | None = None) -> LoadedPlugins:
        """The plugins of a build with this one in it; the loader's report where they do not fit."""
        return load_plugins(self.chosen(*more, modes=modes))


class Subject:
    """What the checks have in common: who is checked, and fixtures for it."""

    plugin: ClassVar[str] = ""
    values: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    derived: ClassVar[frozenset[str]] = frozenset()
    settings: ClassVar[Mapping[str, Any]] = {}

    @pytest.fixture
    def installed(self) -> Installed:
        """The plugin as it is installed."""
        assert self.plugin, f'{type(self).__name__} does not say whom it checks: plugin = "…"'
        return Installed(self.plugin, self.settings)

    @pytest.fixture
    def tenon_settings(self, installed: Installed) -> Settings:
        """The kernel, the plugin and what it needs, in every mode that it serves."""
        return installed.chosen()

    @pytest.fixture
    def tenon(
        self,
        tenon_deployments: Deployments,
        tenon_settings: Settings,
        tenon_database: str,
        clock: ManualClock,
    ) -> Iterator[Tenon]:
        """The kit's own deployment, whatever else the suite around calls ``tenon``."""
        made = tenon_deployments.compose(tenon_settings, tenon_database, clock)
        yield made
        tenon_deployments.discard(made)

    @pytest.fixture
    def actor(self, tenon: Tenon) -> Actor:
        """Somebody who may do everything and can sign in."""
        return make_actor(tenon, name="Anna Example", email="anna@example.com", password=PASSWORD, admin=True)

    @pytest.fixture
    def loaded(self, tenon: Tenon) -> LoadedPlugin:
        """The plugin in the composed deployment."""
        found = tenon.plugins.get(self.plugin)
        assert found is not None, f"{self.plugin} does not run with only the kernel and what it requires"
        return found

    @pytest.fixture
    def samples(self, tenon: Tenon, actor: Actor) -> Samples:
        """Values for records."""
        return Samples(tenon, actor, self.values)

    def given(self, tenon: Tenon, kind: type[T]) -> list[T]:
        """What the plugin contributes of one type."""
        return [
            contribution
            for plugin, contribution in tenon.plugins.contributions(kind)
            if plugin == self.plugin
        ]

    def entities(self, tenon: Tenon) -> list[EntityType]:
        """The kinds of record that the plugin owns."""
        return [tenon.records.registry[entity.name] for entity in self.given(tenon, c.Entity)]

    def creatable(self, tenon: Tenon) -> list[EntityType]:
        """The kinds of record that people and programs create."""
        return [type_ for type_ in self.entities(tenon) if type_.name not in self.derived]


def none_of(wrong: Iterable[str], advice: str) -> None:
    """Fail with every sentence there is, and with what to do about them."""
    sentences = list(wrong)
    assert not sentences, "\n".join(["", *(f"- {sentence}" for sentence in sentences), advice])
