"""The reference pages say all there is, and nothing that is not."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path

import pytest

from tenon.plugin import contributions, hookspecs
from tenon.plugin.hooks import CONTRIBUTION_HOOKS, SPECS
from tenon.plugin.manifest import KEYS, read_manifest
from tenon.plugin.places import PLACES
from tenon.plugin.report import Code
from tenon.settings.keys import SECTIONS
from tenon.settings.setting import SETTING_TYPES, shown

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
HOOKS = (REFERENCE / "hooks.md").read_text(encoding="utf-8")
MANIFEST = (REFERENCE / "manifest.md").read_text(encoding="utf-8")
SETTINGS = (REFERENCE / "settings.md").read_text(encoding="utf-8")
KINDS = {
    name: kind
    for name, kind in vars(contributions).items()
    if dataclasses.is_dataclass(kind) and kind.__module__ == contributions.__name__
}


def sections(text, level="###"):
    """Headings of one level, each with the text below it."""
    parts = re.split(rf"^{level} (.+)$", text, flags=re.MULTILINE)
    return {
        head.strip("`"): re.split(r"^## ", body, flags=re.MULTILINE)[0]
        for head, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def rows(text):
    """The first cell of every row of a table, with the whole row."""
    return {found[1]: found[0] for found in re.finditer(r"^\| `([^`]+)` \|.*$", text, re.MULTILINE)}


DOCUMENTED = sections(HOOKS)


@pytest.mark.parametrize(("hook", "arguments"), SPECS.items())
def test_every_hook_is_documented_with_every_argument(hook, arguments):
    section = DOCUMENTED[f"{hook}({', '.join(arguments)})"]
    assert re.findall(r"^- `(\w+)`:", section, re.MULTILINE) == list(arguments)
    assert re.search(r"^- returns ", section, re.MULTILINE)


def test_no_hook_is_documented_that_does_not_exist():
    assert {head.partition("(")[0] for head in DOCUMENTED if "(" in head} == set(SPECS)


@pytest.mark.parametrize("hook", SPECS)
def test_every_hook_has_a_docstring(hook):
    assert getattr(hookspecs, hook).__doc__


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_every_field_of_every_contribution_is_documented_in_order(name, kind):
    assert list(rows(DOCUMENTED[name])) == [item.name for item in dataclasses.fields(kind)]


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_fields_that_must_be_given_are_said_to_be_required(name, kind):
    for item in dataclasses.fields(kind):
        needed = item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
        assert ("| required |" in rows(DOCUMENTED[name])[item.name]) == needed


def test_every_contribution_hook_links_to_what_it_gives():
    for hook, kind in CONTRIBUTION_HOOKS.items():
        assert f"[`{kind.__name__}`](#{kind.__name__.lower()})" in DOCUMENTED[f"{hook}()"]


def test_every_place_is_documented_with_what_it_gives_and_needs():
    documented = rows(sections(HOOKS, "##")["Places"])
    assert set(documented) == set(PLACES)
    for name, place in PLACES.items():
        assert place.context in documented[name]
        assert place.returns in documented[name]
        assert all(f"`{need}`" in documented[name] for need in place.needs)


def test_every_key_of_the_manifest_is_documented():
    assert list(rows(sections(MANIFEST, "##")["Keys"]))[: len(KEYS)] == list(KEYS)
    assert all(f"`{kind}`" in MANIFEST for kind in SETTING_TYPES)


def test_every_error_is_documented():
    assert list(rows(sections(MANIFEST, "##")["Errors"])) == [str(code) for code in Code]


def test_the_manifest_shown_is_a_sound_one(tmp_path):
    shown_manifest = re.findall(r"```toml\n# plugin\.toml\n(.*?)```", MANIFEST, re.DOTALL)[0]
    (tmp_path / "plugin.toml").write_text(shown_manifest)
    manifest, flaws = read_manifest(tmp_path / "plugin.toml", "plugin.toml")
    assert not flaws
    assert manifest.name == "loyalty"


@pytest.mark.parametrize(("section", "keys"), SECTIONS.items())
def test_every_setting_is_documented_with_its_default_and_variable(section, keys):
    documented = rows(sections(SETTINGS, "##")[f"[{section}]" if section else "Top level"])
    assert list(documented) == [key.setting.key for key in keys]
    for key in keys:
        row = documented[key.setting.key]
        assert key.env is None or f"`{key.env}`" in row
        assert key.setting.default is None or f"`{shown(key.setting.default)}`" in row
        assert key.setting.help in row


def test_the_settings_file_shown_is_toml():
    assert tomllib.loads(re.findall(r"```toml\n(.*?)```", SETTINGS, re.DOTALL)[0])["server"]["proxies"] == 1
