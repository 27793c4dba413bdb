"""A registry of two kinds of record that between them have a field of every kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import mapped_column

from tenon.access import Access, OpenPolicy
from tenon.clock import ManualClock
from tenon.identity import Actor
from tenon.messages import _
from tenon.plugin.contributions import Entity, EntityExtension
from tenon.records import Record, Records, Registry, Work, build_type
from tenon.records import models as _models  # noqa: F401
from tenon.storage import Base, ExtensionColumns, RecordColumns, Storage, fields
from tenon.storage.fields import Choice
from tenon.storage.ids import new_id
from tenon.storage.types import Id

COLORS = (Choice("red", _("Red")), Choice("green", _("Green")), Choice("blue", _("Blue")))


class Shelf(Base, RecordColumns):
    __tablename__ = "specimens_shelf"

    name = fields.text(_("Name"), required=True, search=True)
    parent_id = fields.reference(_("Above"), to="shelf", column="specimens_shelf.id")


class Specimen(Base, RecordColumns):
    __tablename__ = "specimens_specimen"

    name = fields.text(_("Name"), required=True, search=True)
    code = fields.text(_("Code"), unique=True, max_length=20)
    note = fields.long_text(_("Note"))
    count = fields.integer(_("Count"))
    weight = fields.number(_("Weight"), scale=3)
    price = fields.money(_("Price"), currency="price_currency")
    price_currency = fields.currency(_("Currency"))
    found_on = fields.date(_("Found on"))
    seen_at = fields.moment(_("Seen at"))
    fragile = fields.boolean(_("Fragile"))
    color = fields.choice(_("Color"), COLORS)
    tags = fields.multi_choice(_("Tags"), COLORS)
    shelf_id = fields.reference(_("Shelf"), to="shelf", column="specimens_shelf.id")
    website = fields.url(_("Website"))
    email = fields.email(_("E-mail"))
    phone = fields.phone(_("Phone"))


class SpecimenCare(Base, ExtensionColumns):
    __tablename__ = "care_ext_specimen"
    __extends__ = "specimens_specimen"

    keeper = fields.text(_("Keeper"), max_length=80)
    fee = fields.money(_("Fee"), currency="fee_currency")
    fee_currency = fields.currency(_("Currency of the fee"))


class Label(Base):
    """A plugin's own table that is no record and points at one."""

    __tablename__ = "specimens_label"

    id = mapped_column(Id, primary_key=True, default=new_id)
    specimen_id = mapped_column(Id, sa.ForeignKey("specimens_specimen.id"))


class Sticker(Base):
    """A plugin's own table of which every specimen has each color once."""

    __tablename__ = "specimens_sticker"

    specimen_id = mapped_column(Id, sa.ForeignKey("specimens_specimen.id"), primary_key=True)
    color = mapped_column(sa.String(10), primary_key=True)


class Passport(Base):
    """A plugin's own table whose rows are a specimen's alone."""

    __tablename__ = "specimens_passport"
    __table_args__ = ({"info": {"merge": "stays"}},)

    specimen_id = mapped_column(Id, sa.ForeignKey("specimens_specimen.id"), primary_key=True)


SHELF = Entity("shelf", Shelf, _("Shelf"), _("Shelves"), "shelves", default_sort="name")
SPECIMEN = Entity("specimen", Specimen, _("Specimen"), _("Specimens"), "specimens", default_sort="name")
CARE = EntityExtension("specimen", SpecimenCare, _("Care"), key="care")


@dataclass
class World:
    """Records over a fresh database, and somebody who may do everything."""

    records: Records
    clock: ManualClock
    actor: Actor

    def create(self, entity: str, **values: Any) -> Record:
        with self.records.writing(self.actor) as work:
            return work.create(entity, values)

    def update(self, record: Record, **values: Any) -> Record:
        with self.records.writing(self.actor) as work:
            return work.update(record.entity.name, record.id, values)

    def get(self, entity: str, id_: UUID) -> Record:
        with self.records.reading(self.actor) as work:
            return work.get(entity, id_)

    def read(self, ask: Callable[[Work], Any]) -> Any:
        with self.records.reading(self.actor) as work:
            return ask(work)

    def write(self, do: Callable[[Work], Any]) -> Any:
        with self.records.writing(self.actor) as work:
            return do(work)


def build_world(url: str, policy: Any = None) -> World:
    storage = Storage(Flask("tenon"), url)
    names = ("specimens_", "care_", "tenon_")
    tables = [t for t in Base.metadata.tables.values() if t.name.startswith(names)]
    Base.metadata.create_all(storage.engine, tables)
    registry = Registry([build_type("specimens", SHELF), build_type("specimens", SPECIMEN, [("care", CARE)])])
    clock = ManualClock()
    records = Records(storage, Access(policy or OpenPolicy()), registry, clock, currency="EUR")
    return World(records, clock, Actor(id=new_id(), name="Ann"))


@pytest.fixture
def world(database: str) -> Iterator[World]:
    """Both databases, empty."""
    found = build_world(database)
    yield found
    found.records.storage.close()
