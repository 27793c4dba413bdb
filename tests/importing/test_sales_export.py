"""A sales team's real export, imported by the documented commands.

The data is not part of the project: the test skips where the folder is absent.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from tenon.identity.actor import system
from tenon.pipelines.models import StageHistory
from tenon.records.query import Query, Where

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("TENON_SHARED", ROOT.parent / "shared"))
EXPORT = SHARED / "data" / "crm-sales-opportunities"
MAPS = ROOT / "examples" / "sales-export"

pytestmark = [
    pytest.mark.skipif(not EXPORT.is_dir(), reason=f"the export is not at {EXPORT} (set TENON_SHARED)"),
    pytest.mark.slow,
    pytest.mark.timeout(600),
]


@pytest.fixture
def run(world):
    def run(*arguments: object, code: int = 0) -> str:
        command = [sys.executable, "-c", "from tenon.cli import main; main()"]
        settings = ["--settings", str(world.folder / "tenon.toml")]
        done = subprocess.run([*command, *settings, *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    return run


def facts(world):
    """Everything the export says, counted in the database."""
    with world.records.reading(system("test")) as work:
        stages = {row["stage"]: row["count"] for row in work.sums("opportunity", by=["stage"])}
        won = work.sums("opportunity", Query(filter=Where("stage", "eq", "won")), by=["stage"], of=["amount"])
        return {
            "accounts": work.count("account"),
            "subsidiaries": work.count("account", Query(filter=Where("parent_id", "empty", False))),
            "products": work.count("product"),
            "agents": work.count("user", Query(filter=Where("title", "eq", "Sales agent"))),
            "managers": work.count("user", Query(filter=Where("title", "eq", "Sales manager"))),
            "teams": work.count("team", Query(filter=Where("parent_id", "empty", False))),
            "regions": work.count("team", Query(filter=Where("parent_id", "empty", True))),
            "opportunities": work.count("opportunity"),
            "without account": work.count("opportunity", Query(filter=Where("account_id", "empty", True))),
            "without owner": work.count("opportunity", Query(filter=Where("owner_id", "empty", True))),
            "stages": stages,
            "won": won[0]["amount"] if won else None,
        }


EXPECTED = {
    "accounts": 85,
    "subsidiaries": 15,
    "products": 7,
    "agents": 35,
    "managers": 6,
    "teams": 6,
    "regions": 3,
    "opportunities": 8800,
    "without account": 1425,
    "without owner": 0,
    "stages": {"prospecting": 500, "engaging": 1589, "won": 4238, "lost": 2473},
    "won": Decimal(10_005_534),
}


def test_the_whole_export_by_the_documented_command(world, run):
    output = run("import", EXPORT, "--plan", MAPS / "plan.toml")
    plan = output.split()[-1]
    assert facts(world) == EXPECTED

    check_details(world)
    check_history(world)

    again = run("import", EXPORT, "--plan", MAPS / "plan.toml")
    assert " made" not in again
    assert " updated" not in again
    assert "8,800 unchanged" in again
    assert facts(world) == EXPECTED

    run("import", "--undo", plan)
    assert facts(world)["opportunities"] == facts(world)["accounts"] == facts(world)["agents"] == 0
    with world.tenon.storage.reading() as connection:
        assert (
            connection.execute(sa.select(sa.func.count()).select_from(StageHistory.__table__)).scalar_one()
            == 0
        )


def check_details(world):
    with world.records.reading(system("test")) as work:
        acme = work.find("account", name="Acme Corporation")
        assert (acme["industry"], acme["country"]) == ("technology", "US")
        assert (acme["revenue"], acme["revenue_currency"]) == (Decimal("1100040000"), "USD")
        deal = work.find("opportunity", number="Z063OYW0")
        assert deal["name"] == "GTX Pro for Isdom"
        assert (deal["amount"], deal["close_date"], deal["stage"]) == (
            Decimal(4514),
            date(2017, 3, 11),
            "won",
        )
        titles = work.reference_titles("opportunity", [deal])
        assert {titles[deal[path]] for path in ("owner_id", "account_id", "product_id")} == {
            "Darcel Schlecht",
            "Isdom",
            "GTX Pro",
        }
        agent = work.get("user", deal["owner_id"])
        team = work.get("team", agent["team_id"])
        assert (team["name"], work.get("team", team["parent_id"])["name"]) == (
            "Team Melvin Marxen",
            "Central",
        )
        assert work.get("user", team["manager_id"])["name"] == "Melvin Marxen"


def check_history(world):
    table = StageHistory.__table__
    with world.records.reading(system("test")) as work:
        deal = work.find("opportunity", number="Z063OYW0")
        rows = work.unguarded.execute(
            sa.select(table.c.stage, table.c.entered_at)
            .where(table.c.record_id == deal.id)
            .order_by(table.c.entered_at)
        ).all()
        assert [tuple(row) for row in rows] == [
            ("engaging", datetime(2016, 10, 25, tzinfo=UTC)),
            ("won", datetime(2017, 3, 11, tzinfo=UTC)),
        ]
        assert deal["created_at"] == datetime(2016, 10, 25, tzinfo=UTC)
        entered = Counter(work.unguarded.execute(sa.select(table.c.stage)).scalars())
        assert entered == {"prospecting": 500, "engaging": 8300, "won": 4238, "lost": 2473}
        latest = work.unguarded.execute(
            sa.select(sa.func.max(table.c.entered_at)).where(table.c.stage != "prospecting")
        ).scalar_one()
        assert latest < datetime(2018, 1, 1, tzinfo=UTC)


def test_a_dry_run_of_the_plan_tells_the_same_and_keeps_nothing(world, run):
    output = run("import", EXPORT, "--plan", MAPS / "plan.toml", "--dry-run")
    assert "8,800 made" in output
    assert "85 made" in output
    assert facts(world)["accounts"] == 0
    assert world.imports.runs() == []
