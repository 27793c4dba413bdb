"""Plugins that are made for a test, and a loader that sees them alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tenon.plugin.discovery import GROUP
from tenon.plugin.loaded import LoadedPlugins
from tenon.plugin.loader import load_plugins
from tenon.settings import Settings, load_settings
from tenon.testing.plugin_factory import PluginFactory

# The plugin room alone: what a plugin may import from here on is not its business.
PREAMBLE = """\
from datetime import timedelta
from types import SimpleNamespace
from tenon.plugin.contributions import *
from tenon.plugin.hookspecs import hookimpl

def model(table, *columns):
    made = [SimpleNamespace(key=name) for name in ("id", *columns)]
    return type(table.title(), (), {"__tablename__": table, "__table__": SimpleNamespace(columns=made)})

def entity(name, table, *columns, plural=None, **more):
    return Entity(name, model(table, "name", *columns), name, name, plural or f"{name}s", **more)

"""

Load = Callable[..., LoadedPlugins]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[PluginFactory]:
    factory = PluginFactory(tmp_path / "site", PREAMBLE)
    yield factory
    factory.close()


@pytest.fixture
def load(tmp_path: Path, made: PluginFactory) -> Load:
    """Load what was made, all of it unless settings say otherwise."""

    def load(
        settings: str = "", *, shuffle: Callable[[list], list] = list, drafting: bool = True
    ) -> LoadedPlugins:
        # Most plugins made here have tables in name only, for which nobody writes migrations.
        found = shuffle(_made(made))
        return load_plugins(_settings(tmp_path, settings), builtin=(), found=found, drafting=drafting)

    return load


def _settings(folder: Path, text: str) -> Settings:
    (folder / "tenon.toml").write_text(text, encoding="utf-8")
    return load_settings(folder / "tenon.toml", {})


def _made(factory: PluginFactory) -> list:
    # What is installed beside the tests is none of their business.
    return [
        point
        for point in entry_points(group=GROUP)
        if point.dist and str(point.dist.locate_file("")).startswith(str(factory.root))
    ]
