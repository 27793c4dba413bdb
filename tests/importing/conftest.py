"""A deployment with the kernel's nouns and b2b_accounts, on each kind of database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tenon.app import Tenon, create_tenon
from tenon.clock import ManualClock
from tenon.identity.actor import Actor, system
from tenon.records.importing.imports import Imports, Step
from tenon.records.importing.mapfile import parse_map
from tenon.records.query import Query
from tenon.settings import load_settings
from tenon.storage import Base

OPERATOR = system("import test")


@pytest.fixture
def deploy(tmp_path: Path) -> Iterator[Callable[[str], Tenon]]:
    """Compose deployments over databases that have their tables."""
    opened: list[Tenon] = []

    def deploy(url: str) -> Tenon:
        settings_file = tmp_path / "tenon.toml"
        settings_file.write_text(f'modes = ["b2b"]\naccess = "open"\n[database]\nurl = "{url}"\n')
        tenon = create_tenon(load_settings(settings_file, env={}), clock=ManualClock())
        opened.append(tenon)
        return tenon

    yield deploy
    for tenon in opened:
        tenon.storage.close()


class World:
    """Imports into a deployment, and looks at what came of it."""

    def __init__(self, tenon: Tenon, folder: Path) -> None:
        self.tenon = tenon
        self.records = tenon.records
        self.imports = Imports(tenon.records)
        self.folder = folder

    def file(self, text: str | bytes, name: str = "rows.csv") -> Path:
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def step(self, entity: str, text: str | bytes, map_text: str, name: str = "rows.csv") -> Step:
        return Step(self.file(text, name), parse_map(map_text, entity=entity))

    def load(
        self, entity: str, text: str | bytes, map_text: str, name: str = "rows.csv", actor: Actor = OPERATOR
    ):
        (run_id,) = self.imports.start(actor, [self.step(entity, text, map_text, name)])
        return self.imports.carry_on(actor, run_id)

    def counts(self, run: Any) -> dict[str, int]:
        names = ("made", "updated", "unchanged", "skipped", "failed")
        return {name: getattr(run, name) for name in names if getattr(run, name)}

    def all(self, entity: str, *paths: str, archived: str = "no") -> list[tuple[Any, ...]]:
        found = []
        with self.records.reading(OPERATOR) as work:
            after = None
            while True:
                page = work.page(entity, Query(size=500, sort=("id",), after=after, archived=archived))
                found += [tuple(record[path] for path in paths) for record in page.data]
                after = page.next
                if after is None:
                    return found

    def errors(self, run: Any) -> list[tuple[int, str]]:
        return [(row.line, reason) for row, reason in self.imports.bad_rows(run.id)]


@pytest.fixture
def world(database: str, deploy: Callable[[str], Tenon], tmp_path: Path) -> World:
    tenon = deploy(database)
    Base.metadata.create_all(tenon.storage.engine)
    return World(tenon, tmp_path)
