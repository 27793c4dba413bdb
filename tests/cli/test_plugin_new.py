"""`tenon plugin new`: what it writes works as written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tenon.cli.plugin_new import KINDS, plugin
from tests.cli.editable import install_for_editing
from tests.cli.process import clean_environment

NAMES = {"entity": "machines", "extension": "meetings", "pipeline": "visits", "integration": "mirror"}


def new(folder: Path, *arguments: str) -> str:
    told = CliRunner().invoke(plugin, ["new", *arguments, "--into", str(folder)])
    assert told.exit_code == 0, told.output
    return told.output


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", KINDS)
def test_the_tests_that_it_writes_pass(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    new(folder, NAMES[kind], "--kind", kind)
    install_for_editing(folder)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"],
        cwd=folder,
        env=clean_environment(PYTHONPATH="src"),
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_what_it_writes_has_the_projects_form(kind: str, tmp_path: Path) -> None:
    new(tmp_path / "new", "machines", "--kind", kind)
    # Migrations are as Alembic draws them.
    ruff = [str(Path(sys.executable).with_name("ruff"))]
    rules = [
        "check",
        "--isolated",
        "--select",
        "E,F,W,I,UP,B",
        "--line-length",
        "110",
        "--target-version",
        "py311",
    ]
    done = subprocess.run(
        [*ruff, *rules, "--config", "lint.isort.known-third-party=['tenon']", "--exclude", "migrations", "."],
        cwd=tmp_path / "new",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_names_follow_from_one_word(tmp_path: Path) -> None:
    told = new(tmp_path / "new", "service_visits")
    assert "pytest" in told
    files = {path.relative_to(tmp_path / "new").as_posix() for path in (tmp_path / "new").rglob("*.*")}
    assert "src/tenon_service_visits/service_visit.py" in files
    assert ".gitignore" in files
    assert not [name for name in files if name.endswith(".tmpl") or "$" in name]
    text = (tmp_path / "new/src/tenon_service_visits/service_visit.py").read_text()
    assert "class ServiceVisit(" in text
    assert 'plural="service-visits"' in text
    assert '_("Service visits")' in text


def test_the_record_can_have_a_name_of_its_own(tmp_path: Path) -> None:
    new(tmp_path / "new", "fleet", "--entity", "vehicle")
    assert (tmp_path / "new/src/tenon_fleet/vehicle.py").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Machines"], "small letters"),
        (["m"], "small letters"),
        (["contacts"], "The kernel itself has something called contact"),
        (["fleet", "--entity", "task"], "The kernel itself has something called task"),
        (["a" * 40, "--entity", "b" * 40], "too long"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused(tmp_path: Path, arguments: list[str], said: str) -> None:
    told = CliRunner().invoke(plugin, ["new", *arguments, "--into", str(tmp_path / "new")])
    assert told.exit_code == 1
    assert said in str(told.exception)
    assert not (tmp_path / "new").exists()


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    told = CliRunner().invoke(plugin, ["new", "machines", "--into", str(tmp_path)])
    assert "is there already, and not empty" in str(told.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
