"""A line of policy: who, where, what, how, which records, which fields, and whether."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

EVERY = "*"
EVERYTHING = "**"
ALLOW = "allow"
DENY = "deny"
ALL = "all"
NONE = "none"
TOKENS = ("sub", "dom", "obj", "act", "scope", "fields", "eft")


class Line(NamedTuple):
    """Seven names, as Casbin's policy definition has them.

    ``sub`` is a role. ``dom`` is the mode the line is for, ``*`` for every one. ``obj`` is a kind
    of record, ``*`` for every one that is the business's, ``**`` for those too that say who works
    here and what they may do. ``act`` is an action, ``*`` for every one. ``scope`` and ``fields``
    are names of the registry, ``eft`` is ``allow`` or ``deny``.
    """

    sub: str
    dom: str
    obj: str
    act: str
    scope: str
    fields: str
    eft: str

    def __str__(self) -> str:
        return ", ".join(self)

    @property
    def takes_fields(self) -> bool:
        """Whether it takes fields away rather than records."""
        return self.eft == DENY and self.fields != ALL


@dataclass(frozen=True)
class ScopeName:
    """``via:account_id`` as ``via`` and ``account_id``."""

    key: str
    argument: str | None

    @classmethod
    def of(cls, text: str) -> ScopeName:
        key, colon, argument = text.partition(":")
        return cls(key, argument if colon else None)


def line_of(permission: str, role: str, eft: str = ALLOW) -> Line:
    """A role template's permission (``account:read@own/basic``) as a line."""
    what, _at, where = permission.partition("@")
    obj, _colon, act = what.partition(":")
    scope, _slash, fields = where.partition("/")
    return Line(role, EVERY, obj, act or EVERY, scope or ALL, fields or ALL, eft)
