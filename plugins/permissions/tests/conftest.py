"""A sales organisation under the suggested policy: Bea over Max and Mia, Max over Rita and Ravi."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tenon.api import Actor, system
from tenon.settings import Settings


@dataclass
class Sales:
    """A deployment, its people by first name, and who owns what."""

    tenon: object
    people: dict[str, Actor]

    @property
    def policy(self):
        return self.tenon.access.policy

    def __getattr__(self, name: str) -> Actor:
        try:
            return self.people[name]
        except KeyError:
            raise AttributeError(name) from None

    def account(self, name: str, owner: str | None, **values):
        owner_id = self.people[owner].id if owner else None
        with self.tenon.records.writing(system("test")) as work:
            return work.create("account", {"name": name, "owner_id": owner_id, **values}).id

    def seen(self, name: str, entity: str = "account"):
        from tenon.api import Query

        with self.tenon.records.reading(self.people[name]) as work:
            return [record.title for record in work.page(entity, Query(size=100)).data]

    def activate(self, *lines: str, roles=(), **parts):
        """Add lines, each ``role, *, account, read, own, all, allow``, to the policy in force."""
        from dataclasses import replace

        from tenon_permissions.document import Role
        from tenon_permissions.line import Line

        document = self.policy.snapshot.document
        added = tuple(Line(*(token.strip() for token in line.split(","))) for line in lines)
        known = {**document.roles, **{key: Role(key, key) for key in roles}}
        new = replace(document, roles=known, lines=document.lines + added, **parts)
        self.policy.revisions.add(new, self.policy.names, system("test"))
        self.policy.changed()


def organisation(tenon, as_role) -> Sales:
    from tenon_permissions.defaults import default_document

    policy = tenon.access.policy
    policy.revisions.add(default_document(tenon), policy.names, system("test"))
    policy.changed()
    people: dict[str, Actor] = {}
    for name, role, boss in (
        ("bea", "boss", None),
        ("mia", "manager", "bea"),
        ("max", "manager", "bea"),
        ("rita", "sales", "max"),
        ("ravi", "sales", "max"),
        ("rosa", "sales", "mia"),
    ):
        manager_id = people[boss].id if boss else None
        people[name] = as_role(role, name=name.title(), manager_id=manager_id)
    people["ada"] = as_role(name="Ada", admin=True)
    people["nobody"] = as_role(name="Nobody")
    return Sales(tenon, people)


@pytest.fixture(params=["sqlite", "postgresql"])
def tenon_database(request):
    if request.param == "sqlite":
        return "sqlite"
    return str(request.getfixturevalue("postgres_server").render_as_string(hide_password=False))


@pytest.fixture
def tenon_settings():
    return Settings.for_tests(plugins=["b2b_accounts", "permissions"], access="policy")


@pytest.fixture
def sales(tenon, as_role) -> Sales:
    return organisation(tenon, as_role)
