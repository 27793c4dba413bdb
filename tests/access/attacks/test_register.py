"""The attacks of docs/reference/attacks.md: each has its tests, and what no face shows is tried here."""

from __future__ import annotations

import ast
import re
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tenon.app import Tenon
from tenon.errors import InvalidError
from tenon.identity.actor import system
from tenon.records.query import OPERATORS

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "reference" / "attacks.md"
ROW = re.compile(r"^\| (\d+) \|(.*)\|$", re.M)
TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")
IDS = re.compile(r"\b(?:API\d+|\d+\.\d+\.\d+)\b")


def rows() -> dict[int, str]:
    return {int(number): rest for number, rest in ROW.findall(PAGE.read_text("utf-8"))}


@cache
def held_by(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("number", range(1, 36))
def test_each_attack_has_tests_that_exist(number: int) -> None:
    row = rows()[number]
    named = TEST.findall(row)
    assert named
    assert [f"{path}::{name}" for path, name in named if name not in held_by(path)] == []
    assert IDS.search(row), "no standard says why"


def test_a_test_that_was_renamed_is_missed() -> None:
    assert "test_no_such_thing" not in held_by("tests/access/attacks/test_register.py")
    assert "test_a_test_that_was_renamed_is_missed" in held_by("tests/access/attacks/test_register.py")


def test_every_test_of_attacks_is_in_the_table() -> None:
    named = set(TEST.findall(PAGE.read_text("utf-8")))
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        relative = str(path.relative_to(ROOT))
        if path.name == Path(__file__).name:
            continue
        held = {name for name in held_by(relative) if name.startswith("test_")}
        assert {name for name in held if (relative, name) not in named} == set()


# 23: patterns in the policy itself

CATASTROPHE = "^(a+)+$"
CALLS = (
    f'regexMatch("{"a" * 40}!", "{CATASTROPHE}")', f"regexMatch(r.obj, '{CATASTROPHE}')",
    "keyMatch(r.obj, '*')", "eval('1')", "r.obj == r.obj", "ipMatch(r.obj, '0.0.0.0/0')", "true) || (true",
    CATASTROPHE, "acc*", "/.*/",
)  # fmt: skip


@pytest.mark.parametrize("place", ["act", "scope", "fields", "dom", "eft"])
def test_a_line_of_policy_that_would_call_something_is_refused(tenon: Tenon, place: str) -> None:
    from tenon_permissions.document import PolicyDocument, Role
    from tenon_permissions.line import Line

    policy: Any = tenon.access.policy
    plain = Line("sales", "*", "account", "read", "own", "all", "allow")
    for text in CALLS:
        document = PolicyDocument({"sales": Role("sales", "Sales")}, {}, (plain._replace(**{place: text}),))
        with pytest.raises(InvalidError):
            policy.revisions.add(document, policy.names, system("test"))


@pytest.mark.parametrize("text", CALLS)
def test_a_decision_compares_the_names_of_a_line_and_runs_none(text: str) -> None:
    """Were such a line in force, it would be for a role, a kind or an action of that very name."""
    from tenon_permissions.decision import Judge
    from tenon_permissions.line import Line

    plain = Line("sales", "*", "account", "read", "all", "all", "allow")
    begun = time.process_time()
    for place in ("sub", "dom", "obj", "act"):
        asked = Judge([plain._replace(**{place: text})], frozenset())
        for obj in ("account", "a" * 40 + "!"):
            assert not asked.allows(["sales", "a" * 40 + "!"], ["b2b"], obj, "read")
    assert Judge([plain], frozenset()).allows(["sales"], ["b2b"], "account", "read"), "the control"
    assert time.process_time() - begun < 2


def test_the_matcher_names_none_of_casbins_pattern_functions() -> None:
    from tenon_permissions.decision import MODEL

    called = set(re.findall(r"(\w+)\(", MODEL.partition("[matchers]")[2]))
    assert called == {"has", "serves", "covers", "does", "reaches"}


def test_no_operator_of_filters_is_a_pattern() -> None:
    assert not {"regex", "like", "matches", "glob", "similar"} & set(OPERATORS)
