"""The web assets are what the allow-list says, and no more."""

from __future__ import annotations

import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest

CORE = Path(__file__).resolve().parents[2] / "core"
VENDOR = CORE / "src/tenon/web/static/vendor"


@pytest.fixture(scope="module")
def listed():
    return tomllib.loads((CORE / "assets/vendor.toml").read_text("utf-8"))["component"]


def test_the_folder_holds_the_listed_files_alone(listed):
    wanted = {Path(name).name for component in listed for name in component["files"]}
    there = {path.name for path in VENDOR.iterdir() if path.is_file()}
    assert there == wanted | {"icons.svg", ".complete"}


def test_every_component_brings_its_licence(listed):
    assert len(list((VENDOR / "licences").iterdir())) == len(listed)


def test_no_file_points_at_another_host_or_at_a_missing_map():
    for path in VENDOR.glob("*.min.*"):
        text = path.read_text("utf-8")
        assert "sourceMappingURL" not in text, path.name
        assert "url(http" not in text, path.name
        assert "apexcharts.com" not in text.lower(), path.name


def test_the_sprite_has_every_listed_icon_once():
    names = [
        line
        for line in (CORE / "assets/icons.txt").read_text("utf-8").splitlines()
        if not line.startswith("#")
    ]
    symbols = ElementTree.parse(VENDOR / "icons.svg").getroot()
    assert [symbol.get("id") for symbol in symbols] == [f"icon-{name}" for name in names]
