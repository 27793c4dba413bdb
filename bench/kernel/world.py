"""The data: representatives who each own an equal share of accounts, contacts and opportunities.

The same on every machine and database: nothing in it is left to chance or to the clock.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

from tenon.app import create_tenon
from tenon.identity import NewUser
from tenon.settings import Settings

from .loading import Rows, loading

INDUSTRIES = (
    "retail",
    "software",
    "medical",
    "finance",
    "energy",
    "logistics",
    "food",
    "telecom",
    "media",
    "public",
)
SYLLABLES = (
    "nor",
    "vel",
    "tar",
    "mi",
    "sol",
    "ka",
    "ren",
    "dox",
    "lum",
    "fer",
    "gan",
    "pi",
    "zo",
    "ber",
    "cal",
    "tun",
)
STAGES = ("prospecting",) * 5 + ("engaging", "proposal", "negotiation", "won", "lost")
STATUS = {"won": "won", "lost": "lost"}
BEGAN = datetime(2025, 1, 6, 8, tzinfo=UTC)
PLUGINS = ("b2b_accounts",)


@dataclass(frozen=True)
class World:
    """How much there is. Each representative owns 1,000 accounts, 3,000 contacts and 1,000 opportunities."""

    reps: int

    @property
    def accounts(self) -> int:
        return self.reps * 1000

    @cached_property
    def owners(self) -> list[UUID]:
        return [made_id(1, n) for n in range(self.reps)]

    def owner(self, number: int) -> UUID:
        return self.owners[number % self.reps]

    def own(self, rep: int, kind: int) -> Iterator[tuple[int, UUID]]:
        """The numbers and ids of what a representative owns: 2 accounts, 3 contacts, 4 opportunities."""
        return ((n, made_id(kind, n)) for n in range(rep, self.accounts, self.reps))


WORLDS = {"small": World(5), "full": World(100)}


def made_id(kind: int, number: int) -> UUID:
    """A UUIDv7 that sorts by ``number``."""
    moment = int(BEGAN.timestamp() * 1000) + number
    return UUID(
        int=(moment << 80) | (0x7 << 76) | (kind << 64) | (0x2 << 62) | (number * 2_654_435_761 % 2**61)
    )


def word(number: int) -> str:
    """A name that is spread over the alphabet."""
    mixed = number * 2_654_435_761 % 2**32
    return "".join(SYLLABLES[(mixed >> shift) & 15] for shift in (28, 20, 12, 4)).capitalize()


def stage_of(number: int, reps: int) -> str:
    """The stage of an opportunity: half of those of each representative stand in the first."""
    return STAGES[number // reps % len(STAGES)]


def settings(url: str, folder: Path) -> Settings:
    """Those of a deployment with the plugin that sells to companies."""
    return Settings.for_tests(
        database=url,
        plugins=PLUGINS,
        modes={"b2b"},
        var=folder / "var",
        root=folder,
        limits={"requests_per_minute": 0},
    )


def fill(world: World, url: str, folder: Path) -> None:
    """Migrate the database at ``url``, load the data and keep keys of API users in ``folder``."""
    tenon = create_tenon(settings(url, folder))
    tenon.migrations.upgrade()
    admin = tenon.identity.create_user(NewUser("Administrator", "admin@example.com", admin=True))
    with loading(tenon) as load:
        for table, columns, rows in tables(world):
            load.rows(table, columns, rows)
    load.finish()
    users = [*world.owners, admin]
    keys = [tenon.identity.create_api_key(user, "bench")[1] for user in users]
    people = [{"id": str(user), "key": key} for user, key in zip(users, keys, strict=True)]
    (folder / "people.json").write_text(json.dumps(people), encoding="utf-8")
    tenon.storage.close()


RECORD = ("id", "version", "created_at", "updated_at", "created_by", "custom")


def record(kind: int, number: int, owner: UUID) -> tuple[Any, ...]:
    at = BEGAN + timedelta(minutes=number % 400_000)
    return (made_id(kind, number), 1, at, at, owner, {})


def tables(world: World) -> Iterator[tuple[str, tuple[str, ...], Rows]]:
    """Every table with the columns that are filled and the rows, in an order that references allow."""
    yield "identity_user", (*RECORD[:4], "custom", "name", "email", "active", "admin", "roles"), users(world)
    party = (*RECORD, "owner_id", "entity", "kind", "name", "email", "phone")
    yield "nouns_party", party, (p for n in range(world.accounts) for p in parties(world, n))
    yield (
        "b2b_accounts_account",
        (*RECORD, "owner_id", "name", "type", "industry", "revenue", "revenue_currency", "employees",
         "founded", "website", "email", "phone", "street", "postal_code", "city", "country"),
        map(world_row(world, account), range(world.accounts)),
    )  # fmt: skip
    yield (
        "nouns_contact",
        (
            *RECORD,
            "owner_id",
            "name",
            "first_name",
            "last_name",
            "title",
            "email",
            "phone",
            "city",
            "country",
        ),
        map(world_row(world, contact), range(world.accounts * 3)),
    )
    yield (
        "b2b_accounts_opportunity",
        (*RECORD, "owner_id", "pipeline", "stage", "stage_status", "stage_since", "name", "account_id",
         "amount", "amount_currency", "close_date", "forecast_category", "source"),
        map(world_row(world, opportunity), range(world.accounts)),
    )  # fmt: skip
    yield (
        "tenon_stage_history",
        ("id", "kind", "entity", "record_id", "pipeline", "stage", "status", "entered_at", "actor_id",
         "overridden", "amount", "close_date", "category"),
        map(world_row(world, stay), range(world.accounts)),
    )  # fmt: skip


def world_row(world: World, make: Any) -> Any:
    return lambda number: make(world, number)


def users(world: World) -> Rows:
    for number, id_ in enumerate(world.owners):
        yield (
            id_,
            1,
            BEGAN,
            BEGAN,
            {},
            f"Representative {number}",
            f"rep{number}@example.com",
            True,
            False,
            [],
        )


def parties(world: World, number: int) -> Iterator[tuple[Any, ...]]:
    owner = world.owner(number)
    yield (*record(2, number, owner), owner, "account", "organisation", company(number), None, phone(number))
    for n in range(number * 3, number * 3 + 3):
        name, _first, _last, email = person(n)
        owner = world.owner(n)
        yield (*record(3, n, owner), owner, "contact", "person", name, email, phone(n))


def company(number: int) -> str:
    return f"{word(number)} {INDUSTRIES[number % 7].capitalize()} {number}"


def person(number: int) -> tuple[str, str, str, str]:
    first, last = word(number + 11), word(number * 7 + 3)
    return f"{first} {last}", first, last, f"{first}.{last}.{number}@example.com".lower()


def phone(number: int) -> str:
    return f"+4930{number:07d}"


def account(world: World, number: int) -> tuple[Any, ...]:
    owner = world.owner(number)
    industry = INDUSTRIES[number // world.reps % len(INDUSTRIES)]
    return (
        *record(2, number, owner), owner, company(number), "customer" if number % 3 else "prospect",
        industry, Decimal(number % 9000 * 1000), "EUR", number % 5000, 1950 + number % 70,
        f"https://a{number}.example.com", None, phone(number), f"{word(number + 5)} street {number % 200}",
        f"{10000 + number % 80000}", word(number + 9), "DE",
    )  # fmt: skip


def contact(world: World, number: int) -> tuple[Any, ...]:
    owner = world.owner(number)
    name, first, last, email = person(number)
    return (
        *record(3, number, owner),
        owner,
        name,
        first,
        last,
        "Buyer",
        email,
        phone(number),
        word(number + 9),
        "DE",
    )


def opportunity(world: World, number: int) -> tuple[Any, ...]:
    owner, stage = world.owner(number), stage_of(number, world.reps)
    at = BEGAN + timedelta(minutes=number % 400_000)
    return (
        *record(4, number, owner), owner, "new_business", stage, STATUS.get(stage, "open"), at,
        f"Deal {number}", made_id(2, number), amount(number), "EUR", closing(number), "pipeline", "referral",
    )  # fmt: skip


def amount(number: int) -> Decimal:
    return Decimal(number * 7919 % 90_000) + Decimal(number % 100) / 100


def closing(number: int) -> date:
    return date(2026, 1, 1) + timedelta(days=number % 365)


def stay(world: World, number: int) -> tuple[Any, ...]:
    stage = stage_of(number, world.reps)
    at = BEGAN + timedelta(minutes=number % 400_000)
    return (
        made_id(5, number), "stage", "opportunity", made_id(4, number), "new_business",
        stage, STATUS.get(stage, "open"), at, world.owner(number), False, amount(number), closing(number),
        "pipeline",
    )  # fmt: skip
