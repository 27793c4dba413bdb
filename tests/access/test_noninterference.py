"""What somebody may not see makes no difference to any answer.

Two databases that differ only in records and values hidden from a person give the same bytes to the same
requests of theirs.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
import sqlalchemy as sa

from plugins.permissions.tests.conftest import Sales, organisation
from plugins.permissions.tests.sizes import size
from tenon.api import NamedFieldSet, Query, new_id, system
from tenon.app import Tenon, add_faces, create_tenon
from tenon.errors import TenonError
from tenon.settings import DatabaseSettings, Settings
from tenon_permissions.line import Line

REQUESTS = size(150, 500)
SECRET = ("revenue", "revenue_currency", "tax_number", "description")
"""The fields of an account that nobody but administrators sees."""
KINDS = {
    "account": "accounts",
    "contact": "contacts",
    "opportunity": "opportunities",
    "task": "tasks",
    "activity": "activities",
    "order": "orders",
    "order_line": "order-lines",
    "party": "parties",
    "account_contact": "account-contacts",
}
FIELDS = {
    "account": (
        "name",
        "industry",
        "city",
        "phone",
        "owner_id",
        "parent_id",
        "created_at",
        "employees",
        *SECRET,
    ),
    "contact": ("name", "email", "phone", "owner_id", "city", "created_at"),
    "opportunity": ("name", "amount", "stage", "owner_id", "account_id", "contact_id", "close_date"),
    "task": ("subject", "status", "owner_id", "due_at", "about_id"),
    "activity": ("subject", "type", "owner_id", "happened_at"),
    "order": ("number", "status", "owner_id", "party_id", "placed_on"),
    "order_line": ("quantity", "description", "order_id", "product_id"),
    "party": ("name", "email", "phone", "owner_id", "kind"),
    "account_contact": ("account_id", "contact_id", "role", "is_primary"),
}
THROUGH = ("account_id.name", "account_id.revenue", "parent_id.name", "owner_id.name", "party_id.name",
           "order_id.number", "contact_id.email", "parent_id.tax_number", "account_id.owner_id")  # fmt: skip
VALUES = (
    "a",
    "Acme",
    "secret",
    "Berlin",
    "retail",
    "1",
    "100",
    "999999",
    "true",
    "2026-01-01",
    "won",
    "x,y",
    "",
    "$me",
)
OPERATORS = ("eq", "ne", "gt", "gte", "lt", "lte", "in", "not_in", "contains", "not_contains", "starts_with",
             "ends_with", "empty", "between", "within", "like")  # fmt: skip


@pytest.fixture
def tenon_settings() -> Settings:
    return Settings.for_tests(
        plugins=["b2b_accounts", "permissions"],
        access="policy",
        limits={"requests_per_minute": 0, "reads_per_hour": 0},
    )


@pytest.fixture
def tenon_database() -> str:
    return "sqlite"


@pytest.fixture
def sales(tenon: Tenon, as_role: Any) -> Sales:
    """An organisation whose salespeople and managers see no secret field of an account."""
    found = organisation(tenon, as_role)
    document = found.policy.snapshot.document
    quiet = NamedFieldSet("quiet", "Quiet", hide={"account": SECRET})  # type: ignore[arg-type]
    lines = tuple(
        line._replace(fields="quiet") if line.sub in ("sales", "manager") else line for line in document.lines
    )
    lines += tuple(Line("sales", "*", kind, "*", f"via:{path}", "quiet", "allow") for kind, path in BEHIND)
    found.policy.revisions.add(
        replace(document, lines=lines, field_sets={"quiet": quiet}), found.policy.names, system("test")
    )
    found.policy.changed()
    return found


BEHIND = (("account_contact", "contact_id"),)


class Filler:
    """Makes everybody's records; those of ``hidden`` people are what may differ."""

    def __init__(self, tenon: Any, people: dict[str, Any], chance: random.Random) -> None:
        self.tenon = tenon
        self.people = people
        self.chance = chance
        self.accounts: list[UUID] = []

    def fill(self, owners: tuple[str, ...], each: int) -> None:
        for owner in owners:
            for _number in range(each):
                with self.tenon.records.writing(system("test")) as work:
                    self.customer(work, self.people[owner].id)

    def intrude(self, owner: str, accounts: list[UUID]) -> None:
        """What somebody does with other people's accounts."""
        for account in accounts:
            with self.tenon.records.writing(system("test")) as work:
                self.doing(work, account, self.people[owner].id, self.chance.randint(1, 10**6))

    def doing(self, work: Any, account: UUID, owner: UUID, number: int) -> None:
        opportunity = {"name": f"Deal {number}", "account_id": account, "amount": str(number)}
        work.create("opportunity", opportunity | {"owner_id": owner, "pipeline": "new_business"})
        about = {"about_entity": "account", "about_id": account, "owner_id": owner, "party_id": account}
        work.create("task", {"subject": f"Call {number}"} | about)
        work.create("activity", {"type": "note", "subject": f"Met secret {number}"} | about)

    def customer(self, work: Any, owner: UUID) -> None:
        word = self.chance.choice(["Acme", "Bolt", "Cobra", "secret", "Übel"])
        number = self.chance.randint(1, 10**6)
        account = work.create(
            "account",
            {
                "name": f"{word} {number}",
                "owner_id": owner,
                "industry": self.chance.choice(["retail", "food", None]),
                "city": self.chance.choice(["Berlin", "berlin", None]),
                "employees": self.chance.choice([1, 100, None]),
                "revenue": str(self.chance.randint(1, 10**6)),
                "tax_number": f"DE{number}",
                "description": f"secret {number}",
                "phone": f"+49301{number}",
                # Somebody else's, which may be hidden
                "parent_id": self.chance.choice([None, *self.accounts]),
            },
        )
        self.accounts.append(account.id)
        contact = work.create(
            "contact",
            {"last_name": f"{word} {number}", "email": f"c{number}@example.com", "owner_id": owner},
        )
        work.create("account_contact", {"account_id": account.id, "contact_id": contact.id})
        self.doing(work, account.id, owner, number)
        order = work.create(
            "order", {"number": f"O{number}", "party_id": account.id, "owner_id": owner, "status": "draft"}
        )
        work.create(
            "order_line", {"order_id": order.id, "description": word, "quantity": "2", "unit_price": "5"}
        )


def meddle(tenon: Any, people: dict[str, Any], chance: random.Random) -> None:
    """Add, change and remove what Rosa and Mia own, and change the secret values of everybody's accounts."""
    filler = Filler(tenon, people, chance)
    filler.fill(("rosa", "mia"), 3)
    table = tenon.records.registry["account"].table
    theirs = [people[name].id for name in ("rita", "ravi", "max")]
    with tenon.storage.reading() as connection:
        visible = list(connection.scalars(sa.select(table.c.id).where(table.c.owner_id.in_(theirs))))
    filler.intrude("rosa", visible)
    for entity in ("account", "contact", "opportunity", "task", "activity"):
        table = tenon.records.registry[entity].table
        theirs = [people["rosa"].id, people["mia"].id]
        with tenon.storage.writing() as connection:
            ids = list(connection.scalars(sa.select(table.c.id).where(table.c.owner_id.in_(theirs))))
        for id_ in ids:
            change(tenon, entity, id_, chance)
    accounts = tenon.records.registry["account"].table
    with tenon.storage.writing() as connection:
        for id_ in list(connection.scalars(sa.select(accounts.c.id))):
            values = {
                "revenue": chance.randint(1, 10**6),
                "tax_number": "other",
                "description": "quite another",
            }
            connection.execute(sa.update(accounts).where(accounts.c.id == id_).values(**values))
        audit = sa.table("tenon_audit", sa.column("id"), sa.column("entity"), sa.column("changes"))
        for id_, told in connection.execute(
            sa.select(audit.c.id, audit.c.changes).where(audit.c.entity == "account")
        ).all():
            changes = json.loads(told)
            changes |= {path: [None, "other"] for path in SECRET if path in changes}
            connection.execute(sa.update(audit).where(audit.c.id == id_).values(changes=json.dumps(changes)))


def change(tenon: Any, entity: str, id_: UUID, chance: random.Random) -> None:
    title = {"account": "name", "contact": "last_name", "opportunity": "name"}.get(entity, "subject")
    try:
        with tenon.records.writing(system("test")) as work:
            if chance.random() < 0.3:
                work.archive(entity, id_)
            else:
                work.update(entity, id_, {title: f"secret {chance.randint(1, 10**6)}"})
    except TenonError:
        return


@dataclass
class Request:
    method: str
    path: str
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.method} {self.path} {json.dumps(self.body) if self.body is not None else ''}"


class Asker:
    """Makes up requests, most of them sensible."""

    def __init__(
        self, chance: random.Random, ids: dict[str, list[str]], seen: dict[str, list[str]], people: list[str]
    ) -> None:
        self.chance = chance
        self.ids = ids
        self.seen = seen
        self.people = people

    def request(self) -> Request:
        makers = (
            *[self.listing] * 6, *[self.searching] * 4, self.sums, self.sums, *[self.one] * 4, self.history,
            self.timeline, self.global_search, self.other, self.patch, self.delete, self.create, self.bulk,
            self.merge, self.external,
        )  # fmt: skip
        return self.chance.choice(makers)()

    def kind(self) -> str:
        return self.chance.choice(list(KINDS))

    def id(self, kind: str) -> str:
        seen, there = self.seen[kind], self.ids[kind]
        return self.chance.choice(
            [*(seen or there), *there] if self.chance.random() < 0.9 else [str(new_id())]
        )

    def field(self, kind: str) -> str:
        """One that is there mostly, sometimes a secret one, one of another record or none at all."""
        if self.chance.random() < 0.8:
            return self.chance.choice([path for path in FIELDS[kind] if path not in SECRET])
        return self.chance.choice([*FIELDS[kind], *THROUGH, "nonsense", "custom.x", "id", "version"])

    def test(self, kind: str) -> tuple[str, str, str]:
        """A field, an operator and a value, which fit each other mostly."""
        path = self.field(kind)
        if self.chance.random() < 0.15:
            return path, self.chance.choice(OPERATORS), self.chance.choice([*VALUES, self.id(kind)])
        last = path.rpartition(".")[2]
        if last.endswith("_id"):
            to = last.removesuffix("_id")
            value = self.id(to if to in KINDS else kind) if last != "owner_id" else self.owner()
            return path, self.chance.choice(["eq", "ne", "in", "not_in"]), value
        if last in ("employees", "amount", "quantity", "revenue", "version"):
            return path, self.chance.choice(["gt", "lte", "ne"]), self.chance.choice(["1", "100", "300000"])
        if last.endswith(("_at", "_on", "_date")):
            return path, *self.chance.choice(
                [("within", "this_year"), ("empty", "true"), ("gt", "2020-01-01")]
            )
        if last in ("stage", "status", "kind", "type", "role", "is_primary"):
            return path, "empty", self.chance.choice(["true", "false"])
        operator = self.chance.choice(
            ["contains", "not_contains", "starts_with", "ends_with", "eq", "ne", "gt"]
        )
        return path, operator, self.chance.choice(["secret", "Acme", "e", "1", "Berlin", "49301", "o"])

    def owner(self) -> str:
        return self.chance.choice([*self.people, "$me"])

    def arguments(self, kind: str) -> list[tuple[str, str]]:
        found = []
        for _number in range(self.chance.choice([0, 0, 1, 1, 2])):
            path, operator, value = self.test(kind)
            found.append((f"filter[{path}][{operator}]", value))
        if self.chance.random() < 0.4:
            found.append(("sort", self.chance.choice(["", "-"]) + self.field(kind)))
        links = [path for path in FIELDS[kind] if path.endswith("_id") and path != "about_id"]
        for name, values in (
            ("search", ["secret", "acme", "berlin", "49301", "c1"]),
            ("total", ["true"]),
            ("include", [*links, "revenue"]),
            ("fields", [f"id,{self.field(kind)}"]),
            ("archived", ["all", "only", "no"]),
            ("page[size]", ["1", "3", "7"]),
        ):
            if self.chance.random() < 0.25:
                found.append((name, self.chance.choice(values)))
        if self.chance.random() < 0.03:
            found.append(self.chance.choice([("page[after]", "x"), ("page[size]", "0"), ("total", "x")]))
        return found

    def at(self, path: str, arguments: Iterable[tuple[str, str]] = ()) -> str:
        query = "&".join(f"{quote(k, safe='[]._')}={quote(v, safe='')}" for k, v in arguments)
        return f"/api/v1/{path}" + (f"?{query}" if query else "")

    def listing(self) -> Request:
        kind = self.kind()
        return Request("GET", self.at(KINDS[kind], self.arguments(kind)))

    def searching(self) -> Request:
        kind = self.kind()
        body: dict[str, Any] = {"filter": self.part(kind, 2), "total": True}
        if self.chance.random() < 0.5:
            body["sort"] = [self.field(kind)]
        return Request("POST", self.at(f"{KINDS[kind]}/search"), body)

    def part(self, kind: str, depth: int) -> Any:
        chosen = self.chance.choice(["and", "or", "not", "test", "test"]) if depth else "test"
        if chosen == "not":
            return {"not": self.part(kind, depth - 1)}
        if chosen in ("and", "or"):
            return {chosen: [self.part(kind, depth - 1) for _number in range(2)]}
        path, operator, value = self.test(kind)
        return {"field": path, "op": operator, "value": [value] if operator in ("in", "not_in") else value}

    def sums(self) -> Request:
        kind = self.kind()
        arguments = [("by", self.field(kind))]
        if self.chance.random() < 0.6:
            of = {"opportunity": "amount", "account": "employees", "order_line": "quantity"}.get(
                kind, "amount"
            )
            arguments.append(("of", self.chance.choice([of, of, of, "revenue"])))
        filters = [a for a in self.arguments(kind) if a[0].startswith("filter")]
        return Request("GET", self.at(f"{KINDS[kind]}/sums", arguments + filters))

    def one(self) -> Request:
        kind = self.kind()
        arguments = [a for a in self.arguments(kind) if a[0] in ("include", "fields")]
        if self.chance.random() < 0.1:
            arguments.append(("as_of", "2999-01-01T00:00:00Z"))
        headers = (("If-None-Match", '"1"'),) if self.chance.random() < 0.2 else ()
        return Request("GET", self.at(f"{KINDS[kind]}/{self.id(kind)}", arguments), None, headers)

    def history(self) -> Request:
        kind = self.kind()
        return Request("GET", self.at(f"{KINDS[kind]}/{self.id(kind)}/history"))

    def timeline(self) -> Request:
        kind = self.chance.choice(["account", "contact", "party", "opportunity"])
        return Request("GET", self.at(f"{KINDS[kind]}/{self.id(kind)}/timeline"))

    def global_search(self) -> Request:
        text = self.chance.choice(["secret", "acme", "DE", "other", "deal 1", "c1@example.com", ""])
        return Request("GET", self.at("search", [("q", text)]))

    def other(self) -> Request:
        kind = self.kind()
        id_ = self.id("opportunity")
        return Request(
            "GET",
            self.at(
                self.chance.choice(
                    [
                        "", "me", "openapi.json", "pipelines", "approvals", f"{KINDS[kind]}/fields", "users",
                        "teams", f"opportunities/{id_}/transitions", f"opportunities/{id_}/stage-history",
                        f"opportunities/{id_}/approvals", "accounts/nonsense",
                        f"x/b2b_accounts/accounts/{self.id('account')}/rollup",
                        f"x/permissions/accounts/{self.id('account')}/shares",
                    ]
                )
            ),
        )  # fmt: skip

    # Writes that are refused: they may not tell what they were refused for.

    def patch(self) -> Request:
        kind = self.kind()
        values = {self.field(kind): "x", "nonsense": 1}
        return Request("PATCH", self.at(f"{KINDS[kind]}/{self.id(kind)}"), values, (("If-Match", "*"),))

    def delete(self) -> Request:
        kind = self.kind()
        return Request("DELETE", self.at(f"{KINDS[kind]}/{self.id(kind)}"), None, (("If-Match", '"99"'),))

    def create(self) -> Request:
        kind = self.chance.choice(["account", "contact", "opportunity", "order_line", "account_contact"])
        values = {
            self.field(kind): self.chance.choice(VALUES),
            "account_id": self.id("account"),
            "nonsense": 1,
        }
        return Request("POST", self.at(KINDS[kind]), values)

    def bulk(self) -> Request:
        kind = self.kind()
        items = [{"id": self.id(kind), "version": 99, "values": {"nonsense": 1}} for _number in range(3)]
        return Request("POST", self.at(f"{KINDS[kind]}/bulk"), {"update": items})

    def merge(self) -> Request:
        body = {"duplicates": [str(new_id())], "values": {"nonsense": 1}}
        return Request("POST", self.at(f"accounts/{self.id('account')}/merge"), body)

    def external(self) -> Request:
        kind = self.kind()
        return Request("GET", self.at(f"{KINDS[kind]}/by-external-id/sap/{self.chance.randint(1, 9)}"))


def answered(tenon: Any, key: str, request: Request) -> tuple[int, bytes, list[tuple[str, str]]]:
    found = tenon.app.test_client(use_cookies=False).open(
        request.path,
        method=request.method,
        json=request.body,
        headers={"Authorization": f"Bearer {key}", **dict(request.headers)},
    )
    headers = sorted((k, v) for k, v in found.headers if k.lower() not in ("date", "x-request-id"))
    return found.status_code, found.data, headers


@dataclass
class Pair:
    """The two deployments, the keys of the personas and the ids of records that are in one or both."""

    one: Any
    other: Any
    keys: dict[str, str]
    actors: dict[str, Any]
    ids: dict[str, list[str]]
    people: list[str]

    def seen(self, persona: str) -> dict[str, list[str]]:
        """The ids of what the persona sees."""
        found = {}
        for kind in KINDS:
            with self.one.records.reading(self.actors[persona]) as work:
                try:
                    page = work.page(kind, Query(size=100, archived="all")).data
                except TenonError:
                    page = []
            found[kind] = sorted(str(record.id) for record in page)
        return found


def ids_of(tenon: Any, most: int, chance: random.Random) -> dict[str, list[str]]:
    found = {}
    for kind in KINDS:
        table = tenon.records.registry[kind].table
        with tenon.storage.reading() as connection:
            rows = sorted(str(id_) for id_ in connection.scalars(sa.select(table.c.id)))
        found[kind] = rows if len(rows) <= most else chance.sample(rows, most)
    return found


@pytest.fixture
def pair(sales: Sales, tenon: Tenon, tmp_path: Path) -> Iterator[Pair]:
    """A deployment and one on a copy of its database, where what is hidden was changed."""
    chance = random.Random(11)
    filler = Filler(tenon, sales.people, chance)
    filler.fill(("rosa", "mia", "rita", "ravi", "max"), 3)
    filler.intrude("mia", filler.accounts)
    keys = {}
    for persona, name, scopes in (
        ("rep", "rita", None),
        ("manager", "max", None),
        ("key with scopes", "max", ["account:read", "contact:read", "opportunity:read"]),
    ):
        _row, keys[persona] = tenon.identity.create_api_key(sales.people[name].id, persona, scopes=scopes)
    tenon.storage.engine.dispose()
    with tenon.storage.writing() as connection:
        connection.execute(sa.text("UPDATE identity_api_key SET last_used_at = NULL"))
    file = tmp_path / "copy.db"
    for end in ("", "-wal", "-shm"):
        source = Path(f"{tenon.storage.url.database}{end}")
        if source.exists():
            shutil.copyfile(source, f"{file}{end}")
    other = create_tenon(
        replace(tenon.settings, database=DatabaseSettings(url=f"sqlite:///{file}")),
        clock=tenon.clock,
        plugins=tenon.plugins,
    )
    meddle(other, sales.people, chance)
    for made in (tenon, other):
        add_faces(made)
        made.app.testing = True
    ids = ids_of(tenon, 40, chance)
    for kind, more in ids_of(other, 40, chance).items():
        ids[kind] = sorted({*ids[kind], *more})
    actors = {persona: tenon.identity.actor_for_key(key) for persona, key in keys.items()}
    people = sorted(str(person.id) for person in sales.people.values())
    yield Pair(tenon, other, keys, actors, ids, people)
    other.storage.close()


def differences(pair: Pair, persona: str, count: int, seed: int) -> list[str]:
    asker = Asker(random.Random(seed), pair.ids, pair.seen(persona), pair.people)
    found = []
    statuses: dict[int, int] = {}
    for _number in range(count):
        request = asker.request()
        answers = [answered(tenon, pair.keys[persona], request) for tenon in (pair.one, pair.other)]
        statuses[answers[0][0]] = statuses.get(answers[0][0], 0) + 1
        if answers[0] != answers[1]:
            found.append(f"{request}\n  {_shown(answers[0])}\n  {_shown(answers[1])}")
    print(f"{persona}: {count} requests, {dict(sorted(statuses.items()))}, {len(found)} differ")
    return found


def _shown(answer: tuple[int, bytes, list[tuple[str, str]]]) -> str:
    return f"{answer[0]} {answer[1][:600].decode(errors='replace')}"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("persona", ["rep", "manager", "key with scopes"])
def test_what_is_hidden_makes_no_difference(pair: Pair, persona: str) -> None:
    found = differences(pair, persona, REQUESTS, seed=len(persona))
    assert found == [], "\n".join(found[:10])


@pytest.mark.timeout(600)
def test_without_a_policy_it_does(pair: Pair) -> None:
    """The control: where everybody sees everything, the same requests tell the two apart."""
    from tenon.access.policy import OpenPolicy

    for tenon in (pair.one, pair.other):
        tenon.access.policy = OpenPolicy()
    assert len(differences(pair, "rep", 60, seed=3)) > 10
