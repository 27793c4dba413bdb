"""What one person may do: their roles together, and how many records they see."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, request

from tenon.api import Actor, system

from ..rights import rights_of
from ..words import Text
from .parts import actor, page, people, policy, tenon


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/person", "person", person)


def person() -> str:
    user = request.args.get("user", "")
    parts: dict[str, Any] = {"user": user, "people": people()}
    if user:
        found, snapshot = actor(user), policy().snapshot
        roles = snapshot.roles(found.roles, admin=found.admin)
        parts |= {
            "person": found,
            "roles": [role for key, role in snapshot.document.roles.items() if key in roles],
            "unknown": sorted(found.roles - set(snapshot.document.roles)),
            "rights": rights_of(snapshot, roles, tenon().records.registry),
            "counts": seen(found),
        }
    return page("person", "person", **parts)


def seen(who: Actor) -> list[tuple[Text, int, int]]:
    """For each kind how many records somebody sees, of how many."""
    found = []
    with tenon().records.snapshot(system("what somebody sees")) as work:
        for entity, type_ in policy().names.entities.items():
            counted = sa.select(sa.func.count()).select_from(type_.table)
            within = policy().scope(who, "read", entity, type_.table)
            total = work.connection.execute(counted).scalar_one()
            own = total if within is None else work.connection.execute(counted.where(within)).scalar_one()
            if total:
                found.append((type_.label_plural, own, total))
    return found
