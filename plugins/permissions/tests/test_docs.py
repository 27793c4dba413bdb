"""What the documents show works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tenon.settings import Settings
from tenon.testing.plugin_factory import PluginFactory
from tenon_permissions.checking import check_text
from tenon_permissions.commands import COMMANDS
from tenon_permissions.scopes import SCOPES

DOCS = Path(__file__).parents[3] / "docs"
HOW_TO = (DOCS / "how-to" / "permissions.md").read_text(encoding="utf-8")
REFERENCE = (DOCS / "reference" / "policy.md").read_text(encoding="utf-8")
SCOPE, TEST = re.findall(r"```python\n(.*?)```", HOW_TO, re.DOTALL)


@pytest.fixture
def tenon_database():
    return "sqlite"


@pytest.fixture(scope="module")
def factory(tmp_path_factory):
    made = PluginFactory(tmp_path_factory.mktemp("plugins"))
    made.make("made_scope", SCOPE)
    yield made
    made.close()


@pytest.fixture
def tenon_settings(factory):
    return Settings.for_tests(plugins=["b2b_accounts", "permissions", "made_scope"], access="policy")


def test_the_scope_and_the_test_of_the_how_to_work(tenon, as_role):
    shown: dict = {}
    exec(TEST, shown)
    shown["test_the_two_forms_agree"](tenon, as_role)


def test_the_file_of_the_reference_is_a_sound_policy(tenon):
    text = re.findall(r"```toml\n(.*?)```", REFERENCE, re.DOTALL)[0]
    document, findings = check_text(text, tenon.access.policy.names)
    assert document is not None
    assert findings == []


def test_the_reference_has_every_scope_action_and_command(tenon):
    for scope in SCOPES:
        assert f"| `{scope.key}" in REFERENCE
    for action in tenon.access.policy.names.actions:
        assert f"| `{action}` |" in REFERENCE or f"`{action}`" in REFERENCE
    for command in COMMANDS:
        assert f"`tenon access {command.command.name}" in REFERENCE
