"""Lists as files, and those files imported again."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys

import openpyxl
import pytest

from tenon.errors import BadRequestError
from tenon.records.exporting import export, export_file
from tenon.records.importing import Step, guess_map, open_source, with_text
from tenon.records.query import Query, Where

from .conftest import OPERATOR


@pytest.fixture
def filled(world):
    with world.records.writing(OPERATOR) as work:
        acme = work.create(
            "account", {"name": "=cmd|' /C calc'!A0", "revenue": "12.75", "revenue_currency": "EUR"}
        )
        work.create("account", {"name": 'Müller, "Söhne"', "parent_id": acme.id, "phone": "+49 30 1234567"})
        work.create("opportunity", {"name": "'quoted", "account_id": acme.id, "close_date": "2026-03-01"})
    return world


def exported(world, entity, format="csv", query=None, **options):
    stream = io.BytesIO()
    count = export(world.records, OPERATOR, entity, query or Query(), stream, format=format, **options)
    return count, stream.getvalue()


def test_a_spreadsheet_takes_no_cell_for_a_formula(filled):
    count, data = exported(filled, "account", query=Query(sort=("created_at",)))
    assert count == 2
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert rows[0]["name"] == "'=cmd|' /C calc'!A0"
    assert rows[0]["revenue"] == "12.75"
    assert rows[1]["phone"] == "'+49301234567"
    assert rows[1]["parent_id.title"] == "'=cmd|' /C calc'!A0"


def test_a_negative_number_stays_a_number(world):
    with world.records.writing(OPERATOR) as work:
        work.create("product", {"name": "Rebate", "list_price": "-12.75"})
    assert exported(world, "product", fields=["list_price"])[1].split()[1] == b"-12.75"


def test_a_workbook_keeps_numbers_and_dates_and_no_formulas(filled):
    _count, data = exported(filled, "opportunity", "xlsx", fields=["name", "close_date", "account_id"])
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    assert [cell.value for cell in sheet[1]] == ["name", "close_date", "account_id", "account_id.title"]
    assert [cell.data_type for cell in sheet[2]] == ["s", "d", "s", "s"]
    _count, data = exported(filled, "account", "xlsx", fields=["revenue"], query=Query(sort=("created_at",)))
    assert openpyxl.load_workbook(io.BytesIO(data)).active["A2"].value == 12.75


def test_json_lines_hold_the_values_as_they_are(filled):
    _count, data = exported(filled, "opportunity", "jsonl", fields=["name", "close_date"])
    assert json.loads(data) == {"name": "'quoted", "close_date": "2026-03-01"}


def test_only_what_the_query_names_is_exported(filled):
    count, data = exported(
        filled, "account", query=Query(filter=Where("name", "contains", "ller")), fields=["name"]
    )
    assert count == 1
    assert data.decode("utf-8-sig").splitlines()[1] == '"Müller, ""Söhne"""'


def test_a_field_or_format_that_is_not_there_is_refused(filled):
    with pytest.raises(BadRequestError, match="no field nam"):
        exported(filled, "account", fields=["nam"])
    with pytest.raises(BadRequestError, match="did you mean 'xlsx'"):
        exported(filled, "account", "xls")


def test_a_file_appears_only_when_it_is_complete(filled):
    to = filled.folder / "accounts.csv"
    with pytest.raises(BadRequestError):
        export_file(filled.records, OPERATOR, "account", Query(), to, fields=["nothing"])
    assert not to.exists()
    assert list(filled.folder.glob(".*part")) == []
    assert export_file(filled.records, OPERATOR, "account", Query(), to) == 2


@pytest.mark.parametrize("format", ["csv", "xlsx", "jsonl"])
def test_an_export_imported_again_changes_nothing(filled, format):
    to = filled.folder / f"accounts.{format}"
    export_file(filled.records, OPERATOR, "account", Query(), to)
    before = filled.all("account", "id", "version", "name", "parent_id", "revenue")
    run = import_again(filled, "account", to)
    assert filled.counts(run) == {"unchanged": 2}
    assert filled.all("account", "id", "version", "name", "parent_id", "revenue") == before


@pytest.mark.parametrize("format", ["csv", "xlsx", "jsonl"])
def test_an_export_fills_an_empty_deployment_with_the_same_records(filled, deploy, tmp_path, format):
    from tenon.storage import Base

    from .conftest import World

    to = tmp_path / f"accounts.{format}"
    export_file(filled.records, OPERATOR, "account", Query(sort=("created_at",)), to)
    folder = tmp_path / "empty"
    folder.mkdir()
    tenon = deploy(f"sqlite:///{folder / 'empty.db'}")
    Base.metadata.create_all(tenon.storage.engine)
    other = World(tenon, folder)
    assert filled.counts(import_again(other, "account", to)) == {"made": 2}
    columns = ("id", "name", "parent_id", "revenue", "phone", "created_at")
    assert sorted(other.all("account", *columns)) == sorted(filled.all("account", *columns))


def import_again(world, entity, path):
    registry = world.records.registry
    mapping = with_text(guess_map(open_source(path).layout.header, registry[entity], registry))
    (run_id,) = world.imports.start(OPERATOR, [Step(path, mapping)])
    return world.imports.carry_on(OPERATOR, run_id)


def test_a_map_is_guessed_from_titles_people_write(world):
    registry = world.records.registry
    header = ["Company", "Sector", "Annual Revenue", "Zip", "Parent account", "Number of pets"]
    found = {rule.column: rule for rule in guess_map(header, registry["account"], registry).rules}
    assert {column: rule.field for column, rule in found.items()} == {
        "Company": "name",
        "Sector": "industry",
        "Annual Revenue": "revenue",
        "Zip": "postal_code",
        "Parent account": "parent_id",
    }
    assert found["Parent account"].lookup.by == "name"


def test_the_commands_import_export_list_and_undo(world):
    def run(*arguments, code=0):
        command = [sys.executable, "-c", "from tenon.cli import main; main()"]
        settings = ["--settings", str(world.folder / "tenon.toml")]
        done = subprocess.run([*command, *settings, *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    file = world.file("Company,Employees\nA,5\nB,many\n")
    assert 'Company = "name"' in run("import", file, "--entity", "account", "--guess")
    assert "1 made, 1 refused" in run("import", file, "--entity", "account", "--dry-run", code=1)
    output = run("import", file, "--entity", "account", code=1)
    assert "rows.errors.csv" in output
    assert "'many' is not a number" in (world.folder / "rows.errors.csv").read_text()
    assert "rows.csv" in run("import", "--list")
    to = world.folder / "out.csv"
    assert "1 records" in run(
        "export", "account", "--to", to, "--filter", "employees[gte]=5", "--fields", "name"
    )
    assert to.read_text(encoding="utf-8-sig").split() == ["name", "A"]
    run("import", "--undo", output.split()[-1])
    assert world.all("account", "name") == []
    assert "no import" in run("import", "--resume", "01890000-0000-7000-8000-000000000000", code=1)
    assert "account" in run("import", file, "--entity", "acount", "--guess", code=1)
