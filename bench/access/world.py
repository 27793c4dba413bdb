"""1,000 people in five levels, their accounts, and what they shared.

One boss, five heads of sales, 25 directors, 150 managers, 819 representatives; everybody owns the same
number of accounts. Nothing is left to chance or to the clock.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from tenon.api import Actor, system
from tenon.app import Tenon, create_tenon
from tenon.settings import Settings

from .. import databases
from ..kernel.loading import Rows, loading
from ..kernel.world import BEGAN, INDUSTRIES, company, made_id, phone

LEVELS = (1, 5, 25, 150, 819)
PEOPLE = sum(LEVELS)
ACCOUNTS = {"small": 100_000, "full": 1_000_000}
FIRST = (0, 1, 6, 31, 181)
"""The first person of each level."""
PERSONAS = {"rep": 181, "manager": 31, "director": 6, "vp": 1, "boss": 0}


def person(number: int) -> UUID:
    return made_id(1, number)


def manager(number: int) -> UUID | None:
    """Each level reports to the one above, shared out evenly."""
    level = max(place for place, first in enumerate(FIRST) if number >= first)
    if level == 0:
        return None
    return person(FIRST[level - 1] + (number - FIRST[level]) % LEVELS[level - 1])


@dataclass(frozen=True)
class Loaded:
    """A deployment on a full database, and who asks by persona."""

    tenon: Tenon
    url: str
    accounts: int

    def actor(self, persona: str) -> Actor:
        found = self.tenon.identity.actor_for_user(person(PERSONAS[persona]))
        assert found is not None
        return found


@contextmanager
def loaded(dialect: str, scale: str) -> Iterator[Loaded]:
    """The world in a database that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tenon-bench-", dir=databases.cache()) as place:
        folder = Path(place)
        with _database(dialect, folder) as url:
            tenon = create_tenon(settings(url, folder))
            tenon.migrations.upgrade()
            _fill(tenon, ACCOUNTS[scale])
            yield Loaded(tenon, url, ACCOUNTS[scale])
            tenon.storage.close()


@contextmanager
def _database(dialect: str, folder: Path) -> Iterator[str]:
    if dialect == "sqlite":
        yield f"sqlite:///{folder / 'tenon.db'}"
        return
    server, name = databases.server(), f"tenon_bench_access_{uuid.uuid4().hex[:8]}"
    databases.administer(
        server,
        f'CREATE DATABASE "{name}"',
        # The CPU of helpers that a query calls in would go unseen.
        f'ALTER DATABASE "{name}" SET max_parallel_workers_per_gather = 0',
    )
    try:
        yield databases.at(server, name)
    finally:
        databases.administer(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def settings(url: str, folder: Path) -> Settings:
    return Settings.for_tests(
        database=url,
        plugins=["b2b_accounts", "permissions"],
        access="policy",
        modes={"b2b"},
        var=folder / "var",
        root=folder,
        limits={"requests_per_minute": 0, "reads_per_hour": 0},
    )


def _fill(tenon: Tenon, accounts: int) -> None:
    with loading(tenon) as load:
        load.rows("identity_user", USER, _users())
        load.rows("b2b_accounts_account", ACCOUNT, (_account(number) for number in range(accounts)))
        load.rows("permissions_grant", GRANT, _grants(accounts))
    with tenon.storage.writing() as connection:
        tenon.identity.org.refresh(connection)
    load.finish()


RECORD = ("id", "version", "created_at", "updated_at", "custom")
USER = (*RECORD, "name", "email", "active", "admin", "roles", "manager_id")
ACCOUNT = (*RECORD, "owner_id", "name", "type", "industry", "phone", "city", "country")
GRANT = ("entity", "record_id", "principal_kind", "principal_id", "level", "cause", "cause_id", "at")


def _users() -> Rows:
    for number in range(PEOPLE):
        role = "boss" if number == 0 else "sales" if number >= FIRST[4] else "manager"
        yield (
            person(number), 1, BEGAN, BEGAN, {}, f"Person {number}", f"p{number}@example.com", True, False,
            [role], manager(number),
        )  # fmt: skip


def _account(number: int) -> tuple[Any, ...]:
    return (
        made_id(2, number), 1, BEGAN, BEGAN, {}, person(number % PEOPLE), company(number), "prospect",
        INDUSTRIES[number % 10], phone(number), "Berlin", "DE",
    )  # fmt: skip


def _grants(accounts: int) -> Rows:
    for number in range(accounts // 10):
        yield (
            "account", made_id(2, number * 7919 % accounts), "user",
            person(number * 104_729 % PEOPLE), 1 + number % 3, "hand", made_id(8, number), BEGAN,
        )  # fmt: skip


def activate(tenon: Tenon, *lines: str) -> None:
    """Put those lines in force, for the roles that they name; without any, the suggested policy."""
    from tenon_permissions.defaults import default_document
    from tenon_permissions.document import PolicyDocument, Role
    from tenon_permissions.line import Line

    policy: Any = tenon.access.policy
    found = tuple(Line(*line.split()) for line in lines)
    roles = {line.sub: Role(line.sub, line.sub.title()) for line in found}
    document = PolicyDocument(roles, {}, found) if lines else default_document(tenon)
    policy.revisions.add(document, policy.names, system("bench"))
    policy.changed()
