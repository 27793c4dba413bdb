"""An import that is killed at any moment goes on as if nothing had happened."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest
import sqlalchemy as sa

from tenon.records.importing import progress
from tenon.records.importing.models import ImportRow
from tenon.records.importing.runner import CHUNK
from tenon.records.models import AuditEntry

from .conftest import OPERATOR, World

ROWS = 3000
SAVE = progress.save
COMMAND = (sys.executable, "-c", "from tenon.cli import main; main()")
MAP = """
on_repeat = "distinct"
[columns]
name = "name"
size = "employees"
parent = { field = "parent_id", lookup = "name" }
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def table() -> str:
    """Accounts of which some repeat, some are wrong, and some have a parent further down."""
    lines = ["name,size,parent"]
    for number in range(ROWS):
        size = "many" if number % 97 == 0 else number
        parent = f"Company {ROWS - number}" if number % 50 == 0 and 0 < number < ROWS / 2 else ""
        lines.append(f"Company {number},{size},{parent}")
        if number % 501 == 0:
            lines.append(lines[-1])
    return "\n".join(lines)


def kill_somewhere(world: World, run_id, seconds: float) -> bool:
    """Carry the import on in a process of its own, and kill that; whether it had already ended."""
    settings = str(world.folder / "tenon.toml")
    process = subprocess.Popen(
        [*COMMAND, "--settings", settings, "import", "--resume", str(run_id)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    position = world.imports.run(run_id).position
    while process.poll() is None and world.imports.run(run_id).position == position:
        time.sleep(0.01)
    time.sleep(seconds)
    ended = process.poll() is not None
    if not ended:
        os.kill(process.pid, signal.SIGKILL)
    process.wait()
    return ended


def state(world: World):
    """Everything there is to compare: records, refused rows, counts, and how often each was written."""
    parents = dict(world.all("account", "id", "name"))
    records = sorted(
        (name, size, version, parents.get(parent))
        for name, size, version, parent in world.all("account", "name", "employees", "version", "parent_id")
    )
    with world.tenon.storage.reading() as connection:
        rows = ImportRow.__table__
        bad = connection.execute(sa.select(rows.c.row, rows.c.kind, rows.c.reason).order_by(rows.c.row)).all()
        written = connection.execute(
            sa.select(sa.func.count()).select_from(AuditEntry.__table__)
        ).scalar_one()
    return records, [tuple(row) for row in bad], written


def imported(world: World, kills: int, chance: random.Random):
    (run_id,) = world.imports.start(OPERATOR, [world.step("account", table(), MAP)])
    killed = 0
    while killed < kills and not kill_somewhere(world, run_id, chance.uniform(0, 0.4)):
        killed += 1
    run = world.imports.run(run_id)
    if run.state != "done":
        run = world.imports.carry_on(OPERATOR, run_id)
    return killed, run


def test_a_killed_import_ends_as_an_uninterrupted_one(world, deploy, tmp_path, request):
    killed, run = imported(world, 2, random.Random(7))
    assert killed > 0
    assert run.position == run.total
    found = state(world)

    fixture = "sqlite_url" if world.tenon.storage.dialect == "sqlite" else None
    other = uninterrupted(world, deploy, tmp_path, request, fixture)
    assert found == state(other)
    assert world.counts(run) == other.counts(other.imports.runs()[0])


def uninterrupted(world, deploy, tmp_path, request, fixture):
    from tenon.storage import Base

    folder = tmp_path / "other"
    folder.mkdir()
    url = f"sqlite:///{folder / 'other.db'}" if fixture else request.getfixturevalue("new_postgres")()
    tenon = deploy(url)
    Base.metadata.create_all(tenon.storage.engine)
    other = World(tenon, folder)
    other.load("account", table(), MAP)
    return other


def contacts(world, monkeypatch, save):
    """Import contacts that have no key, die after the first chunk, and start again."""

    class KilledError(Exception):
        pass

    def dying(work, run_id, before, *rest):
        if before == CHUNK or rest[0] > CHUNK:
            raise KilledError
        save(work, run_id, before, *rest)

    text = "surname\n" + "\n".join(f"Nr {number}" for number in range(2 * CHUNK))
    (run_id,) = world.imports.start(
        OPERATOR, [world.step("contact", text, '[columns]\nsurname = "last_name"')]
    )
    monkeypatch.setattr(progress, "save", dying)
    with pytest.raises(KilledError):
        world.imports.carry_on(OPERATOR, run_id)
    monkeypatch.setattr(progress, "save", SAVE)
    world.imports.carry_on(OPERATOR, run_id)
    return len(world.all("contact", "name"))


def test_rows_and_position_are_committed_together(world, monkeypatch):
    assert contacts(world, monkeypatch, SAVE) == 2 * CHUNK


def test_control_a_position_kept_apart_from_the_rows_repeats_them(world, monkeypatch):
    def keep_apart(work, run_id, before, position, result, tally):
        """Rows are committed; the position would have been, in a transaction that never came."""

    assert contacts(world, monkeypatch, keep_apart) == 3 * CHUNK
