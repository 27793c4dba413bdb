"""SQL that nobody can look into: text, by whatever name, and what runs it."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import dml, elements, functions, operators, selectable

from ..errors import ForbiddenError
from ..messages import Message, _

NUMBER_OR_STAR = re.compile(r"\*|\d+(\.\d+)?|NULL", re.IGNORECASE)
OPERATOR = re.compile(r"[-+*/<>=~!@#%^&|?]+|[A-Za-z]+( [A-Za-z]+)*")
WORD = re.compile(r"[^\W\d]\w*")
READS_BY_TEXT = re.compile(
    r"(query|table|schema|database|cursor)_to_|ts_stat|ts_rewrite|dblink|crosstab|connectby|lo_|pg_"
    r"|set_config|current_setting|load_extension|readfile|writefile|edit|fts\d_tokenizer",
    re.IGNORECASE,
)
"""Functions that read tables or files which they are given the name of, or change the connection."""

OWN_MODULES = ("sqlalchemy.", "tenon.")


def refused(what: Message | str) -> ForbiddenError:
    """The answer to a statement that the guard cannot look into."""
    return ForbiddenError(
        _("work.session does not run this: %(what)s", what=what),
        hint=_(
            "Ask with select() of mapped classes, or say why the system has to ask: "
            'work.as_system("the reason").connection.'
        ),
    )


def refuse(element: Any, root: Any) -> None:
    if isinstance(element, elements.AbstractTextClause | selectable.TextualSelect):
        raise refused(_("text(), which is SQL that nobody can look into"))
    if isinstance(element, selectable.SelectBase):
        _refuse_select(element)
    elif isinstance(element, dml.UpdateBase):
        _refuse_write(element, root)
    elif isinstance(element, functions.FunctionElement):
        _refuse_function(element)
    elif isinstance(element, elements.BinaryExpression | elements.UnaryExpression):
        _refuse_operator(element)
    elif isinstance(element, sa.Extract) and not WORD.fullmatch(element.field):
        raise refused(_("extract() of %(text)s", text=repr(element.field)))
    elif isinstance(element, sa.TableValuedColumn):
        raise refused(_("a whole row as one value"))
    elif type(element).__visit_name__ == "orm_from_statement":
        raise refused(_("from_statement(); select from aliased(Model, statement.subquery()) instead"))
    _refuse_strange(element)


def _refuse_select(element: Any) -> None:
    if element._for_update_arg is not None:
        raise refused(_("with_for_update(); records are locked by work.update"))
    if getattr(element, "_statement_hints", ()) or getattr(element, "_hints", ()):
        raise refused(_("a hint in the database's own words"))
    _refuse_affixes(element)


def _refuse_affixes(element: Any) -> None:
    if getattr(element, "_prefixes", ()) or getattr(element, "_suffixes", ()):
        raise refused(_("prefix_with() and suffix_with(), which are text"))


def _refuse_write(element: Any, root: Any) -> None:
    if element is not root or not isinstance(element, sa.Update | sa.Delete):
        raise refused(_("an insert(), or a write inside another statement"))
    if element._hints:
        raise refused(_("a hint in the database's own words"))
    _refuse_affixes(element)


def _refuse_function(element: Any) -> None:
    name = str(getattr(element, "name", "f"))
    if not WORD.fullmatch(name):
        raise refused(_("a function by the name %(text)s", text=repr(name)))
    if READS_BY_TEXT.match(name):
        raise refused(_("the function %(name)s(), which reads what it is told in text", name=name))


def _refuse_operator(element: Any) -> None:
    for operator in (element.operator, getattr(element, "modifier", None)):
        if isinstance(operator, operators.custom_op) and not OPERATOR.fullmatch(operator.opstring.strip()):
            raise refused(_("the operator %(text)s", text=repr(operator.opstring)))


def _refuse_strange(element: Any) -> None:
    """SQL of a class that somebody else compiles is text by another name."""
    kind = type(element)
    if not kind.__module__.startswith(OWN_MODULES) and "_compiler_dispatcher" in {
        name for base in kind.__mro__ for name in vars(base)
    }:
        raise refused(_("%(name)s, which writes SQL of its own", name=kind.__name__))
