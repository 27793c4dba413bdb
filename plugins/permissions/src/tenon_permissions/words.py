"""A policy in the words of whoever has never seen a line of it."""

from __future__ import annotations

from tenon.api import Message, _

from .document import PolicyDocument
from .line import ALL, EVERY, EVERYTHING, Line, ScopeName
from .names import Names

SHORT = {
    "all": _("All"),
    "none": _("None"),
    "own": _("Own"),
    "team": _("Own team"),
    "subtree": _("Own and below"),
    "granted": _("Shared"),
    "unowned": _("Pool"),
}
"""Scopes as they stand in a cell; :attr:`tenon.api.Scope.label` says what each means."""

Text = Message | str


def scope_word(names: Names, name: str, entity: str | None = None) -> Text:
    """A scope in a word or two; a reference that it names is called as on forms of ``entity``."""
    key = ScopeName.of(name)
    scope = names.scopes.get(key.key)
    word = SHORT.get(key.key) or (scope.label if scope else name)
    if key.argument is None:
        return word
    type_ = names.entities.get(entity or "")
    field = type_.fields.get(key.argument) if type_ else None
    label = field.label if field else key.argument
    if key.key == "via":
        return _("Through %(field)s", field=label)
    return _("%(scope)s: %(argument)s", scope=word, argument=label)


def scope_meaning(names: Names, name: str) -> Text:
    """What a scope means, in a sentence's part."""
    scope = names.scopes.get(ScopeName.of(name).key)
    return scope.label if scope else name


def kind_word(names: Names, obj: str) -> Text:
    if obj == EVERY:
        return _("Every kind of business record")
    if obj == EVERYTHING:
        return _("Everything, people and policy too")
    type_ = names.entities.get(obj)
    return type_.label_plural if type_ else obj


def action_word(names: Names, act: str) -> Text:
    found: Text = _("Every action") if act == EVERY else names.actions.get(act, act)
    return found


def fields_word(names: Names, document: PolicyDocument, key: str) -> Text:
    if key == ALL:
        return _("All fields")
    found = document.field_sets.get(key) or names.field_sets.get(key)
    return found.label if found else key


def effect_word(line: Line) -> Text:
    if line.takes_fields:
        return _("Hides fields")
    return _("Allows") if line.eft == "allow" else _("Forbids")


def role_word(document: PolicyDocument, key: str) -> str:
    found = document.roles.get(key)
    return found.label if found else key
