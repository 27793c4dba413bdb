"""Composed deployments for tests, each on a database of its own that is quick to have."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from ..app import Tenon, create_tenon
from ..plugin.loader import load_plugins
from ..settings import DatabaseSettings, Settings

if TYPE_CHECKING:
    from ..clock import Clock
    from ..plugin.loaded import LoadedPlugins


class Deployments:
    """Composes deployments below ``folder``.

    The plugins of a set are loaded once, and their migrations run once; each deployment
    then has a copy of the database they left.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._loaded: dict[str, LoadedPlugins] = {}
        self._templates: dict[tuple[str, ...], str] = {}
        self._made: dict[str, list[str]] = {}

    def compose(self, settings: Settings, server: str = "sqlite", clock: Clock | None = None) -> Tenon:
        """A deployment on a fresh, migrated database: of SQLite, or on a PostgreSQL ``server``."""
        plugins = self._plugins(settings)
        url = self._copied(settings, plugins, server)
        return create_tenon(_with_database(settings, url, self.folder), clock=clock, plugins=plugins)

    def empty(self, server: str) -> str:
        """The URL of a database with nothing in it."""
        return f"sqlite:///{self._file()}" if server == "sqlite" else self._database(server)

    def discard(self, tenon: Tenon) -> None:
        """Close a deployment and take its database away."""
        tenon.storage.close()
        url = tenon.storage.url
        if url.get_backend_name() == "sqlite":
            for file in Path(str(url.database)).parent.glob(f"{Path(str(url.database)).name}*"):
                file.unlink()
            return
        self._drop(url.render_as_string(hide_password=False))

    def close(self) -> None:
        """Take every database away that is left."""
        for server, urls in self._made.items():
            for url in urls:
                _administer(server, f'DROP DATABASE IF EXISTS "{_name(url)}" WITH (FORCE)')

    def _plugins(self, settings: Settings) -> LoadedPlugins:
        chosen = settings.plugins
        tables = {name: (dict(table.values), table.on_error) for name, table in sorted(chosen.tables.items())}
        key = repr((chosen.enabled, tables, sorted(settings.modes)))
        if key not in self._loaded:
            self._loaded[key] = load_plugins(settings)
        return self._loaded[key]

    def _copied(self, settings: Settings, plugins: LoadedPlugins, server: str) -> str:
        key = (server, *(plugin.name for plugin in plugins.order))
        if key not in self._templates:
            self._templates[key] = self._migrated(settings, plugins, server)
        template = self._templates[key]
        if server == "sqlite":
            copy = self._file()
            shutil.copyfile(template.removeprefix("sqlite:///"), copy)
            return f"sqlite:///{copy}"
        return self._database(server, _name(template))

    def _migrated(self, settings: Settings, plugins: LoadedPlugins, server: str) -> str:
        url = self.empty(server)
        template = create_tenon(_with_database(settings, url, self.folder), plugins=plugins)
        template.migrations.upgrade()
        template.storage.close()
        return url

    def _file(self) -> Path:
        return self.folder / f"{uuid4().hex}.db"

    def _database(self, server: str, template: str = "template0") -> str:
        from sqlalchemy import make_url

        name = f"tenon_kit_{uuid4().hex[:16]}"
        _administer(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        url = make_url(server).set(database=name).render_as_string(hide_password=False)
        self._made.setdefault(server, []).append(url)
        return url

    def _drop(self, url: str) -> None:
        for server, urls in self._made.items():
            found = next((made for made in urls if _name(made) == _name(url)), None)
            if found is not None:
                _administer(server, f'DROP DATABASE IF EXISTS "{_name(found)}" WITH (FORCE)')
                urls.remove(found)


def _with_database(settings: Settings, url: str, folder: Path) -> Settings:
    return replace(settings, database=DatabaseSettings(url=url), var=folder / "var", root=folder)


def _name(url: str) -> str:
    from sqlalchemy import make_url

    return str(make_url(url).database)


def _administer(server: str, statement: str) -> None:
    """Run one statement outside a transaction on the server's own database."""
    import psycopg
    from sqlalchemy import make_url

    dsn = make_url(server).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(dsn, autocommit=True, connect_timeout=5) as connection:
        connection.execute(statement.encode())
