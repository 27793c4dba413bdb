"""What the page on queries shows, run as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import mapped_column

from tenon.access import Access, OpenPolicy
from tenon.clock import ManualClock
from tenon.identity import Actor
from tenon.messages import _
from tenon.plugin.contributions import Entity
from tenon.records import Record, Records, Registry, Work, build_type
from tenon.records import models as _models  # noqa: F401
from tenon.storage import Base, RecordColumns, Storage, fields
from tenon.storage.ids import new_id
from tenon.storage.types import Id

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "query-in-a-plugin.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


class Machine(Base, RecordColumns):
    __tablename__ = "queries_machine"

    serial_number = fields.text(_("Serial number"))
    number = fields.integer(_("Number"))
    owner_id = mapped_column(Id)


class Inspection(Base, RecordColumns):
    __tablename__ = "queries_inspection"

    machine_id = fields.reference(_("Machine"), to="machine", column="queries_machine.id")


class Own(OpenPolicy):
    """Everybody sees their own machines."""

    def scope(self, actor: Actor, action: str, entity: str, table: sa.FromClause) -> Any:
        return table.c.owner_id == actor.id if entity == "machine" else None


@pytest.fixture(scope="module")
def shown() -> dict[str, Any]:
    """The names that the page's blocks define, one after the other."""
    models = ModuleType("queries_models")
    vars(models).update(Machine=Machine, Inspection=Inspection)
    names: dict[str, Any] = {"Machine": Machine, "Inspection": Inspection, "__name__": "queries"}
    for block in BLOCKS:
        if "import" in block or "def " in block:
            source = block.replace("from .models import Inspection, Machine\n", "")
            exec(compile(source, str(PAGE), "exec", dont_inherit=True), names)
    return names


@pytest.fixture
def work(database: str, shown: dict[str, Any]) -> Any:
    storage = Storage(Flask("tenon"), database)
    names = ("queries_", "tenon_", "machines_reading")
    Base.metadata.create_all(
        storage.engine, [t for t in Base.metadata.tables.values() if t.name.startswith(names)]
    )
    types = [
        Entity("machine", Machine, _("Machine"), _("Machines"), "machines", title="serial_number"),
        Entity("inspection", Inspection, _("Inspection"), _("Inspections"), "inspections", title="id"),
    ]
    registry = Registry([build_type("queries", one) for one in types])
    private = shown["private_tables"]()
    records = Records(storage, Access(Own()), registry, ManualClock(), private_tables=private)
    ann, bob = Actor(new_id(), "Ann"), Actor(new_id(), "Bob")
    with records.writing(bob) as theirs:
        theirs.create("machine", {"serial_number": "B-1", "number": 7})
    with records.writing(ann) as mine:
        machine = mine.create("machine", {"serial_number": "A-1", "number": 2})
        mine.create("machine", {"serial_number": "A-2", "number": 3})
        mine.create("inspection", {"machine_id": machine.id})
        yield mine
    storage.close()


def machine(work: Work) -> Record:
    found = work.find("machine", serial_number="A-1")
    assert found is not None
    return found


def test_a_join_counts_what_the_actor_sees(work: Work, shown: dict[str, Any]) -> None:
    assert shown["overdue"](work) == [("A-2", 0), ("A-1", 1)]


def test_rows_of_ones_own_table_are_written_and_changed(work: Work, shown: dict[str, Any]) -> None:
    reading = shown["Reading"]
    writing = next(block for block in BLOCKS if block.startswith("work.session.add"))
    exec(
        compile(writing, str(PAGE), "exec", dont_inherit=True),
        {**shown, "work": work, "machine": machine(work)},
    )
    assert work.session.scalars(sa.select(reading.hours)).all() == [1200]


def test_the_system_looks_further_and_says_why(work: Work, shown: dict[str, Any]) -> None:
    assert shown["next_number"](work) == 8
    assert work.session.scalar(sa.select(sa.func.max(Machine.number))) == 3


def test_the_first_way_needs_no_sql(shown: dict[str, Any]) -> None:
    assert shown["large_sales"].__doc__
