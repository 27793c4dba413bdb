"""A sales organisation under the suggested policy, as whoever attacks it finds it."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tenon.app import Tenon
from tenon.identity.actor import Actor, system
from tenon.settings import Settings
from tenon.testing import ApiClient
from tenon.testing.people import PASSWORD, make_actor, sign_in
from tests.web.visitor import Page, Visitor

SECRET, PLAIN = "Quarkzyx", "Plainwort"
REVENUE = "7654321.00"
SETTINGS = Settings.for_tests(
    plugins=["b2b_accounts", "permissions"],
    access="policy",
    locale={"currency": "EUR"},
    limits={"requests_per_minute": 0, "sign_ins_per_minute": 0},
)
PEOPLE = (
    ("boss", "boss", None),
    ("manager", "manager", "boss"),
    ("rep", "sales", "manager"),
    ("stranger", "sales", "boss"),
    ("clerk", "clerk", "boss"),
    ("nobody", None, None),
)


@dataclass(frozen=True)
class Company:
    """Who is there, by what they are; the clerk sees every account but not what it earns.

    ``hidden`` are ids of the stranger's records, whose texts hold :data:`SECRET`; ``own`` are
    the rep's. Both have an account, an opportunity, a contact and a task.
    """

    tenon: Tenon
    people: dict[str, Actor]
    hidden: dict[str, str]
    own: dict[str, str]

    def api(self, who: str, *scopes: str) -> ApiClient:
        """The API with a key of theirs."""
        return ApiClient.of(self.tenon, self.people[who], *scopes)

    def browser(self, who: str) -> Visitor:
        """Their browser, signed in."""
        user, client = self.people[who], self.tenon.app.test_client()
        assert user.id is not None
        # Given when somebody wants one, since hashing takes its time.
        if not self.tenon.identity.users.get(user.id).signs_in:
            self.tenon.identity.set_password(user.id, PASSWORD)
        sign_in(self.tenon, client, str(user.email))
        return Visitor(client)

    def make(self, entity: str, /, **values: Any) -> str:
        """A record that the system makes; its id."""
        with self.tenon.records.writing(system("test")) as work:
            return str(work.create(entity, values).id)

    def values(self, entity: str, id_: str) -> dict[str, Any]:
        """What a record holds, whoever may see it."""
        with self.tenon.records.reading(system("test")) as work:
            record = work.get(entity, UUID(id_))
            return {path: record.get(path) for path in record.entity.fields}


def company(tenon: Tenon) -> Company:
    """The company in a deployment with :data:`SETTINGS` and both faces."""
    in_force(tenon)
    people: dict[str, Actor] = {}
    for name, role, boss in PEOPLE:
        people[name] = make_actor(
            tenon,
            (role,) if role else (),
            name=name.title(),
            email=f"{name}@example.com",
            manager_id=people[boss].id if boss else None,
        )
    made = Company(tenon, people, {}, {})
    made.hidden.update(records(made, "stranger", SECRET))
    made.own.update(records(made, "rep", PLAIN))
    return made


def in_force(tenon: Tenon) -> None:
    """The suggested policy, with a role that reads and changes accounts without their revenue."""
    from tenon.api import NamedFieldSet
    from tenon_permissions.defaults import default_document
    from tenon_permissions.document import PolicyDocument, Role
    from tenon_permissions.line import Line

    policy: Any = tenon.access.policy
    suggested = default_document(tenon)
    shy = NamedFieldSet("shy", "Without revenue", hide={"account": ("revenue", "revenue_currency")})  # type: ignore[arg-type]
    document = PolicyDocument(
        {**suggested.roles, "clerk": Role("clerk", "Clerk")},
        {"shy": shy},
        (
            *suggested.lines,
            *(Line("clerk", "*", "account", act, "all", "shy", "allow") for act in CLERK),
        ),
    )
    policy.revisions.add(document, policy.names, system("test"))
    policy.changed()


CLERK = ("read", "create", "update", "export", "import")


def records(made: Company, owner: str, word: str) -> dict[str, str]:
    """An account, an opportunity, a contact and a task of somebody's, with ``word`` in each."""
    owner_id = str(made.people[owner].id)
    account = made.make(
        "account",
        name=f"{word} Ltd",
        owner_id=owner_id,
        description=f"All about {word}",
        revenue=REVENUE,
        email=f"{word.lower()}@example.com",
    )
    sale = made.make("opportunity", name=f"{word} sale", owner_id=owner_id, account_id=account, amount="900")
    contact = made.make("contact", last_name=word, owner_id=owner_id)
    task = made.make("task", subject=f"Call {word}", owner_id=owner_id)
    return {"account": account, "opportunity": sale, "contact": contact, "task": task}


COLLECTIONS = {
    "account": "accounts",
    "opportunity": "opportunities",
    "contact": "contacts",
    "task": "tasks",
}


def upload(visitor: Visitor, content: bytes, name: str, kind: str = "accounts") -> Page:
    """Send a file to the import wizard, as its form does."""
    data: dict[str, Any] = {"kind": kind, "file": (io.BytesIO(content), name), "csrf_token": visitor.token()}
    sent = visitor.client.post(
        "/imports/new",
        data=data,
        content_type="multipart/form-data",
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    return Visitor._page(sent)


def told(answer: Any, *words: str) -> tuple[int, str]:
    """A status and a body without ``words`` and without the request's own id."""
    body = dict(answer.json or {})
    body.pop("request_id", None)
    text = json.dumps(body)
    for word in words:
        text = text.replace(word, "…")
    return answer.status, text
