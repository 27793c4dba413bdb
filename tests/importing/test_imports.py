"""What an import makes of a file, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tenon.errors import ConflictError, NotFoundError
from tenon.records.importing import MapError

from .conftest import OPERATOR

ACCOUNTS = """
[columns]
company = "name"
sector = { field = "industry", values = { technolgy = "technology" } }
revenue = { field = "revenue", decimal = ",", thousands = "." }
parent = { field = "parent_id", lookup = "name" }
"""
ROWS = """company;sector;revenue;parent
Inity;marketing;1.000,50;
dambase;technolgy;2,25;Bubba
Bubba;retail;;
"""


def test_rows_become_records_with_their_values(world):
    run = world.load("account", ROWS, ACCOUNTS)
    assert world.counts(run) == {"made": 3}
    rows = {name: rest for name, *rest in world.all("account", "name", "industry", "revenue")}
    assert rows == {
        "Inity": ["marketing", Decimal("1000.50")],
        "dambase": ["technology", Decimal("2.25")],
        "Bubba": ["retail", None],
    }
    assert run.state == "done"


def test_a_parent_may_stand_further_down_in_the_file(world):
    world.load("account", ROWS, ACCOUNTS)
    ids = {name: (id_, parent) for id_, name, parent in world.all("account", "id", "name", "parent_id")}
    assert ids["dambase"][1] == ids["Bubba"][0]


def test_a_second_run_changes_nothing(world):
    world.load("account", ROWS, ACCOUNTS)
    before = world.all("account", "id", "version", "name", "parent_id")
    assert world.counts(world.load("account", ROWS, ACCOUNTS)) == {"unchanged": 3}
    assert world.all("account", "id", "version", "name", "parent_id") == before


def test_a_changed_row_updates_its_record_alone(world):
    world.load("account", ROWS, ACCOUNTS)
    run = world.load("account", ROWS.replace("retail", "wholesale"), ACCOUNTS)
    assert world.counts(run) == {"updated": 1, "unchanged": 2}


def test_an_empty_cell_keeps_what_is_there_unless_the_map_says_clear(world):
    world.load("account", "company;sector\nA;retail\n", '[columns]\ncompany="name"\nsector="industry"')
    empty = "company;sector\nA;\n"
    keep = '[columns]\ncompany="name"\nsector="industry"'
    assert world.counts(world.load("account", empty, keep)) == {"unchanged": 1}
    assert world.counts(world.load("account", empty, 'on_empty = "clear"\n' + keep)) == {"updated": 1}
    assert world.all("account", "industry") == [(None,)]


def test_refused_rows_say_why_and_the_others_are_imported(world):
    run = world.load(
        "account",
        "company,employees,parent\nA,5,\nB,many,\n,7,\nC,8,Nobody\nD,-1,\nA,6,\n",
        '[columns]\ncompany="name"\nemployees="employees"\nparent={field="parent_id",lookup="name"}',
    )
    assert world.counts(run) == {"made": 2, "failed": 5}
    reasons = dict(world.errors(run))
    assert "'many' is not a number" in reasons[3]
    assert "key" in reasons[4]
    assert "no Account 'Nobody'" in reasons[5]
    assert "not below zero" in reasons[6]
    assert "already in line 2" in reasons[7]
    assert sorted(world.all("account", "name")) == [("A",), ("C",)]


def test_the_error_file_is_mended_and_imported_again_without_duplicates(world):
    text = "company,employees\nA,5\nB,many\nC,7\nD,4,surplus\n"
    map_text = '[columns]\ncompany="name"\nemployees="employees"'
    run = world.load("account", text, map_text)
    errors = world.folder / "errors.csv"
    assert world.imports.write_errors(run.id, errors) == 2
    content = errors.read_text(encoding="utf-8-sig")
    assert content.splitlines()[0] == "_row,_error,company,employees"
    assert content.splitlines()[2].endswith("D,4,surplus")
    mended = content.replace("many", "6").replace("D,4,surplus", "D,4")
    again = world.load("account", mended, map_text)
    assert world.counts(again) == {"made": 2}
    assert world.counts(world.load("account", text, map_text)) == {"unchanged": 2, "failed": 2}
    assert sorted(world.all("account", "name", "employees")) == [("A", 5), ("B", 6), ("C", 7), ("D", 4)]


def test_a_dry_run_tells_what_would_happen_and_writes_nothing(world):
    world.load("account", "company\nBubba\n", '[columns]\ncompany="name"')
    step = world.step("account", ROWS + "x;y;z;\n", ACCOUNTS)
    (tally,) = world.imports.try_out(OPERATOR, [step])
    assert (tally.made, tally.updated, tally.failed) == (2, 1, 1)
    assert dict(tally.fields) == {"industry": 1}
    assert tally.problems == {("/revenue", "invalid"): 1}
    assert tally.samples[0][0] == 5
    assert world.all("account", "name") == [("Bubba",)]
    assert len(world.imports.runs()) == 1


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("error", {"made": 1, "failed": 2}), ("first", {"made": 1, "skipped": 2}), ("distinct", None)],
)
def test_a_key_that_occurs_twice_in_a_file(world, rule, expected):
    text = "company,employees\nA,5\nA,5\nA,6\n"
    run = world.load("account", text, f'on_repeat="{rule}"\n[columns]\ncompany="name"\nemployees="employees"')
    assert world.counts(run) == (expected or {"made": 1, "skipped": 1, "failed": 1})


@pytest.mark.parametrize(
    ("rule", "expected"), [("skip", {"made": 1, "skipped": 1}), ("refuse", {"made": 1, "failed": 1})]
)
def test_records_that_are_there_may_be_skipped_or_refused(world, rule, expected):
    map_text = f'on_match="{rule}"\n[columns]\ncompany="name"\nemployees="employees"'
    world.load("account", "company,employees\nA,5\n", map_text)
    run = world.load("account", "company,employees\nA,6\nB,7\n", map_text)
    assert world.counts(run) == expected
    assert sorted(world.all("account", "name", "employees")) == [("A", 5), ("B", 7)]


def test_an_external_id_finds_a_record_whatever_became_of_its_name(world):
    map_text = 'external_id = { system = "erp", column = "no" }\n[columns]\ncompany="name"'
    world.load("account", "no,company\n1,A\n2,B\n", map_text)
    run = world.load("account", "no,company\n1,Alpha\n2,B\n3,C\n", map_text)
    assert world.counts(run) == {"made": 1, "updated": 1, "unchanged": 1}
    assert sorted(world.all("account", "name")) == [("Alpha",), ("B",), ("C",)]
    deals = world.load(
        "opportunity",
        "no,buyer\nx,3\ny,4\n",
        'key=["number"]\n[columns]\nno="number"\nbuyer={field="account_id",system="erp"}\n[constants]\nname="Deal"',
    )
    assert world.counts(deals) == {"made": 1, "failed": 1}


def test_missing_references_are_refused_left_empty_or_made(world):
    def rule(missing):
        return (
            'key=["number"]\n[columns]\nno="number"\n'
            f'account={{field="account_id",lookup="name",{missing}}}\n[templates]\nname="Deal {{no}}"'
        )

    text = "no,account\n{0}1,Acme\n{0}2,Acme\n{0}3,\n"
    assert world.counts(world.load("opportunity", text.format("a"), rule('missing="refuse"'))) == {
        "made": 1,
        "failed": 2,
    }
    assert world.counts(world.load("opportunity", text.format("b"), rule('missing="empty"'))) == {"made": 3}
    assert world.all("account", "name") == []
    creating = rule('missing="create",create={industry="unknown"}')
    assert world.counts(world.load("opportunity", text.format("c"), creating)) == {"made": 3}
    assert world.all("account", "name", "industry") == [("Acme", "unknown")]


def test_two_records_of_one_name_are_no_answer_to_a_lookup(world):
    with world.records.writing(OPERATOR) as work:
        work.bulk_create("account", [{"name": "Acme"}, {"name": "Acme"}])
    run = world.load(
        "opportunity", "no,account\n1,Acme\n", 'key=["number"]\n[columns]\nno="number"\n'
        'account={field="account_id",lookup="name"}\n[constants]\nname="Deal"',
    )  # fmt: skip
    assert "2 records are called 'Acme'" in world.errors(run)[0][1]
    assert (
        "2 records have the key"
        in world.errors(world.load("account", "n\nAcme\n", '[columns]\nn="name"'))[0][1]
    )


def test_undo_brings_back_what_was_there(world):
    world.load("account", "company,employees\nA,5\nB,6\n", '[columns]\ncompany="name"\nemployees="employees"')
    before = sorted(world.all("account", "name", "employees"))
    run = world.load(
        "account", "company,employees\nA,50\nC,7\nB,6\n", '[columns]\ncompany="name"\nemployees="employees"'
    )
    assert world.counts(run) == {"made": 1, "updated": 1, "unchanged": 1}
    report = world.imports.undo(OPERATOR, run.id)
    assert report.conflicts == []
    assert sorted(world.all("account", "name", "employees")) == before
    with pytest.raises(ConflictError, match="undone already"):
        world.imports.undo(OPERATOR, run.id)


def test_undo_leaves_what_was_changed_since_and_says_so(world):
    run = world.load(
        "account", "company,employees\nA,5\nB,6\n", '[columns]\ncompany="name"\nemployees="employees"'
    )
    with world.records.writing(OPERATOR) as work:
        work.update("account", work.find("account", name="A").id, {"employees": 9})
    report = world.imports.undo(OPERATOR, run.id)
    assert len(report.conflicts) == 1
    assert world.all("account", "name", "employees") == [("A", 9)]


def test_what_was_undone_can_be_imported_again_by_external_id(world):
    map_text = 'external_id = { system = "erp", column = "no" }\n[columns]\ncompany="name"'
    run = world.load("account", "no,company\n1,A\n", map_text)
    world.imports.undo(OPERATOR, run.id)
    assert world.counts(world.load("account", "no,company\n1,A\n", map_text)) == {"made": 1}


def test_a_finished_import_is_not_carried_on(world):
    run = world.load("account", "company\nA\n", '[columns]\ncompany="name"')
    with pytest.raises(ConflictError, match="done already"):
        world.imports.carry_on(OPERATOR, run.id)


def test_an_import_goes_on_only_with_the_same_file(world):
    step = world.step("account", "company\nA\n", '[columns]\ncompany="name"')
    (run_id,) = world.imports.start(OPERATOR, [step])
    step.path.write_text("company\nB\n")
    with pytest.raises(ConflictError, match="was changed"):
        world.imports.carry_on(OPERATOR, run_id)
    step.path.unlink()
    with pytest.raises(NotFoundError, match="not there any more"):
        world.imports.carry_on(OPERATOR, run_id)


def test_a_circle_of_parents_is_refused_where_it_closes(world):
    run = world.load(
        "account",
        "company,parent\nA,B\nB,A\n",
        '[columns]\ncompany="name"\nparent={field="parent_id",lookup="name"}',
    )
    assert run.made == 2
    assert [reason for _line, reason in world.errors(run)] == [
        "the record was made, but parent_id: "
        "An account cannot belong to itself or to one of its own subsidiaries"
    ]


def test_who_imported_and_by_which_way_is_in_the_audit_trail(world):
    from tenon.records import audit

    run = world.load("account", "company\nA\n", '[columns]\ncompany="name"')
    with world.records.reading(OPERATOR) as work:
        (entry,) = audit.batch_entries(work, run.id)
    assert (entry.via, entry.action, entry.changes["name"]) == ("import", "create", (None, "A"))


def test_a_field_that_finds_nothing_is_no_key_and_no_lookup(world):
    step = world.step("account", "n,d\nA,x\n", 'key=["description"]\n[columns]\nn="name"\nd="description"')
    with pytest.raises(MapError, match="cannot be found by description"):
        world.imports.start(OPERATOR, [step])


def test_rows_are_left_out_as_the_map_says(world):
    text = "company,kind\nA,Test\nB,\nC,real\n"
    map_text = (
        '[columns]\ncompany="name"\n[[skip_if]]\ncolumn="kind"\nequals=["test"]\n'
        '[[skip_if]]\ncolumn="kind"\nempty=true'
    )
    assert world.counts(world.load("account", text, map_text)) == {"made": 1, "skipped": 2}


def test_a_row_of_an_archived_record_is_refused_and_makes_no_other(world):
    run = world.load("account", "company\nA\n", '[columns]\ncompany="name"')
    with world.records.writing(OPERATOR) as work:
        work.archive("account", work.find("account", name="A").id)
    run = world.load("account", "company\nA\n", '[columns]\ncompany="name"')
    assert "is archived; restore it first" in world.errors(run)[0][1]
    assert world.all("account", "name", archived="all") == [("A",)]


def test_a_guard_refuses_an_import_as_it_refuses_a_person(world):
    run = world.load(
        "opportunity",
        "no,stage\n1,won\n2,prospecting\n",
        'key=["number"]\n[columns]\nno="number"\nstage="stage"\n[constants]\nname="Deal"',
    )
    assert world.counts(run) == {"made": 1, "failed": 1}
    assert "account_id" in world.errors(run)[0][1]
    assert "amount" in world.errors(run)[0][1]


def test_stages_and_their_history_come_from_the_file(world):
    map_text = (
        'key=["number"]\n[columns]\nno="number"\nstage="stage"\namount="amount"\n'
        '[constants]\nname="Deal"\n'
        '[[history]]\nstage="prospecting"\nat="begun"\n[[history]]\nat="moved"'
    )
    run = world.load(
        "opportunity", "no,stage,amount,begun,moved\n1,engaging,5,2025-01-02,2025-02-03\n", map_text
    )
    assert world.counts(run) == {"made": 1}
    ((stage, since, created),) = world.all("opportunity", "stage", "stage_since", "created_at")
    assert (stage, since, created) == (
        "engaging", datetime(2025, 2, 3, tzinfo=UTC), datetime(2025, 1, 2, tzinfo=UTC),
    )  # fmt: skip


def test_every_format_makes_the_same_records(world):
    import json

    import openpyxl

    rows = [("A & B", 5, "2026-03-01"), ("=C", 7, None)]
    book = openpyxl.Workbook()
    book.active.append(["company", "employees"])
    for name, size, _day in rows:
        book.active.append([name, size])
        book.active.cell(book.active.max_row, 1).data_type = "s"
    book.save(world.folder / "rows.xlsx")
    data = (world.folder / "rows.xlsx").read_bytes()
    map_text = '[columns]\ncompany="name"\nemployees="employees"'
    assert world.counts(world.load("account", data, map_text, "rows.xlsx")) == {"made": 2}
    lines = "\n".join(json.dumps({"company": name, "employees": size}) for name, size, _day in rows)
    assert world.counts(world.load("account", lines, map_text, "rows.jsonl")) == {"unchanged": 2}
    text = "company,employees\n" + "\n".join(f"{name},{size}" for name, size, _day in rows)
    assert world.counts(world.load("account", text, map_text)) == {"unchanged": 2}


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.xlsx"])
def test_error_files_hold_every_format_unchanged(world, name):
    import openpyxl

    map_text = '[columns]\ncompany="name"\nemployees="employees"'
    if name == "rows.xlsx":
        book = openpyxl.Workbook()
        for row in (["company", "employees"], ["A", "many"], ["B", 3]):
            book.active.append(row)
        book.save(world.folder / name)
        data = (world.folder / name).read_bytes()
    else:
        csv_rows = b"company,employees\nA,many\nB\xc3\xbc,3\nC\xff,4\n\x00,5\n"
        json_rows = (
            b'{"company": "A", "employees": "many"}\n{"company": "B", "employees": 3}\n{"comp\xff\n[7]\n'
        )
        data = csv_rows if name == "rows.csv" else json_rows
    run = world.load("account", data, map_text, name)
    errors = world.folder / f"errors-{name}"
    count = world.imports.write_errors(run.id, errors)
    assert count == run.failed == (1 if name == "rows.xlsx" else 3)
    if name != "rows.xlsx":
        assert b"\xff" in errors.read_bytes()
    again = world.load("account", errors.read_bytes().replace(b"many", b"6"), map_text, f"again-{name}")
    assert again.failed == (1 if name == "rows.xlsx" else 2)
