"""A small company with deals: records over a real database, a clock moved by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Flask

from tenon.access.policy import ALL_FIELDS, Access, FieldSet, OpenPolicy
from tenon.clock import ManualClock
from tenon.errors import TenonError
from tenon.identity import plugin as identity
from tenon.identity.actor import Actor, system
from tenon.messages import _
from tenon.pipelines import Pipelines, compile_pipelines
from tenon.pipelines.models import Delegation  # noqa: F401  (its table)
from tenon.plugin.contributions import Entity, GuardCheck, Pipeline, PipelinePatch, StageTracking
from tenon.records.records import Records
from tenon.records.registry import Registry, build_type
from tenon.storage import Base, OwnedColumns, RecordColumns, StageColumns, Storage, fields
from tests.pipelines.sales import FREE


class Deal(Base, RecordColumns, OwnedColumns, StageColumns):
    __tablename__ = "test_pipelines_deal"

    name = fields.text(_("Name"), required=True, search=True)
    amount = fields.money(_("Amount"), currency="amount_currency")
    amount_currency = fields.currency(_("Currency"))
    close_date = fields.date(_("Close date"))
    next_step = fields.text(_("Next step"))


DEAL = Entity(
    "deal",
    Deal,
    _("Deal"),
    _("Deals"),
    "deals",
    stages=StageTracking(amount="amount", close_date="close_date"),
)


# Only what is used: making tables is most of what a test here costs.
USED = ("identity_team", "identity_user", "tenon_audit", "tenon_custom_field", "tenon_external_id")
OURS = ("tenon_stage", "tenon_stall", "tenon_approval", "tenon_delegation", "test_pipelines_")
TABLES = [t for t in Base.metadata.tables.values() if t.name in USED or t.name.startswith(OURS)]


class Rules(OpenPolicy):
    """Everybody may do everything, but for what a test takes away."""

    def __init__(self) -> None:
        self.denied: set[tuple[UUID | None, str]] = set()
        self.hidden: set[str] = set()
        self.out_of_reach: set[str] = set()

    def allows(self, actor: Actor, action: str, entity: str) -> bool:
        return (actor.id, action) not in self.denied

    def scope(self, actor: Actor, action: str, entity: str, table: Any) -> Any:
        return table.c.owner_id == actor.id if action in self.out_of_reach else None

    def fields(self, actor: Actor, action: str, entity: str) -> FieldSet:
        if not self.hidden or entity != "deal":
            return ALL_FIELDS
        return FieldSet(frozenset(Deal.__table__.columns.keys()) - self.hidden)


class World:
    """``events`` are those emitted in transactions that were committed."""

    def __init__(
        self,
        url: str,
        pipelines: Sequence[Pipeline] = (FREE,),
        patches: Sequence[PipelinePatch] = (),
        customer: Mapping[str, Any] | None = None,
        checks: Sequence[GuardCheck] = (),
    ) -> None:
        self.storage = Storage(Flask(__name__), url)
        Base.metadata.create_all(self.storage.engine, tables=TABLES)
        self.clock = ManualClock()
        self.rules = Rules()
        types = [build_type("identity", entity) for entity in identity.entities()]
        registry = Registry([*types, build_type("b2b", DEAL)])
        self.records = Records(self.storage, Access(self.rules), registry, self.clock)
        self.events: list[tuple[str, UUID, dict[str, Any]]] = []
        self.activity: dict[UUID, datetime] = {}
        definitions = compile_pipelines(
            [("b2b", pipeline) for pipeline in pipelines], [("law", patch) for patch in patches], customer
        )
        assert definitions.findings == ()
        self.pipelines = Pipelines(
            self.records,
            definitions,
            checks={check.key: check for check in checks},
            emit=lambda work, name, entity, id_, data: self.events.append((name, id_, dict(data))),
            last_activity=lambda work, entity, ids: {i: self.activity[i] for i in ids if i in self.activity},
        )
        self.pipelines.subscribe()
        self.admin = system("test")
        self.actors: dict[str, Actor] = {}

    # People

    def hire(self, name: str, manager: str | None = None, **values: Any) -> Actor:
        boss = self.actors[manager].id if manager else None
        email = f"{name.lower()}@example.com"
        with self.records.writing(self.admin) as work:
            user = work.create("user", {"name": name, "email": email, "manager_id": boss, **values})
        self.actors[name] = Actor(user.id, name, email)
        return self.actors[name]

    def team(self, name: str, manager: Actor | None = None, parent: UUID | None = None) -> UUID:
        with self.records.writing(self.admin) as work:
            values = {"name": name, "manager_id": manager.id if manager else None, "parent_id": parent}
            return work.create("team", values).id

    # Deals

    def create(self, actor: Actor | None = None, note: Any = None, facts: Any = None, **values: Any) -> UUID:
        with self.records.writing(actor or self.admin) as work:
            return work.create("deal", {"name": "Acme", **values}, note=note, facts=facts).id

    def update(self, id_: UUID, actor: Actor | None = None, note: Any = None, **values: Any) -> Any:
        with self.records.writing(actor or self.admin) as work:
            return work.update("deal", id_, values, note=note)

    def move(self, id_: UUID, to: str, actor: Actor | None = None, **how: Any) -> Any:
        with self.records.writing(actor or self.admin) as work:
            return self.pipelines.move(work, "deal", id_, to, **how)

    def deal(self, id_: UUID) -> Any:
        with self.records.reading(self.admin) as work:
            return work.get("deal", id_)

    def history(self, id_: UUID, actor: Actor | None = None) -> Any:
        with self.records.reading(actor or self.admin) as work:
            return self.pipelines.history(work, "deal", id_)

    def available(self, id_: UUID, actor: Actor | None = None) -> Any:
        with self.records.reading(actor or self.admin) as work:
            return self.pipelines.available(work, work.get("deal", id_))

    # Approvals

    def approve(self, request: Any, actor: Actor, comment: str | None = None) -> Any:
        with self.records.writing(actor) as work:
            return self.pipelines.approvals.approve(work, request.id, comment)

    def reject(self, request: Any, actor: Actor, comment: str | None = None) -> Any:
        with self.records.writing(actor) as work:
            return self.pipelines.approvals.reject(work, request.id, comment)

    def inbox(self, actor: Actor) -> list[UUID]:
        with self.records.reading(actor) as work:
            return [request.id for request in self.pipelines.approvals.inbox(work)]

    def request(self, id_: UUID) -> Any:
        with self.records.reading(self.admin) as work:
            return self.pipelines.approvals.get(work, id_)

    def named(self, name: str) -> list[tuple[UUID, dict[str, Any]]]:
        return [(id_, data) for found, id_, data in self.events if found == name]

    def rows(self, table: Any, *where: Any) -> list[Any]:
        with self.storage.reading() as connection:
            return list(connection.execute(sa.select(table).where(*where)))


def reasons(error: TenonError) -> list[tuple[str, str]]:
    return [(problem.pointer, problem.code) for problem in error.problems]


def euros(amount: int | str) -> Decimal:
    return Decimal(amount)
