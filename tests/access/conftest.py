"""A company whose people see some of its clients: records over a real database, under a policy of roles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from tenon.access import Access
from tenon.clock import ManualClock
from tenon.identity import Actor
from tenon.identity import plugin as identity
from tenon.identity.actor import system
from tenon.messages import _
from tenon.plugin.contributions import Entity, EntityExtension
from tenon.records import Record, Records, Registry, Work, build_type
from tenon.records import models as _models  # noqa: F401
from tenon.records.custom import Definition, define
from tenon.storage import Base, ExtensionColumns, OwnedColumns, RecordColumns, Storage, fields
from tenon.storage.fields import Choice
from tests.access.orm_world import firms, postgres_firms, sqlite_firms  # noqa: F401
from tests.access.policies import GRANTS, LINES, TABLES, Role, RolePolicy

COLORS = (Choice("red", _("Red")), Choice("green", _("Green")), Choice("blue", _("Blue")))


class Region(Base, RecordColumns, OwnedColumns):
    __tablename__ = "test_access_region"

    name = fields.text(_("Name"), required=True, search=True)
    parent_id = fields.reference(_("Above"), to="region", column="test_access_region.id")


class Client(Base, RecordColumns, OwnedColumns):
    __tablename__ = "test_access_client"

    name = fields.text(_("Name"), required=True, search=True)
    code = fields.text(_("Code"), unique=True, max_length=20)
    note = fields.text(_("Note"), search=True)
    score = fields.integer(_("Score"))
    revenue = fields.money(_("Revenue"), currency="revenue_currency")
    revenue_currency = fields.currency(_("Currency"))
    met_on = fields.date(_("Met on"))
    color = fields.choice(_("Color"), COLORS)
    region_id = fields.reference(_("Region"), to="region", column="test_access_region.id")


class ClientCare(Base, ExtensionColumns):
    __tablename__ = "test_access_ext_client"
    __extends__ = "test_access_client"

    keeper = fields.text(_("Keeper"), max_length=80)


REGION = Entity("region", Region, _("Region"), _("Regions"), "regions", default_sort="name")
CLIENT = Entity(
    "client", Client, _("Client"), _("Clients"), "clients", default_sort="name", natural_key=("code",)
)
CARE = EntityExtension("client", ClientCare, _("Care"), key="care")
CUSTOM = (("size", "number"), ("word", "text"), ("place", "reference"))

ROLES = {
    "rep": Role({"*": ("own",), "assign": ("unowned", "own")}),
    "manager": Role({"*": ("subtree", "granted")}),
    "shared": Role({"*": ("own", "granted")}),
    "pool": Role({"read": ("own", "unowned"), "assign": ("unowned", "own")}),
    "reader": Role({"read": ("all",), "update": ("own",), "create": ("own",), "archive": ("own",)}),
    "shy": Role(
        {"*": ("own", "granted")},
        hidden={"client": frozenset({"revenue", "revenue_currency", "custom.size", "ext.care.keeper"})},
        fixed={
            "client": frozenset({"revenue", "revenue_currency", "custom.size", "ext.care.keeper", "score"})
        },
    ),
    "nameless": Role(
        {"*": ("own", "granted")},
        hidden={"client": frozenset({"name"}), "region": frozenset({"name"})},
    ),
    "mixed": Role({"*": ("own", "subtree", "granted", "unowned", "-blue")}),
    "boss": Role({"*": ("all",)}),
}


@dataclass
class World:
    """Records under :data:`ROLES`; ``write`` and ``read`` take who does it."""

    records: Records
    clock: ManualClock
    policy: RolePolicy

    def hire(self, name: str, *roles: str, team: UUID | None = None) -> Actor:
        """A user, and the actor they are."""
        with self.records.writing(system("test")) as work:
            email = f"{name.lower().replace(' ', '.')}@example.com"
            user = work.create("user", {"name": name, "email": email})
        return Actor(id=user.id, name=name, roles=frozenset(roles), team_id=team)

    def create(self, entity: str, owner: Actor | None = None, **values: Any) -> Record:
        """A record as the system makes it, of that owner or of nobody."""
        with self.records.writing(system("test")) as work:
            given = {"owner_id": owner.id if owner else None, **values}
            return work.create(entity, given)

    def read(self, who: Actor, ask: Callable[[Work], Any]) -> Any:
        with self.records.reading(who) as work:
            return ask(work)

    def write(self, who: Actor, do: Callable[[Work], Any]) -> Any:
        with self.records.writing(who) as work:
            return do(work)

    def grant(self, record: Record, who: Actor) -> None:
        with self.records.storage.writing() as connection:
            connection.execute(sa.insert(GRANTS).values(record_id=record.id, user_id=who.id))

    def revoke(self, record: Record, who: Actor) -> None:
        with self.records.storage.writing() as connection:
            mine = (GRANTS.c.record_id == record.id, GRANTS.c.user_id == who.id)
            connection.execute(sa.delete(GRANTS).where(*mine))

    def above(self, boss: Actor, *people: Actor) -> None:
        """Let ``boss`` stand above those people and themselves."""
        rows = [{"ancestor": boss.id, "descendant": one.id} for one in (boss, *people)]
        with self.records.storage.writing() as connection:
            connection.execute(sa.insert(LINES), rows)

    def whole(self, entity: str, id_: UUID) -> Record:
        """The record as it stands, whoever may see it."""
        with self.records.reading(system("test")) as work:
            return work.get(entity, id_)


def build_world(url: str) -> World:
    storage = Storage(Flask("tenon"), url)
    ours = ("test_access_", "tenon_", "identity_")
    Base.metadata.create_all(
        storage.engine, [t for t in Base.metadata.tables.values() if t.name.startswith(ours)]
    )
    TABLES.create_all(storage.engine)
    people = [build_type("identity", entity) for entity in identity.entities()]
    types = [*people, build_type("sales", REGION), build_type("sales", CLIENT, [("care", CARE)])]
    known: dict[str, frozenset[str]] = {}
    policy = RolePolicy(ROLES, known)
    clock = ManualClock()
    # The system gives records to nobody.
    records = Records(
        storage, Access(policy), Registry(types), clock, assign_owner=lambda _e, _v, actor: actor.id
    )
    with records.writing(system("test")) as work:
        for key, kind in CUSTOM:
            to = "region" if kind == "reference" else None
            define(work, Definition("client", key, key.title(), kind, to=to))
    records.forget_custom()
    known.update({type_.name: frozenset(type_.fields) for type_ in records.registry})
    return World(records, clock, policy)


@pytest.fixture
def world(database: str) -> Iterator[World]:
    """Both databases, without clients."""
    found = build_world(database)
    yield found
    found.records.storage.close()


@pytest.fixture
def ann(world: World) -> Actor:
    return world.hire("Ann", "rep")


@pytest.fixture
def bob(world: World) -> Actor:
    return world.hire("Bob", "rep")
