"""The question the kernel asks, and the object that answers it.

A policy decides once per request and the database filters: it answers with a
predicate and a set of field paths, never row by row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

import sqlalchemy as sa

from ..errors import ForbiddenError
from ..identity.actor import Actor
from ..messages import Message, _
from .watch import Watch

if TYPE_CHECKING:
    from .explanation import Explanation


@dataclass(frozen=True)
class FieldSet:
    """The field paths an actor may see or write; ``None`` is every field."""

    paths: frozenset[str] | None = None

    def __contains__(self, path: object) -> bool:
        return self.paths is None or path in self.paths


ALL_FIELDS = FieldSet()


@dataclass(frozen=True, eq=False)
class Branch:
    """One of the ways in which rows come within reach; together they are the scope.

    A list asks each branch for its own first rows and merges them, since a database that is
    asked for "mine or shared with me" in one condition walks the whole table. ``owners`` is set
    where the branch is "owned by one of these" and they are few: then each owner's first rows
    are asked for in turn, by an index that begins with the owner. ``beside`` is then what ``where``
    asks of those rows beyond having such an owner; without it all of ``where`` is asked again.
    """

    where: sa.ColumnElement[bool]
    owners: sa.Select[Any] | None = None
    beside: sa.ColumnElement[bool] | None = None


class Policy(Protocol):
    """Decides who may do what. A policy plugin gives one; the kernel enforces it."""

    @property
    def version(self) -> str:
        """Changes whenever an answer may."""
        ...

    @property
    def advice(self) -> Message | None:
        """What whoever runs the deployment should do first, such as write a policy; else ``None``."""
        ...

    def allows(self, actor: Actor, action: str, entity: str) -> bool:
        """Whether the actor may do ``action`` to some record of ``entity`` at all."""
        ...

    def scope(
        self, actor: Actor, action: str, entity: str, table: sa.FromClause
    ) -> sa.ColumnElement[bool] | None:
        """The rows of ``table`` the actor may do it to; ``None`` for every row."""
        ...

    def branches(self, actor: Actor, action: str, entity: str, table: sa.FromClause) -> tuple[Branch, ...]:
        """The same rows as ``scope``, as branches whose union they are; none where the scope is
        one plain condition, or no condition at all."""
        ...

    def fields(self, actor: Actor, action: str, entity: str) -> FieldSet:
        """The fields that ``action`` (read, create, update) may touch."""
        ...

    def explain(self, actor: Actor, action: str, entity: str, id_: UUID) -> Explanation:
        """Why the actor may or may not do ``action`` to that record. It is for those who
        administer access: it names what the actor may not see."""
        ...


class OpenPolicy:
    """Every signed-in user may do everything; an API key only what its scopes say."""

    version = "open"
    advice = None

    def allows(self, actor: Actor, action: str, entity: str) -> bool:
        return True

    def scope(
        self, actor: Actor, action: str, entity: str, table: sa.FromClause
    ) -> sa.ColumnElement[bool] | None:
        return None

    def branches(self, actor: Actor, action: str, entity: str, table: sa.FromClause) -> tuple[Branch, ...]:
        return ()

    def fields(self, actor: Actor, action: str, entity: str) -> FieldSet:
        return ALL_FIELDS

    def explain(self, actor: Actor, action: str, entity: str, id_: UUID) -> Explanation:
        from .explanation import Explanation

        reason = _('access = "open": every signed-in user may do everything')
        return Explanation(True, entity, action, reason, version=self.version)


class Access:
    """The policy in force, with what holds whatever the policy says.

    ``watch`` is told of what is refused and of what is read.
    """

    def __init__(self, policy: Policy, watch: Watch | None = None) -> None:
        self.policy = policy
        self.watch = watch or Watch()

    def held(self) -> Access:
        """The same, with the policy as it is now: what one unit of work is answered from, so that it
        never gets the rows of one policy with the fields of the next."""
        held = getattr(self.policy, "held", None)
        return self if held is None else Access(held(), self.watch)

    def allows(self, actor: Actor, action: str, entity: str) -> bool:
        if actor.scopes is not None and not _in_scopes(actor.scopes, entity, action):
            return False
        return actor.is_system or self.policy.allows(actor, action, entity)

    def require(self, actor: Actor, action: str, entity: str) -> None:
        """``ForbiddenError`` unless the actor may do ``action`` to some ``entity``."""
        if not self.allows(actor, action, entity):
            beyond_key = actor.scopes is not None and not _in_scopes(actor.scopes, entity, action)
            self.watch.denied(actor, action, entity, "key" if beyond_key else "policy")
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

    def branches(self, actor: Actor, action: str, entity: str, table: sa.FromClause) -> tuple[Branch, ...]:
        return () if actor.is_system else self.policy.branches(actor, action, entity, table)

    def fields(self, actor: Actor, action: str, entity: str) -> FieldSet:
        if actor.is_system:
            return ALL_FIELDS
        return self.policy.fields(actor, action, entity)


def _in_scopes(scopes: frozenset[str], entity: str, action: str) -> bool:
    return not scopes.isdisjoint((f"{entity}:{action}", f"{entity}:*", f"*:{action}", "*:*"))
