"""Territories: a tree of parts of the market, with those who work them and the records in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from tenon.api import Change, Entity, Work, _

from .filters import refuse_filter, refuse_kind
from .grants import TABLE
from .models import BY_HAND, RANK, TERRITORY, Territory, TerritoryMember

# Any number that no other advisory lock of the database has: "terr tre" in ASCII.
TREE_LOCK = int.from_bytes(b"terr tre")
CIRCLES = "a territory may not be within itself, by whatever path"


def validate_territory(work: Work, change: Change) -> None:
    """Refuse a circle, a filter that does not fit, and archiving what others are within."""
    if change.action == "archive":
        _refuse_archiving(work, change)
        return
    if change.changed("parent_id"):
        _refuse_circle(work, change)
    if change.value("filter") is not None and (change.changed("filter") or change.changed("entity")):
        refuse_kind(work, change)
        refuse_filter(work, change)


def _refuse_circle(work: Work, change: Change) -> None:
    parent = change.value("parent_id")
    # Nothing can be within a territory that is only being created.
    if change.before is None or parent is None:
        return
    keeper = work.as_system(CIRCLES)
    if keeper.dialect == "postgresql":
        keeper.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(TREE_LOCK)))
    if change.before.id in above(keeper, parent):
        change.refuse(
            "/parent_id", "cycle", _("A territory cannot be within itself or within a part of its own")
        )


def above(work: Work, territory_id: UUID) -> set[UUID]:
    """The ids of a territory and of all that it is within. ``work`` is the system's."""
    table: Any = Territory.__table__
    start = sa.select(table.c.id, table.c.parent_id).where(table.c.id == territory_id)
    line = start.cte("line", recursive=True)
    line = line.union(sa.select(table.c.id, table.c.parent_id).where(table.c.id == line.c.parent_id))
    return set(work.connection.execute(sa.select(line.c.id)).scalars())


def _refuse_archiving(work: Work, change: Change) -> None:
    table: Any = Territory.__table__
    assert change.before is not None
    inner = sa.select(table.c.name).where(
        table.c.parent_id == change.before.id, table.c.archived_at.is_(None)
    )
    names = list(work.as_system(CIRCLES).connection.execute(inner.order_by(table.c.name)).scalars())
    if names:
        detail = _("Put these somewhere else first: %(names)s", names=", ".join(names[:10]))
        change.refuse("", "not-empty", detail)


def validate_member(work: Work, change: Change) -> None:
    """A member by whatever role."""
    if change.action in ("create", "update") and not change.value("role"):
        change.values["role"] = str(_("Member"))


def follow_levels(keeper: Work, changes: Sequence[Change]) -> None:
    """What was placed in a territory by hand is shared as far as the territory says."""
    for change in changes:
        if change.entity.name == "territory" and change.before is not None and change.changed("level"):
            placed = sa.and_(TABLE.c.principal_id == change.before.id, TABLE.c.cause == TERRITORY)
            level = RANK[change.values["level"]]
            by_hand = sa.and_(placed, TABLE.c.cause_id == BY_HAND, TABLE.c.level > 0)
            keeper.connection.execute(sa.update(TABLE).where(by_hand).values(level=level))


TERRITORY_ENTITY = Entity(
    name="territory",
    model=Territory,
    label=_("Territory"),
    label_plural=_("Territories"),
    plural="territories",
    natural_key=("name",),
    list_columns=("name", "parent_id", "entity", "level"),
    search=("name",),
    default_sort="name",
    validate=validate_territory,
    icon="map-pin",
    menu=False,
    administrative=True,
    description=_("Parts of the market. Who works one sees its records and those of the parts within."),
)

TERRITORY_MEMBER = Entity(
    name="territory_member",
    model=TerritoryMember,
    label=_("Territory member"),
    label_plural=_("Territory members"),
    plural="territory-members",
    title="role",
    natural_key=("territory_id", "user_id"),
    list_columns=("user_id", "territory_id", "role"),
    search=("role",),
    default_sort="role",
    validate=validate_member,
    icon="users",
    menu=False,
    within="territory_id",
    administrative=True,
    description=_("Who works which territory."),
)
