"""Firms of two people, with every kind of mapped class beside them, for queries that try to see too much.

Ann has one firm, Bob has six. What is Bob's bears the word ``Theirs`` or counts in hundreds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.ext.associationproxy import association_proxy
from sqlalchemy.orm import Session, column_property, mapped_column, relationship

from tenon.access import ALL_FIELDS, Access, FieldSet, OpenPolicy
from tenon.access.net import Net
from tenon.clock import ManualClock
from tenon.identity import Actor
from tenon.messages import _
from tenon.plugin.contributions import Entity, EntityExtension, PrivateTable
from tenon.records import Records, Registry, Work, build_type
from tenon.records import models as _models  # noqa: F401
from tenon.storage import Base, ExtensionColumns, RecordColumns, Storage, fields
from tenon.storage.ids import new_id
from tenon.storage.types import Id
from tests.fixtures.databases import administer

FOREIGN = 6

firm_tag = sa.Table(
    "paths_firm_tag",
    Base.metadata,
    sa.Column("firm_id", Id, sa.ForeignKey("paths_firm.id"), primary_key=True),
    sa.Column("tag_id", Id, sa.ForeignKey("paths_tag.id"), primary_key=True),
)


class Firm(Base, RecordColumns):
    __tablename__ = "paths_firm"

    name = fields.text(_("Name"))
    amount = fields.integer(_("Amount"))
    secret = fields.text(_("Secret"))
    kind = fields.text(_("Kind"))
    owner_id = mapped_column(Id)
    parent_id = fields.reference(_("Parent"), to="firm", column="paths_firm.id")

    people = relationship("Person", order_by="Person.name")
    people_asked = relationship("Person", lazy="write_only", viewonly=True)
    tags = relationship("Tag", secondary=firm_tag, order_by="Tag.name")
    parent = relationship("Firm", remote_side="Firm.id")
    names_of_people = association_proxy("people", "name")


class Branch(Firm):
    """A kind of firm in a table of its own, joined to the firm's."""

    __tablename__ = "paths_branch"

    id = mapped_column(Id, sa.ForeignKey("paths_firm.id"), primary_key=True)
    street = mapped_column(sa.String(50))


class Person(Base, RecordColumns):
    __tablename__ = "paths_person"

    name = fields.text(_("Name"))
    firm_id = fields.reference(_("Firm"), to="firm", column="paths_firm.id")
    firm = relationship("Firm", overlaps="people")


class Tag(Base, RecordColumns):
    """A record that everybody sees."""

    __tablename__ = "paths_tag"

    name = fields.text(_("Name"))


class FirmCare(Base, ExtensionColumns):
    __tablename__ = "paths_ext_firm"
    __extends__ = "paths_firm"

    keeper = fields.text(_("Keeper"))
    fee = fields.text(_("Fee"))


class Note(Base):
    """A plugin's own table with a rule: a note is whoever's the firm is."""

    __tablename__ = "paths_note"

    id = mapped_column(Id, primary_key=True, default=new_id)
    firm_id = mapped_column(Id, sa.ForeignKey("paths_firm.id"))
    text = mapped_column(sa.String(50))


class Score(Base):
    """A plugin's own table without a rule."""

    __tablename__ = "paths_score"

    id = mapped_column(Id, primary_key=True, default=new_id)
    firm_id = mapped_column(Id)
    text = mapped_column(sa.String(50))


_all: Any = Firm.__table__.alias()
Tag.firms_at_all = column_property(
    sa.select(sa.func.sum(_all.c.amount)).correlate_except(_all).scalar_subquery()
)
Tag.richest = column_property(sa.select(sa.func.max(Firm.amount)).scalar_subquery())

FIRM = Entity("firm", Firm, _("Firm"), _("Firms"), "firms")
PERSON = Entity("person", Person, _("Person"), _("People"), "people", within="firm_id")
TAG = Entity("tag", Tag, _("Tag"), _("Tags"), "tags")
CARE = EntityExtension("firm", FirmCare, _("Care"), key="care")
NOTE = PrivateTable(Note, "firm", "firm_id")
BRANCH = PrivateTable(Branch, "firm", "id")


class OwnFirms(OpenPolicy):
    """Everybody sees their own firms and who works there; ``narrow`` people see no secrets."""

    def allows(self, actor: Actor, action: str, entity: str) -> bool:
        return entity != "person" or "nobody" not in actor.roles

    def scope(
        self, actor: Actor, action: str, entity: str, table: sa.FromClause
    ) -> sa.ColumnElement[bool] | None:
        if entity == "firm":
            return (
                table.c.owner_id == actor.id
                if "reader" not in actor.roles or action == "read"
                else sa.false()
            )
        if entity == "person":
            firm: Any = Firm.__table__.alias()
            return table.c.firm_id.in_(sa.select(firm.c.id).where(firm.c.owner_id == actor.id))
        return None

    def fields(self, actor: Actor, action: str, entity: str) -> FieldSet:
        if entity != "firm" or "narrow" not in actor.roles:
            return ALL_FIELDS
        return FieldSet(frozenset({"id", "version", "name", "amount", "owner_id", "ext.care.keeper"}))


@dataclass
class Firms:
    """The world: ``mine`` is Ann's firm, ``theirs`` the ids of Bob's."""

    records: Records
    ann: Actor
    bob: Actor
    mine: UUID = field(default_factory=new_id)
    theirs: list[UUID] = field(default_factory=list)
    told: list[tuple[Actor, str, str]] = field(default_factory=list)

    @contextmanager
    def guarded(self, actor: Actor | None = None) -> Iterator[Work]:
        """A unit of work that is undone at its end."""
        with suppressed(Undo), self.records.writing(actor or self.ann) as work:
            yield work
            raise Undo

    def foreign_state(self, connection: Any) -> list[Any]:
        """Every row there is, but the notes that Ann may write as she likes."""
        rows: list[Any] = []
        for table in TABLES:
            found = sa.select(table)
            if table is Note.__table__:
                found = found.where(table.c.firm_id != self.mine)
            rows += sorted((tuple(row) for row in connection.execute(found)), key=repr)
        return rows


class Undo(Exception):
    """Ends a unit of work that must leave nothing."""


@contextmanager
def suppressed(kind: type[Exception]) -> Iterator[None]:
    try:
        yield
    except kind:
        return


MODELS: tuple[Any, ...] = (Firm, Branch, Person, Tag, FirmCare, Note, Score)
TABLES: list[sa.Table] = [*(model.__table__ for model in MODELS), firm_tag]


def build_firms(url: str, net: Callable[[sa.Engine], Net] | None = None) -> Firms:
    storage = Storage(Flask("tenon"), url)
    below = net(storage.engine) if net is not None else None
    kernel = [t for t in Base.metadata.tables.values() if t.name.startswith("tenon_")]
    Base.metadata.create_all(storage.engine, [*TABLES, *kernel])
    registry = Registry(
        [build_type("paths", FIRM, [("care", CARE)]), build_type("paths", PERSON), build_type("paths", TAG)]
    )
    records = Records(storage, Access(OwnFirms()), registry, ManualClock(), private_tables=[NOTE, BRANCH])
    found = Firms(records, Actor(new_id(), "Ann"), Actor(new_id(), "Bob"))
    records.net = below
    records.system_used = lambda *told: found.told.append(told)
    with storage.writing() as connection:
        _fill(found, Session(connection))
    return found


def _fill(world: Firms, session: Session) -> None:
    moment = world.records.clock.now()
    common = {"version": 1, "created_at": moment, "updated_at": moment, "custom": {}}
    tag = Tag(name="Everybody's", **common)
    session.add(tag)
    for place in range(FOREIGN + 1):
        own = place == 0
        word, amount = ("Mine", 1) if own else (f"Theirs {place}", 1000)
        id_ = world.mine if own else new_id()
        owner = world.ann.id if own else world.bob.id
        kind: type[Firm] = Branch if place in (0, 1) else Firm
        firm = kind(id=id_, name=word, secret=f"{word} secret", amount=amount, owner_id=owner, **common)
        if kind is Branch:
            firm.street = f"{word} street"
        session.add(firm)
        session.flush()
        session.add(Person(name=f"{word} person", firm_id=id_, **common))
        session.add(FirmCare(id=id_, keeper=f"{word} keeper", fee=f"{word} fee"))
        session.add(Note(firm_id=id_, text=f"{word} note"))
        session.add(Score(firm_id=id_, text=f"{word} score, Theirs for everybody"))
        firm.tags.append(tag)
        if not own:
            world.theirs.append(id_)
    session.flush()
    session.execute(sa.update(Firm).where(Firm.id == world.mine).values(parent_id=world.theirs[-1]))
    session.flush()
    session.expunge_all()


@pytest.fixture(scope="module")
def sqlite_firms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firms]:
    world = build_firms(f"sqlite:///{tmp_path_factory.mktemp('firms') / 'tenon.db'}")
    yield world
    world.records.storage.close()


@pytest.fixture(scope="module")
def postgres_firms(postgres_server: sa.URL) -> Iterator[Firms]:
    name = f"tenon_test_{new_id().hex}"
    administer(postgres_server, f'CREATE DATABASE "{name}"')
    world = build_firms(postgres_server.set(database=name).render_as_string(hide_password=False))
    yield world
    world.records.storage.close()
    administer(postgres_server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite_firms", pytest.param("postgres_firms", marks=pytest.mark.postgresql)])
def firms(request: pytest.FixtureRequest) -> Firms:
    """The world on either database; whatever a test does to it is undone."""
    world: Firms = request.getfixturevalue(request.param)
    return world
