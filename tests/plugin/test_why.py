from __future__ import annotations

import pytest

SALES = """
@hookimpl
def entities():
    return [
        Entity(
            "account", Account, "Account", "Accounts", "accounts", stages=StageTracking()
        )
    ]

@hookimpl
def pipelines():
    return [
        Pipeline(
            "new_business",
            "account",
            "New business",
            (
                Stage("lead", "Lead"),
                Stage("proposal", "Proposal"),
            ),
        )
    ]

class Mixin:
    stage = None

class Account(Mixin):
    __tablename__ = "sales_account"
    __table__ = SimpleNamespace(columns=[SimpleNamespace(key=k) for k in ("name", "industry", "stage")])

    name = None
    industry = None
"""

POINTS = """
class Tier:
    __tablename__ = "points_account"
    __table__ = SimpleNamespace(columns=[SimpleNamespace(key=k) for k in ("id", "tier")])
    tier = 1

@hookimpl
def entity_extensions():
    return [EntityExtension("account", Tier, "Points")]

@hookimpl
def pipeline_patches():
    return [PipelinePatch("new_business", (RelabelStage("proposal", "Offer"),))]

@hookimpl
def permissions():
    return [Permission("account:award", "Award", modes=frozenset({"b2c"}))]

@hookimpl
def slots():
    return [Slot("tier", "record.badge", "Tier", render=print)]
"""


@pytest.fixture
def plugins(made, load):
    made.make("sales", SALES, version="2.0")
    made.make("points", POINTS, requires={"sales": "*"})
    return load()


def found(plugins, thing):
    return [(o.kind, o.plugin, o.where.replace(f"made_{o.plugin}/", "")) for o in plugins.why(thing)]


def line(plugins, plugin, text):
    source = plugins.get(plugin).candidate.location.source.read_text().splitlines()
    return f"plugin.py:{1 + next(at for at, row in enumerate(source) if row.strip().startswith(text))}"


def test_an_entity_comes_from_the_line_that_names_it(plugins):
    [owner, extension] = plugins.why("account")
    assert (owner.kind, owner.plugin, owner.distribution) == ("Entity", "sales", "tenon-sales 2.0")
    assert owner.where == f"made_sales/{line(plugins, 'sales', 'Entity(')}"
    assert owner.setting == "plugins.enabled: sales"
    assert (extension.kind, extension.plugin, extension.note) == ("EntityExtension", "points", "adds tier")


def test_a_field_comes_from_the_line_of_its_column(plugins):
    assert found(plugins, "account.industry") == [
        ("field", "sales", line(plugins, "sales", "industry = None"))
    ]
    assert found(plugins, "account.stage") == [("field", "sales", line(plugins, "sales", "stage = None"))]


def test_a_field_of_an_extension_comes_from_the_plugin_that_adds_it(plugins):
    assert found(plugins, "account.ext.points.tier") == [
        ("field", "points", line(plugins, "points", "tier = 1"))
    ]


def test_a_stage_comes_from_its_pipeline_and_from_those_who_patched_it(plugins):
    assert found(plugins, "new_business.lead") == [("stage", "sales", line(plugins, "sales", 'Stage("lead"'))]
    assert found(plugins, "new_business.proposal") == [
        ("stage", "sales", line(plugins, "sales", 'Stage("proposal"')),
        ("patch", "points", line(plugins, "points", "return [PipelinePatch")),
    ]


def test_a_permission_names_the_modes_that_switch_it(plugins):
    [origin] = plugins.why("account:award")
    assert origin.setting == "plugins.enabled: points; modes: b2c"


def test_a_place_tells_what_is_shown_there(plugins):
    assert [(o.kind, o.plugin) for o in plugins.why("record.badge")] == [
        ("Slot", "points"),
        ("place", "tenon"),
    ]


def test_a_hook_tells_who_implements_it(plugins):
    assert [o.plugin for o in plugins.why("entities")] == ["sales"]


def test_a_plugin_tells_who_needs_it(plugins):
    [origin] = plugins.why("sales")
    assert (origin.kind, origin.note, origin.where) == (
        "plugin",
        "required by points",
        "made_sales/plugin.toml:1",
    )


def test_what_is_left_out_says_why(made, load):
    made.make(
        "points", POINTS.replace("account_", "").partition("@hookimpl\ndef slots")[0], optional=["sales"]
    )
    plugins = load('modes = ["b2b"]')
    assert [o.note for o in plugins.why("account:award")] == ["left out: serves another mode"]
    assert [o.note for o in plugins.why("account")] == [
        "left out: account is not here, nor is the optional plugin sales"
    ]


def test_nobody_gives_what_does_not_exist(plugins):
    assert plugins.why("account.absent") == []
    assert plugins.why("nothing") == []
