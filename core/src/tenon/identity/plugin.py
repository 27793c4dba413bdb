"""Users and teams enter through the same hooks as any plugin's records."""

from __future__ import annotations

from typing import Any

from ..messages import _
from ..plugin.contributions import Entity
from ..plugin.hookspecs import hookimpl
from .merged import end_sign_ins
from .models import Team, User
from .moves import Moves

USER = Entity(
    name="user",
    model=User,
    label=_("User"),
    label_plural=_("Users"),
    plural="users",
    natural_key=("name",),
    list_columns=("name", "email", "title", "team_id", "manager_id", "active"),
    search=("name", "email"),
    default_sort="name",
    icon="user",
    owner="id",
    administrative=True,
    description=_("Everybody who works here, and everybody an import knows as an owner."),
)

TEAM = Entity(
    name="team",
    model=Team,
    label=_("Team"),
    label_plural=_("Teams"),
    plural="teams",
    natural_key=("name",),
    list_columns=("name", "parent_id", "manager_id", "region"),
    search=("name",),
    default_sort="name",
    icon="users-group",
    administrative=True,
    description=_("People who work together, under one manager."),
)


@hookimpl
def entities() -> list[Entity]:
    """Team and user."""
    return [TEAM, USER]


@hookimpl
def startup(tenon: Any) -> None:
    """Follow the writes that move people in the org tree, and merges, which sign somebody out."""
    moves = Moves(tenon.identity.org)
    tenon.records.signals.about_to_write.append(moves.about_to_write)
    tenon.records.signals.written.append(moves.written)
    tenon.records.signals.merged.append(end_sign_ins)
