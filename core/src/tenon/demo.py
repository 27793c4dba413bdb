"""A demo to look around in: people of a sales team, and what every plugin brings."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa

from .errors import NotFoundError
from .identity import NewUser
from .identity.actor import system
from .plugin.contributions import Seed

if TYPE_CHECKING:
    from .app import Tenon
    from .records.work import Work

PASSWORD = "look-around-tenon"


ADMIN = NewUser("Ada Lindqvist", "admin@example.com", "Administrator", admin=True)
MANAGER = NewUser("Maya Fischer", "maya@example.com", "Head of sales", roles=("manager",))
SELLERS = (
    (NewUser("Jonas Weber", "jonas@example.com", "Account executive", roles=("sales",)), "North"),
    (NewUser("Linh Tran", "linh@example.com", "Account executive", roles=("sales",)), "South"),
    (NewUser("Omar Haddad", "omar@example.com", "Account executive", roles=("sales",)), "South"),
)
TEAMS = {"North": "Northern Europe", "South": "Southern Europe"}


def seed(tenon: Tenon) -> bool:
    """Fill an empty database, in one transaction; false where there was anything in it.

    The people come first, then every plugin's demo data in load order.
    """
    with tenon.records.writing(system("demo data"), via="demo") as work:
        if not is_empty(work):
            return False
        _people(work, tenon)
        for _plugin, contribution in tenon.plugins.contributions(Seed):
            contribution.run(work, tenon)
    return True


def is_empty(work: Work) -> bool:
    """Whether there is no record of any kind, archived or not."""
    tables = [type_.table for type_ in work.registry]
    return not any(
        work.unguarded.execute(sa.select(sa.literal(1)).select_from(t).limit(1)).first() for t in tables
    )


def has_demo_login(tenon: Tenon) -> bool:
    """Whether the demo's administrator is there to sign in as."""
    try:
        found = tenon.identity.users.find(str(ADMIN.email))
    except NotFoundError:
        return False
    return found.active and found.signs_in


def _people(work: Work, tenon: Tenon) -> None:
    create = partial(tenon.identity.users.create_in, work.unguarded, actor=work.actor, via=work.via)
    create(ADMIN, PASSWORD)
    manager = create(MANAGER, PASSWORD)
    teams = {
        name: work.create("team", {"name": name, "region": region, "manager_id": manager}).id
        for name, region in TEAMS.items()
    }
    for seller, team in SELLERS:
        placed = replace(seller, team_id=teams[team], manager_id=manager)
        create(placed, PASSWORD)
