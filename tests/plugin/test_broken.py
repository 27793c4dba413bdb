"""Broken plugins, each with its own error that says where and what to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tenon.plugin.report import Code, PluginsError

SALES = """
@hookimpl
def entities():
    return [
        entity("account", "sales_account", "industry", "stage", stages=StageTracking()),
        entity("note", "sales_note"),
    ]

@hookimpl
def pipelines():
    return [Pipeline("deals", "account", "Deals", (Stage("lead", "Lead"), Stage("won", "Won", "won")))]

@hookimpl
def guard_checks():
    return [GuardCheck("sales_credit", lambda record, transition, work: [])]
"""
NEEDS_SALES = {"requires": {"sales": "*"}}


def hook(name: str, given: str) -> str:
    return f"@hookimpl\ndef {name}():\n    return [{given}]\n"


@dataclass(frozen=True)
class Broken:
    """A plugin named ``bad`` that is wrong in one way, and what has to be said of it."""

    code: Code
    source: str = ""
    says: str = ""
    where: str = "made_bad/plugin.py:"
    hint: str = ""
    settings: str = ""
    keys: dict[str, Any] = field(default_factory=dict)
    beside: dict[str, str] = field(default_factory=dict)
    drafting: bool = True


CASES = {
    # manifest
    "a manifest that is no TOML": Broken(
        Code.MANIFEST_INVALID,
        says="not TOML",
        where="made_bad/plugin.toml:2",
        keys={"manifest": 'name = "bad"\napi = ='},
    ),
    "a manifest without an api": Broken(
        Code.MANIFEST_INVALID,
        says="api is missing",
        where="made_bad/plugin.toml",
        keys={"manifest": 'name = "bad"'},
    ),
    "an unknown key in the manifest": Broken(
        Code.MANIFEST_INVALID,
        says="Unknown key 'require': did you mean 'requires'?",
        where="made_bad/plugin.toml:3",
        keys={"require": {"a": "*"}},
    ),
    "an unknown mode in the manifest": Broken(
        Code.MANIFEST_INVALID, says="'b2x'", where="made_bad/plugin.toml:3", keys={"modes": ["b2x"]}
    ),
    "a kernel floor with a cap": Broken(
        Code.MANIFEST_INVALID, says="not a floor", where="made_bad/plugin.toml:3", keys={"kernel": ">=0.1,<2"}
    ),
    "a version specifier that is none": Broken(
        Code.MANIFEST_INVALID,
        says="'sales'",
        where="made_bad/plugin.toml:3",
        keys={"requires": {"sales": "new"}},
    ),
    "a setting of an unknown type": Broken(
        Code.MANIFEST_INVALID,
        says="did you mean 'integer'?",
        where="made_bad/plugin.toml:4",
        keys={"manifest": 'name = "bad"\napi = 1\n[settings]\nsize = { type = "integr" }'},
    ),
    "a default of the wrong type": Broken(
        Code.MANIFEST_INVALID,
        says="default of the setting 'size'",
        where="made_bad/plugin.toml:4",
        keys={"manifest": 'name = "bad"\napi = 1\n[settings]\nsize = { type = "integer", default = "x" }'},
    ),
    "a manifest named otherwise than its entry point": Broken(
        Code.MANIFEST_INVALID,
        says="'good'",
        where="made_bad/plugin.toml:1",
        keys={"manifest": 'name = "good"\napi = 1'},
    ),
    "an entry point for a module that is not there": Broken(
        Code.IMPORT_FAILED,
        says="'made_bad.plugni' does not exist",
        where="tenon.plugins",
        keys={"module": "made_bad.plugni"},
    ),
    # resolve
    "another api": Broken(
        Code.API_MISMATCH,
        says="plugin API 2",
        where="made_bad/plugin.toml:2",
        keys={"manifest": 'name = "bad"\napi = 2'},
    ),
    "a newer kernel": Broken(
        Code.KERNEL_TOO_OLD,
        says=">=99.1",
        where="made_bad/plugin.toml:3",
        hint='pip install "tenon-crm>=99.1"',
        keys={"kernel": ">=99.1"},
    ),
    "a dependency that is not installed": Broken(
        Code.DEPENDENCY_MISSING,
        says="'salse', which is not installed: did you mean 'sales'?",
        where="made_bad/plugin.toml:3",
        keys={"requires": {"salse": "*"}},
    ),
    "a dependency that is not enabled": Broken(
        Code.DEPENDENCY_MISSING,
        says="installed, but not enabled",
        where="made_bad/plugin.toml:3",
        hint="Add 'sales' to `enabled`",
        settings='[plugins]\nenabled = ["bad"]',
        keys={"requires": {"sales": "*"}},
    ),
    "a dependency of an older version": Broken(
        Code.DEPENDENCY_VERSION,
        says="sales >=2, installed is 1.0.0",
        where="made_bad/plugin.toml:3",
        hint='pip install "tenon-sales>=2"',
        keys={"requires": {"sales": ">=2"}},
    ),
    "a plugin that cannot run beside another": Broken(
        Code.CONFLICT, says="'sales'", where="made_bad/plugin.toml:3", keys={"conflicts": ["sales"]}
    ),
    "a circle of needs": Broken(
        Code.DEPENDENCY_CYCLE,
        says="bad → bad",
        where="made_bad/plugin.toml:3",
        keys={"requires": {"bad": "*"}},
    ),
    "models without migrations": Broken(
        Code.MIGRATION_HEAD_MISSING,
        says="made_bad/migrations",
        where="made_bad/plugin.toml:3",
        keys={"models": ".models"},
        drafting=False,
    ),
    "an entity whose model no migration sees": Broken(
        Code.MIGRATION_HEAD_MISSING,
        hook("entities", 'entity("thing", "bad_thing")'),
        says="in no module that plugin.toml names as models",
        hint="`models`",
        drafting=False,
    ),
    "migrations with two heads": Broken(
        Code.MIGRATION_HEADS_DIVERGED,
        says="bad_0001, bad_0002",
        where="made_bad/migrations",
        keys={
            "models": ".models",
            "migrations": True,
            "files": {
                "migrations/versions/two.py": 'revision: str = "bad_0002"\ndown_revision: str | None = None\n'
            },
        },
        drafting=False,
    ),
    # import
    "an error while importing": Broken(
        Code.IMPORT_FAILED,
        "value = 1\n1 / 0",
        says="ZeroDivisionError: division by zero",
        where="made_bad/plugin.py:14",
    ),
    "a syntax error": Broken(
        Code.IMPORT_FAILED, "def broken(:", says="SyntaxError", where="made_bad/plugin.py:13"
    ),
    "a library that is not installed": Broken(
        Code.IMPORT_FAILED,
        "import surely_not_here",
        says="surely_not_here",
        hint="Install what provides 'surely_not_here'",
    ),
    "a module that leaves Python": Broken(
        Code.IMPORT_FAILED, "import sys; sys.exit(3)", says="SystemExit: 3"
    ),
    "models that are not there": Broken(
        Code.IMPORT_FAILED,
        says="made_bad.models",
        where="made_bad.plugin",
        keys={"models": ".models", "migrations": True},
    ),
    # register
    "a misspelt hook": Broken(
        Code.UNKNOWN_HOOK,
        hook("entites", ""),
        says="'entites': did you mean 'entities'?",
        where="made_bad/plugin.py:13",
    ),
    "an argument that the hook does not have": Broken(
        Code.UNKNOWN_HOOK_ARGUMENT,
        "@hookimpl\ndef assign_owner(entity, vals):\n    return None",
        says="no argument 'vals': did you mean 'values'?",
        where="made_bad/plugin.py:13",
    ),
    "a hook without its mark": Broken(
        Code.HOOK_NOT_MARKED,
        "def entities():\n    return []",
        says="'entities'",
        where="made_bad/plugin.py:13",
    ),
    "a wrapper around other plugins": Broken(
        Code.HOOK_WRAPPER,
        "@hookimpl(wrapper=True)\ndef startup(tenon):\n    yield",
        says="wrapper",
        where="made_bad/plugin.py:13",
    ),
    # settings
    "a setting of the wrong type": Broken(
        Code.SETTINGS_INVALID,
        says="'size' in [plugins.bad] is \"big\"",
        where="tenon.toml:2",
        settings='[plugins.bad]\nsize = "big"',
        keys={"settings": {"size": {"type": "integer"}}},
    ),
    "a setting out of bounds": Broken(
        Code.SETTINGS_INVALID,
        says="is 0",
        where="tenon.toml:2",
        settings="[plugins.bad]\nsize = 0",
        keys={"settings": {"size": {"type": "integer", "min": 1}}},
    ),
    "a required setting that is missing": Broken(
        Code.SETTINGS_INVALID,
        says="'url' is missing",
        where="tenon.toml",
        hint="Add url",
        keys={"settings": {"url": {"type": "string", "required": True}}},
    ),
    "an unknown setting": Broken(
        Code.SETTINGS_INVALID,
        says="'sice' in [plugins.bad]: did you mean 'size'?",
        where="tenon.toml:2",
        settings="[plugins.bad]\nsice = 3",
        keys={"settings": {"size": {"type": "integer"}}},
    ),
    # compose: shape
    "a hook that raises": Broken(
        Code.HOOK_FAILED,
        "@hookimpl\ndef entities():\n    raise KeyError('x')",
        says="KeyError",
        where="made_bad/plugin.py:15",
    ),
    "a generator that raises halfway": Broken(
        Code.HOOK_FAILED,
        "@hookimpl\ndef permissions():\n    yield Permission('a:b', 'A')\n    raise OSError('gone')",
        says="OSError: gone",
        where="made_bad/plugin.py:16",
    ),
    "a contribution of another type": Broken(
        Code.WRONG_CONTRIBUTION,
        hook("entities", 'Permission("a:b", "A")'),
        says="Permission",
        hint="the hook 'permissions'",
        where="made_bad/plugin.py:13",
    ),
    "a hook that returns nothing": Broken(
        Code.WRONG_CONTRIBUTION,
        "@hookimpl\ndef entities():\n    pass",
        says="returned nothing",
        hint="Return a list",
    ),
    "a text where a tuple belongs": Broken(
        Code.WRONG_CONTRIBUTION,
        hook(
            "pipelines",
            'Pipeline("own", "account", "Own", (Stage("a", "A", entry=Guard(requires=("name"))),))',
        ),
        says="Pipeline.stages.entry.requires is the text 'name'",
        hint='("name",)',
        keys=NEEDS_SALES,
    ),
    "a mode that the plugin does not serve": Broken(
        Code.MODE_MISMATCH,
        hook("permissions", 'Permission("a:b", "A", modes=frozenset({"b2c"}))'),
        says="'b2c'",
        keys={"modes": ["b2b"]},
    ),
    "a mode that does not exist": Broken(
        Code.MODE_MISMATCH,
        hook("permissions", 'Permission("a:b", "A", modes=frozenset({"bb2b"}))'),
        says="did you mean 'b2b'?",
    ),
    # compose: collisions
    "an entity of another's name": Broken(
        Code.CONTRIBUTION_COLLISION,
        hook("entities", 'entity("account", "bad_account", plural="bad-accounts")'),
        says="The entity 'account' is already contributed by plugin 'sales' at made_sales/plugin.py:14",
        keys=NEEDS_SALES,
    ),
    "an entity with another's URL": Broken(
        Code.CONTRIBUTION_COLLISION,
        hook("entities", 'entity("customer", "bad_customer", plural="accounts")'),
        says="URL of an entity 'accounts'",
        keys=NEEDS_SALES,
    ),
    "a table of another's": Broken(
        Code.TABLE_PREFIX,
        hook("entities", 'entity("customer", "customer")'),
        says="'customer'",
        hint="bad_customer",
    ),
    "one table for two entities": Broken(
        Code.CONTRIBUTION_COLLISION,
        hook("entities", 'entity("one", "bad_one"), entity("two", "bad_one")'),
        says="table 'bad_one'",
    ),
    "an extension key of another's": Broken(
        Code.CONTRIBUTION_COLLISION,
        hook("entity_extensions", 'EntityExtension("account", model("bad_ext", "x"), "X", key="sales")'),
        says="account.ext.sales",
        keys=NEEDS_SALES,
    ),
    "a field given twice": Broken(
        Code.CONTRIBUTION_COLLISION,
        hook(
            "entity_extensions",
            'EntityExtension("account", model("bad_a", "tier"), "A"),'
            'EntityExtension("account", model("bad_b", "tier"), "B")',
        ),
        says="account.ext.bad.tier is given twice",
        keys=NEEDS_SALES,
    ),
    "a pipeline of another's key": Broken(
        Code.CONTRIBUTION_COLLISION,
        hook("pipelines", 'Pipeline("deals", "account", "D", (Stage("a", "A"),))'),
        says="pipeline 'deals'",
        keys=NEEDS_SALES,
    ),
    "two stages of one key": Broken(
        Code.CONTRIBUTION_COLLISION,
        hook("pipelines", 'Pipeline("own", "account", "D", (Stage("a", "A"), Stage("a", "B")))'),
        says="two stages 'a'",
        keys=NEEDS_SALES,
    ),
    "two default pipelines": Broken(
        Code.CONTRIBUTION_COLLISION,
        hook(
            "pipelines",
            'Pipeline("x", "account", "X", (Stage("a", "A"),), default=True),'
            'Pipeline("y", "account", "Y", (Stage("a", "A"),), default=True)',
        ),
        says="both the default pipeline",
        keys=NEEDS_SALES,
    ),
    "a permission given twice": Broken(
        Code.CONTRIBUTION_COLLISION,
        hook("permissions", 'Permission("a:b", "A"), Permission("a:b", "B")'),
        says="'a:b'",
    ),
    "a job given twice": Broken(
        Code.CONTRIBUTION_COLLISION, hook("jobs", 'Job("j", print), Job("j", print)'), says="job 'j'"
    ),
    "a subscriber given twice": Broken(
        Code.CONTRIBUTION_COLLISION,
        hook("subscribers", 'Subscriber("s", ("*",), print), Subscriber("s", ("*",), print)'),
        says="subscriber 's'",
    ),
    "a second access policy": Broken(
        Code.CONTRIBUTION_COLLISION,
        "@hookimpl\ndef access_policy(tenon):\n    return None",
        says="'also' and 'bad'",
        beside={"also": "@hookimpl\ndef access_policy(tenon):\n    return None"},
    ),
    # compose: targets
    "an extension of an unknown entity": Broken(
        Code.UNKNOWN_TARGET,
        hook("entity_extensions", 'EntityExtension("acount", model("bad_ext", "x"), "X")'),
        says="'acount', which no plugin contributes: did you mean 'account'?",
        where="made_bad/plugin.py:15",
        keys=NEEDS_SALES,
    ),
    "an extension of a plugin that is not declared": Broken(
        Code.UNDECLARED_DEPENDENCY,
        hook("entity_extensions", 'EntityExtension("account", model("bad_ext", "x"), "X")'),
        says="plugin 'sales'",
        hint="[requires]",
    ),
    "a slot for a place that nobody declares": Broken(
        Code.UNKNOWN_TARGET,
        hook("slots", 'Slot("s", "record.pannel", "S", template="s.html")'),
        says="did you mean 'record.panel'?",
    ),
    "a slot with nothing to show": Broken(
        Code.WRONG_CONTRIBUTION, hook("slots", 'Slot("s", "record.panel", "S")'), says="no 'template'"
    ),
    "a pipeline for an unknown entity": Broken(
        Code.UNKNOWN_TARGET,
        hook("pipelines", 'Pipeline("own", "deal", "D", (Stage("a", "A"),))'),
        says="'deal'",
    ),
    "a pipeline for an entity without stages": Broken(
        Code.UNKNOWN_TARGET,
        hook("pipelines", 'Pipeline("own", "note", "D", (Stage("a", "A"),))'),
        says="'note', which has no stages",
        keys=NEEDS_SALES,
    ),
    "a patch of an unknown pipeline": Broken(
        Code.UNKNOWN_TARGET,
        hook("pipeline_patches", 'PipelinePatch("deal", (RelabelStage("lead", "L"),))'),
        says="did you mean 'deals'?",
        keys=NEEDS_SALES,
    ),
    "a patch of an unknown stage": Broken(
        Code.UNKNOWN_TARGET,
        hook("pipeline_patches", 'PipelinePatch("deals", (RelabelStage("leed", "L"),))'),
        says="did you mean 'lead'?",
        keys=NEEDS_SALES,
    ),
    "a stage inserted twice": Broken(
        Code.CONTRIBUTION_COLLISION,
        hook("pipeline_patches", 'PipelinePatch("deals", (InsertStage(Stage("won", "W"), after="lead"),))'),
        says="already has a stage 'won'",
        keys=NEEDS_SALES,
    ),
    "a transition to an unknown stage": Broken(
        Code.UNKNOWN_TARGET,
        hook("pipelines", 'Pipeline("own", "account", "D", (Stage("a", "A"),), (Transition("a", "b"),))'),
        says="stage 'b'",
        keys=NEEDS_SALES,
    ),
    "a guard check that nobody gives": Broken(
        Code.UNKNOWN_TARGET,
        hook(
            "pipelines",
            'Pipeline("own", "account", "D", (Stage("a", "A", entry=Guard(checks=("sales_credt",))),))',
        ),
        says="did you mean 'sales_credit'?",
        keys=NEEDS_SALES,
    ),
    "a guard that names an unknown field": Broken(
        Code.UNKNOWN_TARGET,
        hook(
            "pipelines",
            'Pipeline("own", "account", "D", (Stage("a", "A", entry=Guard(requires=("industri",))),))',
        ),
        says="did you mean 'industry'?",
        keys=NEEDS_SALES,
    ),
    "a guard in a patch that names an unknown field": Broken(
        Code.UNKNOWN_TARGET,
        hook(
            "pipeline_patches", 'PipelinePatch("deals", (AddGuard("won", entry=Guard(requires=("amout",))),))'
        ),
        says="'amout'",
        keys=NEEDS_SALES,
    ),
    "an entity titled by a field it lacks": Broken(
        Code.UNKNOWN_TARGET,
        hook("entities", 'entity("thing", "bad_thing", title="nam")'),
        says="did you mean 'name'?",
    ),
    "an entity whose plural cannot stand in a URL": Broken(
        Code.WRONG_CONTRIBUTION,
        hook("entities", 'entity("thing", "bad_thing", plural="My Things")'),
        says="'My Things'",
    ),
    "an entity without a table": Broken(
        Code.WRONG_CONTRIBUTION,
        hook("entities", 'Entity("thing", object, "T", "T", "things")'),
        says="not a mapped class",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_broken_plugin_is_refused_with_its_own_error(case, made, load):
    if case.drafting:
        made.make("sales", SALES)
    for name, source in case.beside.items():
        made.make(name, source)
    made.make("bad", case.source, **case.keys)
    with pytest.raises(PluginsError) as caught:
        load(case.settings, drafting=case.drafting)
    [problem] = caught.value.plugin_problems
    assert problem.code == case.code
    assert problem.plugin == "bad"
    assert problem.distribution == "tenon-bad 1.0.0"
    assert case.says in problem.what
    assert problem.where.startswith(case.where)
    assert case.hint in problem.hint
    assert problem.expected
    assert problem.hint


def test_the_plugin_beside_the_broken_ones_is_sound(made, load):
    made.make("sales", SALES)
    made.make("bad")
    assert len(load().order) == 2


def test_every_code_has_a_broken_plugin():
    elsewhere = {Code.NOT_INSTALLED, Code.DUPLICATE_PLUGIN, Code.MANIFEST_MISSING, Code.QUARANTINE_REFUSED}
    assert {case.code for case in CASES.values()} | elsewhere == set(Code)


def test_a_plugin_that_is_enabled_but_not_installed(made, load):
    made.make("sales")
    with pytest.raises(PluginsError) as caught:
        load('modes = ["b2b"]\n[plugins]\nenabled = ["salse"]')
    [problem] = caught.value.plugin_problems
    assert (problem.code, problem.plugin, problem.where) == (Code.NOT_INSTALLED, "salse", "tenon.toml:3")
    assert "did you mean 'sales'?" in problem.what


def test_settings_for_a_plugin_that_is_not_installed(made, load):
    made.make("sales")
    with pytest.raises(PluginsError) as caught:
        load("[plugins.salse]\nx = 1")
    [problem] = caught.value.plugin_problems
    assert (problem.code, problem.where) == (Code.NOT_INSTALLED, "tenon.toml:1")
    assert problem.hint == "Rename the table to [plugins.sales]."


def test_two_plugins_of_one_name(made, load):
    made.make("sales", distribution="tenon-sales")
    made.make("sales", distribution="acme-sales", package="made_acme")
    with pytest.raises(PluginsError) as caught:
        load()
    [problem] = caught.value.plugin_problems
    assert problem.code == Code.DUPLICATE_PLUGIN
    assert "acme-sales 1.0.0" in problem.what
    assert "tenon-sales 1.0.0" in problem.what
    assert problem.hint.startswith("Uninstall one of them: pip uninstall")


def test_a_plugin_without_a_manifest(made, load):
    (made.make("bad").folder / "plugin.toml").unlink()
    with pytest.raises(PluginsError) as caught:
        load()
    [problem] = caught.value.plugin_problems
    assert problem.code == Code.MANIFEST_MISSING
    assert problem.expected == "a manifest at made_bad/plugin.toml"


def test_a_secret_setting_is_not_shown_in_the_report(made, load):
    made.make("bad", settings={"token": {"type": "string", "secret": True}})
    with pytest.raises(PluginsError) as caught:
        load("[plugins.bad]\ntoken = 483920174")
    assert "483920174" not in str(caught.value)


def test_the_report_reads_so(made, load):
    made.make("sales", SALES)
    made.make(
        "points",
        hook("entity_extensions", 'EntityExtension("acount", model("points_account", "tier"), "Points")'),
        version="0.4.2",
        requires={"sales": "*"},
    )
    made.make("gate", hook("slots", 'Slot("s", "record.pannel", "S", template="s.html")'))
    with pytest.raises(PluginsError) as caught:
        load()
    assert (
        str(caught.value)
        == """\
The plugins cannot be loaded: 2 problems found in the phase 'compose'

1. UnknownTarget in plugin gate (tenon-gate 1.0.0)
   at made_gate/plugin.py:15
   The slot 's' is for the place 'record.pannel', which nobody declares: did you mean 'record.panel'?
   Expected: one of board.badge, form.after, home.widget, list.action, list.column, menu.item, \
record.action, record.badge, record.panel, record.sidebar, search.provider, settings.page
   To mend it: Correct the place; `tenon plugins slots` describes each.

2. UnknownTarget in plugin points (tenon-points 0.4.2)
   at made_points/plugin.py:15
   The EntityExtension 'acount' is for the entity 'acount', which no plugin contributes: \
did you mean 'account'?
   Expected: one of account, note
   To mend it: Correct the name, or enable the plugin that contributes the entity.

Run `tenon plugins check` after mending; it needs no database."""
    )
