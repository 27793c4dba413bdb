"""A storage on each kind of database, and plugins that exist only as migrations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from tenon.storage import Storage
from tenon.storage.migrations import MigrationOwner

NewStorage = Callable[[str], Storage]


@pytest.fixture
def open_storage() -> Iterator[NewStorage]:
    """Open storages that are closed after the test."""
    opened: list[Storage] = []

    def open_one(url: str) -> Storage:
        opened.append(Storage(Flask(__name__), url))
        return opened[-1]

    yield open_one
    for storage in opened:
        storage.close()


@pytest.fixture
def storage(database: str, open_storage: NewStorage) -> Storage:
    """An empty database, once SQLite and once PostgreSQL."""
    return open_storage(database)


class Author:
    """Somebody who writes a plugin's migrations into a folder."""

    def __init__(self, name: str, folder: Path) -> None:
        self.owner = MigrationOwner(name, folder / name, f"{name}_")
        self.owner.path.mkdir(parents=True)

    def writes(self, file: str, *statements: str) -> Path:
        """Add a revision that runs SQL ``statements``, or Python lines that start with ``!``."""
        number = file[:4]
        down = f"{int(number) - 1:04}" if int(number) > 1 else None
        body = "\n".join(
            f"    {s[1:]}" if s.startswith("!") else f"    op.execute({s!r})" for s in statements
        )
        path = self.owner.path / file
        path.write_text(
            "import sqlalchemy as sa\nfrom alembic import op\n"
            f"revision = {number!r}\ndown_revision = {down!r}\ndef upgrade():\n{body or '    pass'}\n"
        )
        return path


@pytest.fixture
def author(tmp_path: Path) -> Callable[[str], Author]:
    """Make the author of a plugin: ``author("notes")``."""
    return lambda name: Author(name, tmp_path / "plugins")
