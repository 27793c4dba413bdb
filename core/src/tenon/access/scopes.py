"""What a scope is asked with: in SQL for many records, in Python for one.

A policy plugin gives the two objects; the functions of :class:`tenon.api.Scope` use them.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, Protocol
from uuid import UUID

import sqlalchemy as sa

from ..identity.actor import Actor
from ..messages import Message


class ScopeQuery(Protocol):
    """Asks for the rows of ``table`` that are within a scope, as SQL.

    ``me`` and ``team`` are the actor's own and their team's id as SQL values (bound values in a
    query, settings of the session in a row-level rule of the database). ``owner`` is the column
    that names the owner; scopes that need one are never asked for records without.
    """

    entity: str
    action: str
    table: sa.FromClause
    argument: str | None
    dialect: str

    @property
    def me(self) -> sa.ColumnElement[UUID]: ...

    @property
    def team(self) -> sa.ColumnElement[UUID | None]: ...

    @property
    def owner(self) -> sa.ColumnElement[UUID | None]: ...

    def below(self) -> sa.Select[Any]:
        """Ids of the actor and of everybody who reports to them, at any depth."""
        ...

    def members(self) -> sa.Select[Any]:
        """Ids of the people in the actor's team."""
        ...

    def granted(self) -> sa.Select[Any]:
        """Ids of the records of this kind that were shared with the actor, high enough for the action."""
        ...

    def through(self, path: str) -> sa.ColumnElement[bool]:
        """Rows whose reference ``path`` leads to a record that the actor may read (and, for an
        action other than reading, change)."""
        ...


class ScopeView(Protocol):
    """Looks at one record with an actor's eyes, in Python."""

    actor: Actor
    entity: str
    action: str
    argument: str | None

    def owner(self, record: Mapping[str, Any]) -> UUID | None:
        """Whose record it is."""
        ...

    def below(self) -> Container[UUID]:
        """The actor and everybody who reports to them."""
        ...

    def members(self) -> Container[UUID]:
        """The people in the actor's team."""
        ...

    def granted(self, record: Mapping[str, Any]) -> bool:
        """Whether the record was shared with the actor, high enough for the action."""
        ...

    def through(self, record: Mapping[str, Any], path: str) -> bool:
        """Whether the reference ``path`` leads to a record within the actor's reach."""
        ...

    def name(self, user_id: UUID | None) -> str:
        """What people call that user."""
        ...

    def line_to(self, record: Mapping[str, Any]) -> str:
        """The people from the actor down to the record's owner: ``Ada → Ben → Cem``."""
        ...

    def grant_of(self, record: Mapping[str, Any]) -> Message | str:
        """A sentence about the grant by which the record was shared with the actor."""
        ...
