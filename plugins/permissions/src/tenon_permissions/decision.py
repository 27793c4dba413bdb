"""Casbin's part: yes or no, over the few lines that concern somebody, a kind and an action.

The lines are handed to Casbin as the tokens they are. (Its SQLAlchemy adapter joins them with commas
and parses that again, so that a role named ``mallory, admin`` comes back as two.) Its role graph
is not used either: who has which role stands in our tables.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from copy import copy
from typing import Any

from casbin import Enforcer
from casbin.model import Model
from casbin.util.expression import SimpleEval

from .line import ALL, ALLOW, EVERY, EVERYTHING, NONE, Line

MODEL = """
[request_definition]
r = roles, dom, obj, act, rec

[policy_definition]
p = sub, dom, obj, act, scope, fields, eft

[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))

[matchers]
m = has(r.roles, p.sub) && serves(r.dom, p.dom) && covers(p.obj, r.obj) && does(p.act, r.act) \
&& reaches(r.rec, p.scope, p.eft)
"""

Reaches = Callable[[str, str], bool]
"""Whether a scope, in a line of that effect, holds for the record in question."""


_DEFINED = Model()
_DEFINED.load_model_from_text(MODEL)

# Parsed once, when this is imported: Casbin does it at each decision, which costs most of one, and
# CPython 3.11 now and then raises SystemError where several threads parse at once.
_MATCHER = Enforcer._get_expression(_DEFINED["m"]["m"].value).ast_parsed_value


class Matcher(SimpleEval):  # type: ignore[misc]
    """Evaluates the matcher; each decision has one of its own, so that threads do not meet."""

    def __init__(self, functions: Any) -> None:
        super().__init__("", functions)
        self.ast_parsed_value = _MATCHER


class Deciding(Enforcer):  # type: ignore[misc]
    """Casbin's enforcer, with the matcher as it was parsed before."""

    @staticmethod
    def _get_expression(expr: str, functions: Any = None) -> Matcher:
        return Matcher(functions)


def some_record(scope: str, eft: str) -> bool:
    """For "may they at all": an allowed scope may hold for some record, and only a denial of
    every record is one for sure."""
    return scope != NONE if eft == ALLOW else scope == ALL


class Judge:
    """Casbin over some lines. ``administrative`` are the kinds of record that ``*`` leaves out."""

    def __init__(self, lines: Sequence[Line], administrative: Collection[str]) -> None:
        model = Model()
        # The definitions never change, so that all judges share them; the lines are this one's own.
        model.model = {**_DEFINED.model, "p": {"p": copy(_DEFINED["p"]["p"])}}
        model["p"]["p"].policy = [list(line) for line in lines if not line.takes_fields]
        self._enforcer = Deciding(model)
        for name, function in (
            ("has", lambda roles, sub: sub in roles),
            ("serves", lambda modes, dom: dom == EVERY or dom in modes),
            ("covers", lambda line, obj: covers(line, obj, administrative)),
            ("does", lambda line, act: line in (EVERY, act)),
            ("reaches", lambda reaches, scope, eft: reaches(scope, eft)),
        ):
            self._enforcer.add_function(name, function)

    def allows(
        self,
        roles: Collection[str],
        modes: Collection[str],
        obj: str,
        act: str,
        reaches: Reaches = some_record,
    ) -> bool:
        if not roles or not obj or not act:
            return False
        return bool(self._enforcer.enforce(roles, modes, obj, act, reaches))


def covers(line: str, obj: str, administrative: Collection[str]) -> bool:
    """Whether a line's ``obj`` means that kind of record."""
    return line in (obj, EVERYTHING) or (line == EVERY and obj not in administrative)
