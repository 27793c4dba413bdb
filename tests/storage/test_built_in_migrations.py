"""The kernel's own tables, and those of every plugin in this checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenon.plugin.loader import load_plugins
from tenon.settings import PluginChoice, Settings
from tenon.storage import Storage
from tenon.storage.migrations import MigrationOwner, Migrations
from tenon.storage.migrations.owners import kernel_owner


@pytest.fixture(scope="module")
def owners() -> list[MigrationOwner]:
    plugins = load_plugins(Settings.for_tests(plugins=PluginChoice(enabled=None)))
    folders = [(plugin.name, plugin.migrations) for plugin in plugins.order]
    return [kernel_owner(), *(MigrationOwner(n, f, f"{n}_") for n, f in folders if isinstance(f, Path))]


def test_migrations_make_what_the_models_say(storage: Storage, owners: list[MigrationOwner]) -> None:
    migrations = Migrations(storage, owners)
    migrations.upgrade()
    assert [str(problem.message) for problem in migrations.check(models=True).problems] == []
