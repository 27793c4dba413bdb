"""The question the kernel asks, and the object that answers it.

A policy decides once per request and the database filters: it answers with a
predicate and a set of field paths, never row by row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa

from ..errors import ForbiddenError
from ..identity.actor import Actor
from ..messages import _


@dataclass(frozen=True)
class FieldSet:
    """The field paths an actor may see or write; ``None`` is every field."""

    paths: frozenset[str] | None = None

    def __contains__(self, path: object) -> bool:
        return self.paths is None or path in self.paths


ALL_FIELDS = FieldSet()


class Policy(Protocol):
    """Decides who may do what. A policy plugin gives one; the kernel enforces it."""

    version: str

    def allows(self, actor: Actor, action: str, entity: str) -> bool:
        """Whether the actor may do ``action`` to some record of ``entity`` at all."""
        ...

    def scope(
        self, actor: Actor, action: str, entity: str, table: sa.FromClause
    ) -> sa.ColumnElement[bool] | None:
        """The rows of ``table`` the actor may do it to; ``None`` for every row."""
        ...

    def fields(self, actor: Actor, action: str, entity: str) -> FieldSet:
        """The fields that ``action`` (read, create, update) may touch."""
        ...

    def explain(self, actor: Actor, action: str, entity: str, record: Any) -> list[str]:
        """The lines and scopes that allow or refuse it, for people."""
        ...


class OpenPolicy:
    """Every signed-in user may do everything; an API key only what its scopes say."""

    version = "open"

    def allows(self, actor: Actor, action: str, entity: str) -> bool:
        return True

    def scope(
        self, actor: Actor, action: str, entity: str, table: sa.FromClause
    ) -> sa.ColumnElement[bool] | None:
        return None

    def fields(self, actor: Actor, action: str, entity: str) -> FieldSet:
        return ALL_FIELDS

    def explain(self, actor: Actor, action: str, entity: str, record: Any) -> list[str]:
        return [str(_('access = "open": every signed-in user may do everything'))]


class Access:
    """The policy in force, with what holds whatever the policy says."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    def allows(self, actor: Actor, action: str, entity: str) -> bool:
        if actor.scopes is not None and not _in_scopes(actor.scopes, entity, action):
            return False
        return actor.is_system or self.policy.allows(actor, action, entity)

    def require(self, actor: Actor, action: str, entity: str) -> None:
        """``ForbiddenError`` unless the actor may do ``action`` to some ``entity``."""
        if not self.allows(actor, action, entity):
            raise ForbiddenError(
                _("You may not %(action)s %(entity)s", action=action, entity=entity),
                hint=_("Ask an administrator for the permission %(key)s.", key=f"{entity}:{action}"),
            )

    def scope(
        self, actor: Actor, action: str, entity: str, table: sa.FromClause
    ) -> sa.ColumnElement[bool] | None:
        if actor.is_system:
            return None
        return self.policy.scope(actor, action, entity, table)

    def fields(self, actor: Actor, action: str, entity: str) -> FieldSet:
        if actor.is_system:
            return ALL_FIELDS
        return self.policy.fields(actor, action, entity)


def _in_scopes(scopes: frozenset[str], entity: str, action: str) -> bool:
    return not scopes.isdisjoint((f"{entity}:{action}", f"{entity}:*", f"*:{action}", "*:*"))
