"""The tutorial, followed to the letter."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.editable import install_for_editing
from tests.cli.process import Served, clean_environment
from tests.docs.tutorial import missing, steps

PAGE = Path(__file__).parents[2] / "docs/tutorial/first-plugin.md"

# What would fetch from the network, or make an environment that this one already is.
SET_UP = ("mkdir", "python3 -m venv", "pip install ../")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_first_plugin_works_as_the_tutorial_says(tmp_path: Path) -> None:
    for step in steps(PAGE):
        if step.language != "console":
            assert step.path, f"a block of {step.language} without the name of its file:\n{step.text}"
            target = tmp_path / step.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(step.text, encoding="utf-8")
            continue
        for command, expected in step.commands():
            follow(command, expected, tmp_path)


def follow(command: str, expected: list[str], folder: Path) -> None:
    if command.startswith(SET_UP):
        return
    if command == "pip install -e .":
        install_for_editing(folder)
    elif command.startswith("tenon run"):
        run(command, expected, folder)
    else:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        env = clean_environment(PATH=path, PYTHONPATH="src", TENON_PLUGINS="visits")
        done = subprocess.run(command, shell=True, cwd=folder, env=env, capture_output=True, text=True)
        assert done.returncode == 0, f"$ {command}\n{done.stdout}{done.stderr}"
        assert missing(expected, done.stdout) == [], f"$ {command}\n{done.stdout}{done.stderr}"


def run(command: str, expected: list[str], folder: Path) -> None:
    served = Served(folder, *command.split()[2:], env={"PYTHONPATH": "src", "TENON_PLUGINS": "visits"})
    try:
        served.wait_until_up()
        assert missing(expected, served.output.replace(str(served.port), "8000")) == [], served.output
        assert served.get("/visits")[0] == 302, "the page is there, for who signs in"
        assert served.get("/api/v1/visits")[0] == 401
        assert served.stop() == 0
    finally:
        served.close()


def test_a_line_that_is_not_printed_is_noticed() -> None:
    assert missing(["Wrote ... upgrade", "Never said"], "Wrote it. Then: tenon db upgrade\n") == [
        "Never said"
    ]
