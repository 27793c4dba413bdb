"""Makes an Actor of a user's row."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from .actor import Actor
from .models import User

ACTOR_COLUMNS = (
    User.id.label("user_id"),
    User.name.label("user_name"),
    User.email,
    User.roles,
    User.team_id,
    User.locale,
    User.timezone,
    User.admin,
)


def may_act() -> sa.ColumnElement[bool]:
    """Users who are neither disabled nor archived."""
    return sa.and_(User.active.is_(True), User.archived_at.is_(None))


def actor_of(row: sa.Row[Any], **about_the_key: Any) -> Actor:
    """The Actor for a row of :data:`ACTOR_COLUMNS`."""
    return Actor(
        id=row.user_id,
        name=row.user_name,
        email=row.email,
        roles=frozenset(row.roles or ()),
        team_id=row.team_id,
        locale=row.locale,
        timezone=row.timezone,
        admin=bool(row.admin),
        **about_the_key,
    )
