"""Alembic's configuration, built in code: one shared environment, one folder per owner."""

from __future__ import annotations

from pathlib import Path

from alembic.config import Config
from sqlalchemy.engine import Connection

from .owners import MigrationOwner

ENVIRONMENT = Path(__file__).parent / "env"


def config_for(owner: MigrationOwner, connection: Connection) -> Config:
    """A configuration that runs ``owner``'s folder on ``connection``."""
    config = Config()
    config.set_main_option("script_location", _escaped(ENVIRONMENT))
    config.set_main_option("version_locations", _escaped(owner.path))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    config.attributes["version_table"] = owner.version_table
    return config


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")
