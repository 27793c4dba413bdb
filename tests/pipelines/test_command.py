"""``tenon pipelines`` on the terminal, over the pipelines of a real plugin."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from tenon.cli import main

SETTINGS = """
access = "open"
modes = ["b2b"]

[database]
url = "sqlite:///{folder}/tenon.db"

{more}
"""


@pytest.fixture
def tenon(tmp_path):
    """Run ``tenon`` with some tables added to the settings."""

    def run(*arguments, more=""):
        file = tmp_path / "tenon.toml"
        file.write_text(SETTINGS.format(folder=tmp_path, more=more))
        return CliRunner().invoke(main, ["--settings", str(file), *arguments])

    return run


LEGAL = """
[pipelines.new_business.stages.legal]
after = "proposal"
label = "Legal review"
requires = ["close_date"]
stall_days = 5
"""


def test_list_names_every_pipeline_with_its_stages(tenon):
    result = tenon("pipelines", "list")
    assert result.exit_code == 0, result.output
    assert "new_business" in result.output
    assert "prospecting > engaging" in result.output


def test_show_says_what_a_stage_needs_and_who_gave_it(tenon):
    result = tenon("pipelines", "show", "new_business", more=LEGAL)
    assert result.exit_code == 0, result.output
    (line,) = [line for line in result.output.splitlines() if line.startswith("legal ")]
    assert line.split() == ["legal", "Legal", "review", "open", "0", "5", "days", "close_date", "settings"]


def test_show_speaks_to_programs_too(tenon):
    found = json.loads(tenon("pipelines", "show", "new_business", "--json", more=LEGAL).stdout)
    legal = {stage["key"]: stage for stage in found["stages"]}["legal"]
    assert legal["parts"] == [{"part": "stage", "origin": "settings: [pipelines.new_business.stages.legal]"}]


def test_a_pipeline_that_is_not_there_is_met_with_the_nearest_name(tenon):
    result = tenon("pipelines", "show", "new_busines")
    assert result.exit_code == 1
    assert "new_business" in result.output


def test_check_needs_no_database_and_is_silent_about_nothing(tenon, tmp_path):
    result = tenon("pipelines", "check", more=LEGAL)
    assert result.exit_code == 0, result.output
    assert "sound" in result.output
    assert not (tmp_path / "tenon.db").exists()


def test_check_lists_every_problem_at_once_with_its_place(tenon):
    misspelt = '[pipelines.new_business.stages.propsal]\nlabel = "X"\n'
    more = LEGAL.replace("close_date", "closing_date") + misspelt
    result = tenon("pipelines", "check", more=more)
    assert result.exit_code == 1
    said = str(result.exception) + result.output
    assert "there is no field 'closing_date'" in said
    assert "did you mean 'proposal'?" in said
    assert "tenon pipelines check" in said


def test_records_in_a_stage_that_was_taken_away_are_counted_and_settled(tenon):
    assert tenon("db", "upgrade").exit_code == 0
    gone = '[pipelines.new_business.stages.engaging]\ndisabled = true\nmove_to = "proposal"\n'
    assert tenon("pipelines", "check", "--records", more=gone).exit_code == 0
    result = tenon("pipelines", "settle", more=gone)
    assert (result.exit_code, result.output) == (0, "0 records moved.\n")
