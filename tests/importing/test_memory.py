"""Files of any length in memory of a fixed size."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tenon.records.exporting import export_file
from tenon.records.importing import open_source
from tenon.records.query import Query

from .conftest import OPERATOR

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

MAP = 'key = ["email"]\n[columns]\nlast = "last_name"\nmail = "email"\ncity = "city"\n'
GROWTH = 30 * 1024


def resident() -> int:
    """Kibibytes of this process in memory now."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_an_import_and_an_export_need_no_more_memory_for_more_rows(world):
    text = "last,mail,city\n" + "".join(f"Last {n},user{n}@example.com,Berlin\n" for n in range(15_000))
    sizes = []

    def note(tally):
        # The first chunks fill the database's own page cache and what SQLAlchemy compiles.
        if tally.rows % 5000 == 0:
            sizes.append(resident())

    (run_id,) = world.imports.start(OPERATOR, [world.step("contact", text, MAP)])
    run = world.imports.carry_on(OPERATOR, run_id, note)
    assert run.made == 15_000
    assert sizes[-1] - sizes[0] < GROWTH

    before = resident()
    export_file(world.records, OPERATOR, "contact", Query(), world.folder / "contacts.csv")
    assert resident() - before < GROWTH


def test_a_large_file_is_read_row_by_row(tmp_path):
    path = tmp_path / "large.csv"
    with path.open("w") as stream:
        stream.write("a,b\n")
        for _block in range(200):
            stream.write("some text,more text\n" * 5000)
    code = (
        "import resource, sys; from pathlib import Path;"
        "from tenon.records.importing import open_source;"
        "count = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        "before = count(); rows = sum(1 for _ in open_source(Path(sys.argv[1])).rows());"
        "print(rows, count() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    rows, growth = map(int, done.stdout.split())
    assert rows == 1_000_000
    assert growth < GROWTH
    assert open_source(path).layout.header == ("a", "b")
