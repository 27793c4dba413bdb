"""Texts put together from columns: ``{product} for {account|nobody yet}``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...messages import _

_PLACE = re.compile(r"\{([^{}]*)\}")
_DOUBLED = {"{{": "\x01", "}}": "\x02"}


class TemplateError(ValueError):
    """A brace that is not closed, or names no column."""


def template_columns(template: str) -> list[str]:
    """The columns that a template names; ``TemplateError`` where it cannot be read."""
    text = _hidden(template)
    if re.search(r"[{}]", _PLACE.sub("", text)):
        raise TemplateError(_("a brace is not closed; write {{ for a brace itself"))
    names = [found.partition("|")[0].strip() for found in _PLACE.findall(text)]
    if not all(names):
        raise TemplateError(_("empty braces name no column"))
    return names


def compile_template(template: str, places: Mapping[str, int]) -> Callable[[Sequence[Any]], str]:
    """A function from the cells of a row to the text.

    ``{column|other}`` gives ``other`` where the cell is empty. When every cell named
    is empty and none has another text, the whole is empty.
    """
    parts = _PLACE.split(_hidden(template))
    texts = [part.replace("\x01", "{").replace("\x02", "}") for part in parts[::2]]
    named = [found.partition("|") for found in parts[1::2]]
    cells = [(places[name.strip()], other) for name, _bar, other in named]

    def filled(row: Sequence[Any]) -> str:
        found = [str(row[place]).strip() if row[place] not in (None, "") else other for place, other in cells]
        if cells and not any(found):
            return ""
        return "".join(text for pair in zip(texts, [*found, ""], strict=True) for text in pair)

    return filled


def _hidden(template: str) -> str:
    for doubled, mark in _DOUBLED.items():
        template = template.replace(doubled, mark)
    return template
