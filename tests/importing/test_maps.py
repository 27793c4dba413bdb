"""Maps: what they say, what is wrong with them, and what they make of a cell."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenon.records.exporting import harmless
from tenon.records.importing import MapError, load_plan, parse_map, write_map
from tenon.records.importing.cells import CellError, compile_cell
from tenon.records.importing.mapping import Rule
from tenon.records.importing.templates import compile_template
from tenon.records.registry import Field
from tenon.records.schema import schema_field
from tenon.storage.fields import Choice, FieldSpec

EVERYTHING = """
entity = "opportunity"
key = ["number"]
on_match = "skip"
on_repeat = "first"
on_empty = "clear"
no_key = "create"

[file]
encoding = "cp1252"
delimiter = ";"
skip_lines = 2

[defaults]
date = ["%d.%m.%Y", "%d-%m-%y"]
empty = ["n/a", "-"]

[mend."deal stage"]
"Wonn" = "Won"

[columns]
id = "number"
"deal stage" = [
  { field = "stage", only = true, values = { Won = "won", "In talks" = "engaging" } },
  { field = "lost_reason", values = { Lost = "other" }, default = "price" },
]
owner = { field = "owner_id", lookup = "name", missing = "create", create = { title = "Agent" } }
account = { field = "account_id", system = "erp", missing = "empty" }
value = { field = "amount", decimal = ",", thousands = ".", scale = 3 }

[templates]
name = "{product} for {account|nobody}"
description = { text = "{note}", case = "upper" }

[constants]
amount_currency = "EUR"
"custom.size" = 3

[[skip_if]]
column = "deal stage"
equals = ["Test", "Demo"]

[[skip_if]]
column = "id"
empty = true

[[history]]
stage = "engaging"
at = "since"

[[history]]
at = "closed"
date = "%Y"
"""


def told(text: str, entity: str | None = None) -> str:
    with pytest.raises(MapError) as refused:
        parse_map(text, "map.toml", entity)
    return str(refused.value)


def test_a_map_that_was_written_out_reads_as_the_same_map():
    mapping = parse_map(EVERYTHING)
    again = parse_map(write_map(mapping))
    assert (again.rules, again.key, again.skip_if, again.history) == (
        mapping.rules, mapping.key, mapping.skip_if, mapping.history,
    )  # fmt: skip
    assert (again.file, again.mend, again.on_match, again.on_repeat, again.on_empty, again.no_key) == (
        mapping.file, mapping.mend, "skip", "first", "clear", "create",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('colums = { a = "name" }', "did you mean 'columns'"),
        ('[columns]\na = { feild = "name" }', "did you mean 'field'"),
        ('on_match = "updat"\n[columns]\na = "name"', "did you mean 'update'"),
        ('[columns]\na = { field = "name", case = "uper" }', "did you mean 'upper'"),
        ('[columns]\na = { field = "x", lookup = "name", missing = "make" }', "create, empty, refuse"),
        ('[columns]\na = { field = "x", missing = "create" }', "need a lookup"),
        ("[columns]\na = 3", "a field's name or a table"),
        ('[file]\nencoding = "utf-9"\n[columns]\na = "name"', "utf-9"),
        ('[columns]\na = { field = "at", timezone = "Berlin" }', "Europe/Berlin"),
        ('[templates]\nname = "{a"', "not closed"),
        ('key = ["a"]\nexternal_id = { system = "x", column = "b" }\n[columns]\na = "a"', "not both"),
        ("", "no field a value"),
        ('[[history]]\nstage = "won"\n[columns]\na = "name"', "the column of its date"),
    ],
)
def test_a_mistake_in_a_map_is_named_with_the_way_out(text, expected):
    assert expected in told(text, "account")


def test_every_mistake_is_told_at_once_with_its_line():
    message = told('entity = "account"\non_match = "x"\n[columns]\na = { feild = "b" }\n[file]\nfoo = 1\n')
    assert "map.toml:2" in message
    assert "map.toml:4" in message
    assert "map.toml:6" in message


def test_the_command_and_the_map_must_mean_the_same_entity():
    assert "not for contact" in told('entity = "account"\n[columns]\na = "name"', "contact")
    assert 'entity = "account"' in told('[columns]\na = "name"')


def test_names_that_the_file_or_the_entity_lacks_are_told_with_the_nearest(world):
    step = world.step("account", "Company,Sector\nA,b\n", '[columns]\nCompny="name"\nSector="industri"')
    with pytest.raises(MapError) as refused:
        world.imports.open(step.path, step.mapping)
    assert "no column Compny: did you mean 'Company'" in str(refused.value)
    assert "no field industri: did you mean 'industry'" in str(refused.value)
    with pytest.raises(MapError, match="acount"):
        world.imports.open(step.path, parse_map('entity="acount"\n[columns]\nCompany="name"'))


def test_a_plan_tells_all_its_mistakes(tmp_path):
    (tmp_path / "good.toml").write_text('entity="account"\n[columns]\na="name"')
    (tmp_path / "plan.toml").write_text(
        '[[step]]\nfile="a.csv"\nmap="good.toml"\n[[step]]\nfil="b.csv"\n[[step]]\nfile="c.csv"\nmap="none.toml"'
    )
    with pytest.raises(MapError) as refused:
        load_plan(tmp_path / "plan.toml", tmp_path)
    assert "step 2: there is no key 'fil': did you mean 'file'" in str(refused.value)
    assert "none.toml" in str(refused.value)


# Cells


def convert(kind: str, cell, rule: Rule | None = None, **spec):
    spec = FieldSpec(kind, "Field", max_length=spec.pop("max_length", 100), **spec)
    field = Field("field", spec, "test", schema_field(spec), lambda source: source)
    return compile_cell(rule or Rule("field", "column"), field)(cell)


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("text", "  Acme ", "Acme"),
        ("text", 12, "12"),
        ("text", Decimal("1.50"), "1.50"),
        ("text", "", None),
        ("text", None, None),
        ("text", "'=1+1", "=1+1"),
        ("text", "'quoted'", "'quoted'"),
        ("integer", "1e3", 1000),
        ("integer", Decimal("7"), 7),
        ("money", "€ 12.50", Decimal("12.50")),
        ("money", "(3.00)", Decimal("-3.00")),
        ("number", "-0.5", Decimal("-0.5")),
        ("date", "2026-03-01", date(2026, 3, 1)),
        ("date", datetime(2026, 3, 1, 10), date(2026, 3, 1)),
        ("datetime", "2026-03-01T10:00:00+02:00", datetime(2026, 3, 1, 8, tzinfo=UTC)),
        ("datetime", "2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("boolean", "Ja", True),
        ("boolean", 0, False),
        ("email", " Ada@Example.com ", "ada@example.com"),
    ],
)
def test_cells_are_read_as_what_the_field_is(kind, cell, value):
    assert convert(kind, cell) == value


@pytest.mark.parametrize(
    ("kind", "cell", "reason"),
    [
        ("integer", "many", "is not a number"),
        ("integer", "1.5", "whole number"),
        ("money", "1,234.50", "is not a number written with"),
        ("date", "31/12/2026", "2026-03-31"),
        ("boolean", "maybe", "neither yes nor no"),
        ("email", "ada", "e-mail address"),
        ("text", "a\x00b", "control characters"),
    ],
)
def test_a_cell_that_does_not_fit_says_what_would(kind, cell, reason):
    with pytest.raises(CellError, match=reason):
        convert(kind, cell)


def test_numbers_follow_the_map_and_nothing_else():
    german = Rule("field", "column", decimal=",", thousands=".")
    assert convert("money", "1.234,50", german) == Decimal("1234.50")
    assert convert("money", "1.234", german) == Decimal(1234)
    with pytest.raises(CellError):
        convert("money", "1.5", german)
    assert convert("money", "2,5", Rule("field", "column", decimal=",", scale=6)) == Decimal(2_500_000)
    assert convert("money", "1 234,5", Rule("field", "column", decimal=",", thousands=" ")) == Decimal(
        "1234.5"
    )


def test_dates_follow_the_formats_in_their_order():
    rule = Rule("field", "column", date=("%d-%m-%y", "%d.%m.%Y"))
    assert convert("date", "01-03-17", rule) == convert("date", "01.03.2017", rule) == date(2017, 3, 1)
    with pytest.raises(CellError, match="%d-%m-%y"):
        convert("date", "03/01/2017", rule)
    berlin = Rule("field", "column", timezone="Europe/Berlin")
    assert convert("datetime", "2026-07-01T10:00", berlin) == datetime(2026, 7, 1, 8, tzinfo=UTC)


def test_choices_are_known_by_key_and_by_label():
    choices = (Choice("best_case", "Best case"), Choice("commit", "Commit"))
    assert convert("choice", "BEST CASE", choices=choices) == "best_case"
    assert convert("multi_choice", "commit, Best case", choices=choices) == ["best_case", "commit"]
    with pytest.raises(CellError, match="did you mean 'commit'"):
        convert("choice", "comit", choices=choices)


def test_values_are_mended_before_they_are_read():
    rule = Rule(
        "field", "column", values={"technolgy": "technology", "none": ""}, empty=("-",), default="other"
    )
    assert convert("text", "Technolgy", rule) == "technology"
    assert convert("text", "none", rule) == convert("text", "-", rule) == convert("text", "", rule) == "other"
    only = Rule("field", "column", values={"Won": "won"}, only=True)
    with pytest.raises(CellError, match="did you mean 'Won'"):
        convert("text", "Wonn", only)


def test_templates_put_texts_together():
    fill = compile_template("{product} for {account|nobody} {{x}}", {"product": 0, "account": 1})
    assert fill(["GTX", "Acme"]) == "GTX for Acme {x}"
    assert fill(["GTX", ""]) == "GTX for nobody {x}"
    assert compile_template("Team {name}", {"name": 0})([""]) == ""


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\t\r\n")))
def test_what_an_export_makes_harmless_an_import_reads_as_it_was(text):
    written = harmless(text)
    assert not written or written[0] not in "=+-@\t\r\n"
    field = FieldSpec("text", "Field", max_length=1000)
    read = compile_cell(
        Rule("field", "column", trim=False), Field("field", field, "t", schema_field(field), lambda s: s)
    )
    assert read(written) == (text.strip() or None)
