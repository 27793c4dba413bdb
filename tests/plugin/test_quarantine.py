from __future__ import annotations

import sys

import pytest

from tenon.plugin import contributions as c
from tenon.plugin.report import Code, PluginsError

QUARANTINE = '[plugins.bad]\non_error = "quarantine"\n'
ENTITY = """
@hookimpl
def entities():
    return [entity("bad_thing", "bad_thing", "stage", stages=StageTracking())]

"""


def off(plugins):
    return {off.candidate.name: (off.status, off.reason) for off in plugins.off}


@pytest.mark.parametrize(
    ("source", "keys", "code"),
    [
        ("1 / 0", {}, Code.IMPORT_FAILED),
        ("", {"api": 9}, Code.API_MISMATCH),
        ("", {"requires": {"absent": "*"}}, Code.DEPENDENCY_MISSING),
        ("", {"settings": {"url": {"required": True}}}, Code.SETTINGS_INVALID),
        ("@hookimpl\ndef entites():\n    return []", {}, Code.UNKNOWN_HOOK),
        ("@hookimpl\ndef slots():\n    raise OSError", {}, Code.HOOK_FAILED),
        ("@hookimpl\ndef slots():\n    return [Slot('s', 'nowhere', 'S')]", {}, Code.UNKNOWN_TARGET),
        ("", {"manifest": 'name = "bad"'}, Code.MANIFEST_INVALID),
    ],
)
def test_a_broken_plugin_in_quarantine_is_left_out_and_remembered(made, load, source, keys, code):
    made.make("bad", source, **keys)
    made.make("good")
    plugins = load(QUARANTINE)
    assert [plugin.name for plugin in plugins.order] == ["good"]
    assert [problem.code for problem in plugins.problems] == [code]
    assert off(plugins)["bad"][0] == "quarantined"
    assert plugins.problems[0].what in off(plugins)["bad"][1]


def test_without_quarantine_the_same_plugin_stops_the_start(made, load):
    made.make("bad", "1 / 0")
    made.make("good")
    with pytest.raises(PluginsError):
        load()


def test_what_requires_a_quarantined_plugin_leaves_with_it(made, load):
    made.make("bad", ENTITY + "\n1 / 0")
    made.make("above", "raise RuntimeError('never imported')", requires={"bad": "*"})
    made.make("top", requires={"above": "*"})
    made.make("aside", optional=["bad"])
    plugins = load("[plugins]\n" + QUARANTINE)
    assert [plugin.name for plugin in plugins.order] == ["aside"]
    assert off(plugins)["above"] == ("quarantined", "it requires bad, which is quarantined")
    assert off(plugins)["top"] == ("quarantined", "it requires above, which is quarantined")


def test_contributions_to_a_quarantined_entity_of_an_optional_plugin_are_left_out(made, load):
    made.make("bad", ENTITY + "@hookimpl\ndef slots():\n    return [Slot('s', 'nowhere', 'S')]\n")
    made.make(
        "aside",
        "@hookimpl\ndef entity_extensions():\n"
        '    return [EntityExtension("bad_thing", model("aside_ext", "x"), "X")]\n',
        optional=["bad"],
    )
    plugins = load(QUARANTINE)
    assert [plugin.name for plugin in plugins.order] == ["aside"]
    assert plugins.contributions(c.EntityExtension) == []


def test_a_quarantined_plugin_has_no_hooks_left(made, load):
    owner = "@hookimpl\ndef assign_owner():\n    return 'me'\n"
    made.make("bad", owner + "@hookimpl\ndef jobs():\n    return 3\n")
    assert load(QUARANTINE).hook.assign_owner("account", {}, None) is None


@pytest.mark.parametrize(
    "hook",
    [
        "@hookimpl\ndef guard_checks():\n    return []\n",
        "@hookimpl\ndef permissions():\n    return []\n",
        "@hookimpl\ndef access_policy(tenon):\n    return None\n",
        "@hookimpl\ndef pipelines():\n    return []\n",
        "@hookimpl\ndef pipeline_patches():\n    return []\n",
    ],
)
class TestQuarantineIsRefused:
    def test_to_a_sound_plugin_that_guards(self, made, load, hook):
        made.make("bad", hook)
        with pytest.raises(PluginsError) as caught:
            load(QUARANTINE)
        [problem] = caught.value.plugin_problems
        assert (problem.code, problem.where) == (Code.QUARANTINE_REFUSED, "tenon.toml:2")

    def test_to_a_plugin_that_guards_and_cannot_be_imported(self, made, load, hook):
        made.make("bad", hook + "1 / 0")
        with pytest.raises(PluginsError) as caught:
            load(QUARANTINE)
        [problem] = caught.value.plugin_problems
        assert problem.code == Code.IMPORT_FAILED
        assert "It cannot be quarantined: it names" in problem.hint

    def test_where_a_plugin_that_guards_would_leave_along(self, made, load, hook):
        made.make("bad", "1 / 0")
        made.make("gate", hook, requires={"bad": "*"})
        with pytest.raises(PluginsError) as caught:
            load(QUARANTINE)
        [problem] = caught.value.plugin_problems
        assert "'gate', which requires it," in problem.hint


def test_quarantine_is_refused_where_guards_could_be_hidden(made, load):
    made.make("bad", "from .hidden import *\n", files={"hidden.py": "1 / 0"})
    with pytest.raises(PluginsError) as caught:
        load(QUARANTINE)
    assert "cannot be read far enough" in caught.value.plugin_problems[0].hint


def test_quarantine_does_not_help_a_plugin_that_is_not_installed(made, load):
    with pytest.raises(PluginsError) as caught:
        load('[plugins]\nenabled = ["bad"]\n' + QUARANTINE)
    assert caught.value.codes == ("NotInstalled",)


def test_one_fatal_problem_is_reported_with_those_that_could_be_quarantined_left_out(made, load):
    made.make("bad", api=9)
    made.make("worse", api=9)
    with pytest.raises(PluginsError) as caught:
        load(QUARANTINE)
    assert [problem.plugin for problem in caught.value.plugin_problems] == ["worse"]
    assert "made_bad" not in sys.modules
