from __future__ import annotations

import pytest
from click.testing import CliRunner

from tenon.cli import main
from tenon.storage import Base

MODELS = """
from tenon.api import Base, RecordColumns, _, text

class Thing(Base, RecordColumns):
    __tablename__ = "drafted_thing"
    name = text(_("Name"), required=True)
"""
CODE = """
from tenon.api import Entity, _, hookimpl
from .models import Thing

@hookimpl
def entities():
    return [Entity("drafted_thing", Thing, _("Thing"), _("Things"), "drafted-things")]
"""


@pytest.fixture
def tenon(tmp_path, made, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made.preamble = ""
    made.make("drafted", CODE, models=".models", files={"models.py": MODELS})
    (tmp_path / "tenon.toml").write_text('access = "open"\n[plugins]\nenabled = ["drafted"]\n')
    yield lambda *arguments: CliRunner().invoke(main, arguments)
    drawn = Base.metadata.tables.get("drafted_thing")
    if drawn is not None:
        Base.metadata.remove(drawn)


def test_the_first_migration_can_be_drawn_for_a_plugin_that_could_not_be_loaded_without(tenon):
    assert "MigrationHeadMissing in plugin drafted" in tenon("plugins", "check").output
    drawn = tenon("db", "revision", "drafted", "-m", "initial")
    assert drawn.exit_code == 0, drawn.output
    assert tenon("plugins", "check").exit_code == 0
    assert "drafted" in tenon("db", "plan").output
