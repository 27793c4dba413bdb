from __future__ import annotations

import random
import sys

import pytest

from tenon.plugin import contributions as c
from tenon.plugin.report import PluginsError

ACCOUNT = """
@hookimpl
def entities():
    return [entity("account", "sales_account", "industry", "stage", stages=StageTracking())]

@hookimpl
def pipelines():
    stages = (Stage("lead", "Lead"), Stage("won", "Won", "won"))
    return [Pipeline("new_business", "account", "New business", stages)]
"""


def test_a_plugin_is_loaded_with_what_it_contributes(made, load):
    made.make("sales", ACCOUNT, version="2.1")
    plugins = load()
    [plugin] = plugins.order
    assert (plugin.name, plugin.version, plugin.distribution) == ("sales", "2.1", "tenon-sales 2.1")
    assert plugin.status == "on"
    assert [(who, e.name) for who, e in plugins.contributions(c.Entity)] == [("sales", "account")]
    assert [(who, p.key) for who, p in plugins.contributions(c.Pipeline)] == [("sales", "new_business")]


def test_an_editable_install_is_found_as_well(made, load):
    made.make("sales", ACCOUNT, editable=True)
    assert load().get("sales") is not None


def test_a_plugin_whose_entry_point_names_its_package_has_the_manifest_inside(made, load):
    made.make("sales", module="made_sales", files={"__init__.py": "from .plugin import *"})
    assert load().get("sales").package == "made_sales"


def test_a_plugin_may_be_an_object_of_its_module(made, load):
    code = """
    class Sales:
        @hookimpl
        def permissions(self):
            return [Permission("account:export", "Export")]
    sales = Sales()
    """
    made.make("sales", code, module="made_sales.plugin:sales")
    assert [p.key for _, p in load().contributions(c.Permission)] == ["account:export"]


def test_nothing_of_a_disabled_plugin_is_imported(made, load):
    made.make("sales", "raise SystemExit('imported')", files={"__init__.py": "raise SystemExit('imported')"})
    plugins = load("[plugins]\nenabled = []")
    assert [(off.candidate.name, off.status) for off in plugins.off] == [("sales", "disabled")]
    assert "made_sales" not in sys.modules


def test_a_disabled_plugin_with_a_broken_manifest_stops_nobody(made, load):
    made.make("sales", manifest="name = 3")
    made.make("other")
    plugins = load('[plugins]\nenabled = ["other"]')
    assert [plugin.name for plugin in plugins.order] == ["other"]
    [off] = plugins.off
    assert off.candidate.problems


def test_what_a_plugin_needs_is_loaded_before_it(made, load):
    made.make("alpha", requires={"zulu": ">=1.0"}, optional=["mike", "absent"])
    made.make("mike", requires={"zulu": "*"})
    made.make("zulu")
    assert [plugin.name for plugin in load().order] == ["zulu", "mike", "alpha"]


def test_the_load_order_does_not_depend_on_the_order_of_discovery(made, load):
    for name in "abcdefgh":
        made.make(f"p_{name}", requires={} if name in "afh" else {"p_h": "*"})
    orders = {
        tuple(
            p.name
            for p in load(
                shuffle=lambda found, seed=seed: random.Random(seed).sample(found, len(found))
            ).order
        )
        for seed in range(10)
    }
    assert orders == {("p_a", "p_f", "p_h", "p_b", "p_c", "p_d", "p_e", "p_g")}


def test_the_report_does_not_depend_on_the_order_of_discovery(made, load):
    for name in "abcd":
        made.make(f"p_{name}", api=7, conflicts=["p_a", "p_c"], requires={"absent": "*"})
    texts = set()
    for seed in range(6):
        with pytest.raises(PluginsError) as caught:
            load(shuffle=lambda found, seed=seed: random.Random(seed).sample(found, len(found)))
        texts.add(str(caught.value))
    assert len(texts) == 1


def test_settings_of_a_plugin_are_typed_by_its_manifest(made, load):
    made.make(
        "erp",
        manifest="""
        name = "erp"
        api = 1
        [settings]
        url = { type = "string", required = true }
        every = { type = "duration", default = "15m" }
        rate = { type = "decimal", default = 0.1 }
        kinds = { type = "list", default = ["order"] }
        dialect = { type = "choice", choices = ["sap", "odoo"], default = "sap" }
        retries = { type = "integer", min = 1, max = 9 }
        """,
    )
    settings = (
        load('[plugins.erp]\nurl = "https://erp.example"\nevery = "1h30m"\nretries = 3').get("erp").settings
    )
    assert settings["url"] == "https://erp.example"
    assert settings["every"].total_seconds() == 5400
    assert str(settings["rate"]) == "0.1"
    assert settings["kinds"] == ("order",)
    assert settings["dialect"] == "sap"
    assert settings["retries"] == 3
    with pytest.raises(TypeError):
        settings["url"] = "other"


def test_several_faults_of_one_phase_are_told_at_once(made, load):
    made.make("one", api=2)
    made.make("two", kernel=">=99")
    made.make("three", requires={"four": "*"})
    with pytest.raises(PluginsError) as caught:
        load()
    assert sorted(caught.value.codes) == ["ApiMismatch", "DependencyMissing", "KernelTooOld"]
    assert caught.value.phase == "resolve"


def test_a_later_phase_is_not_reached_when_an_earlier_one_failed(made, load):
    made.make("one", api=2)
    made.make("two", "raise RuntimeError('import')")
    with pytest.raises(PluginsError) as caught:
        load()
    assert caught.value.codes == ("ApiMismatch",)


# Modes


def test_a_plugin_for_another_mode_is_off_without_being_an_error(made, load):
    made.make("sales", "raise RuntimeError", modes=["b2b"])
    made.make("points", modes=["b2c"])
    plugins = load('modes = ["b2c"]')
    assert [plugin.name for plugin in plugins.order] == ["points"]
    assert [(off.candidate.name, off.status, off.reason) for off in plugins.off] == [
        ("sales", "off in this mode", "it serves b2b")
    ]


def test_what_requires_a_plugin_of_another_mode_is_off_with_it(made, load):
    made.make("sales", modes=["b2b"])
    made.make("forecast", requires={"sales": "*"})
    plugins = load('modes = ["b2c"]')
    assert plugins.order == ()
    assert {off.candidate.name: off.reason for off in plugins.off}["forecast"] == (
        "it requires sales, which is off in this mode"
    )


def test_contributions_for_another_mode_are_left_out(made, load):
    made.make(
        "both",
        """
        @hookimpl
        def permissions():
            return [
                Permission("a:x", "A", modes=frozenset({"b2b"})),
                Permission("b:x", "B", modes=frozenset({"b2c"})),
                Permission("c:x", "C"),
            ]
        """,
    )
    plugins = load('modes = ["b2c"]')
    assert [p.key for _, p in plugins.contributions(c.Permission)] == ["b:x", "c:x"]
    assert [(left.given.key, left.reason) for left in plugins.left_out] == [("a:x", "serves another mode")]


def test_what_extends_an_entity_of_another_mode_is_left_out_with_it(made, load):
    made.make(
        "both",
        """
        B2B = frozenset({"b2b"})

        @hookimpl
        def entities():
            return [entity("account", "both_account", "stage", stages=StageTracking(), modes=B2B)]

        @hookimpl
        def entity_extensions():
            return [EntityExtension("account", model("both_ext", "tier"), "Tier")]

        @hookimpl
        def pipelines():
            return [Pipeline("deals", "account", "Deals", (Stage("lead", "Lead"),))]

        @hookimpl
        def pipeline_patches():
            return [PipelinePatch("deals", (RelabelStage("lead", "Start"),))]
        """,
    )
    assert len(load().world.given) == 4
    assert load('modes = ["b2c"]').world.given == ()


def test_what_is_for_an_absent_optional_plugin_is_left_out(made, load):
    made.make(
        "points",
        """
        @hookimpl
        def entity_extensions():
            return [EntityExtension("account", model("points_account", "tier"), "Tier")]
        """,
        optional=["sales"],
    )
    assert load().contributions(c.EntityExtension) == []
    made.make("sales", ACCOUNT)
    assert len(load().contributions(c.EntityExtension)) == 1


# Hooks that decide


def test_the_plugin_loaded_last_assigns_the_owner_first(made, load):
    rule = "@hookimpl\ndef assign_owner(entity):\n    return {answer!r} if entity == 'account' else None"
    made.make("base", rule.format(answer="base"))
    made.make("above", rule.format(answer="above"), requires={"base": "*"})
    hook = load().hook
    assert hook.assign_owner("account", {}, None) == "above"
    assert hook.assign_owner("contact", {}, None) is None


def test_startup_is_told_to_plugins_in_load_order(made, load):
    note = "@hookimpl\ndef startup(tenon):\n    tenon.append({name!r})"
    made.make("alpha", note.format(name="alpha"), requires={"zulu": "*"})
    made.make("zulu", note.format(name="zulu"))
    told = []
    load().hook.startup(told)
    assert told == ["zulu", "alpha"]


def test_endpoints_are_given_once_the_app_is_composed(made, load):
    made.make(
        "sales",
        """
        @hookimpl
        def endpoints(tenon):
            return [Endpoint("a", tenon), Endpoint("b", tenon, modes=frozenset({"b2c"}))]
        """,
    )
    plugins = load('modes = ["b2b"]')
    assert [(who, e.key, e.blueprint) for who, e in plugins.hook.endpoints("app")] == [("sales", "a", "app")]
    with pytest.raises(TypeError, match=r"hook\.endpoints"):
        plugins.contributions(c.Endpoint)


def test_the_policy_comes_from_the_one_plugin_that_gives_it(made, load):
    made.make("sales")
    assert load().hook.access_policy(None) is None
    made.make("roles", "@hookimpl\ndef access_policy(tenon):\n    return ('policy', tenon)")
    assert load().hook.access_policy("app") == ("policy", "app")
