"""Demo data: a tree of companies, the people there, and what may be sold to them.

The same every time, but for its dates, which are told from the clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from tenon.api import Query, Record, Where, Work, rounded

from .demo_data import (
    COMPANIES,
    LOST,
    NEW_BUSINESS_STAGES,
    NEXT_STEPS,
    OCCASIONS,
    RENEWAL_STAGES,
    SCALE,
    SOURCES,
    TALKS,
)
from .pipelines import NEW_BUSINESS, RENEWAL

SEED = 20_260_106
PIPELINES = {pipeline.key: pipeline for pipeline in (NEW_BUSINESS, RENEWAL)}
CLOSED = frozenset({"won", "lost", "renewed", "ended"})


def seed(work: Work, tenon: Any) -> None:
    """Fill an empty database. Whatever users, contacts and products there are take part."""
    rng = Random(SEED)
    owners = _sellers(work)
    accounts = list(_companies(work, rng, owners))
    people = _places(work, rng, accounts)
    products = work.page("product", Query(size=100, sort=("name",))).data
    for pipeline, stages in (("new_business", NEW_BUSINESS_STAGES), ("renewal", RENEWAL_STAGES)):
        for stage, count in stages:
            for _number in range(count):
                _opportunity(work, rng, pipeline, stage, accounts, people, products, owners)


def _sellers(work: Work) -> list[UUID | None]:
    users = work.page(
        "user", Query(filter=Where("active", "eq", True), sort=("created_at", "id"), size=20)
    ).data
    plain = [user for user in users if not user.get("admin")]
    return [user.id for user in plain or users] or [None]


def _companies(work: Work, rng: Random, owners: list[UUID | None]) -> Iterator[Record]:
    made: dict[str, Record] = {}
    for number, row in enumerate(COMPANIES):
        name, parent, type_, industry, city, country, currency, employees, founded, revenue = row
        owner = made[parent]["owner_id"] if parent else rng.choice(owners)
        values = {
            "name": name,
            "parent_id": made[parent].id if parent else None,
            "type": type_,
            "industry": industry,
            "city": city,
            "country": country,
            "employees": employees,
            "founded": founded,
            "revenue": revenue * 1_000_000,
            "revenue_currency": currency,
            "website": f"https://company{number + 1}.example.com",
            "email": f"office@company{number + 1}.example.com",
            "owner_id": owner,
        }
        made[name] = work.create(
            "account", values, facts={"created_at": _ago(work.now, rng.uniform(90, 700))}
        )
        yield made[name]


def _places(work: Work, rng: Random, accounts: list[Record]) -> dict[UUID, list[UUID]]:
    """Each person works at an account of their country where there is one; some had a place before."""
    people: dict[UUID, list[UUID]] = {}
    contacts = work.page("contact", Query(size=200, sort=("created_at", "id"))).data
    for contact in contacts:
        near = [account for account in accounts if account["country"] == contact["country"]]
        account = rng.choice(near or accounts)
        started = (work.now - timedelta(days=rng.randint(200, 3000))).date()
        first = account.id not in people
        work.create("account_contact", _place(account, contact, started, is_primary=first))
        people.setdefault(account.id, []).append(contact.id)
        if rng.random() < 0.15:
            former = rng.choice(accounts)
            left = started - timedelta(days=rng.randint(10, 90))
            work.create(
                "account_contact", _place(former, contact, left - timedelta(days=900)) | {"ends_on": left}
            )
    return people


def _place(account: Record, contact: Record, starts_on: date, *, is_primary: bool = False) -> dict[str, Any]:
    return {
        "account_id": account.id,
        "contact_id": contact.id,
        "starts_on": starts_on,
        "is_primary": is_primary,
    }


def _opportunity(
    work: Work,
    rng: Random,
    pipeline: str,
    stage: str,
    accounts: list[Record],
    people: dict[UUID, list[UUID]],
    products: list[Record],
    owners: list[UUID | None],
) -> None:
    # One in ten of the early ones has no account yet, as in any real list.
    nameless = stage in ("prospecting", "engaging") and rng.random() < 0.1
    account = None if nameless else rng.choice([a for a in accounts if a["type"] in ("customer", "prospect")])
    product = rng.choice(products) if products else None
    created = _ago(work.now, rng.uniform(20, 240) + (60 if stage in CLOSED else 0))
    since = created + (work.now - created) * rng.uniform(0.3, 0.95)
    values = {
        "name": _name(rng, pipeline, account, product),
        "pipeline": pipeline,
        "stage": stage,
        "account_id": account.id if account else None,
        "contact_id": rng.choice(people[account.id]) if account and people.get(account.id) else None,
        "product_id": product.id if product else None,
        "owner_id": account["owner_id"] if account else rng.choice(owners),
        "source": "existing" if pipeline == "renewal" else rng.choice(SOURCES),
        "close_date": since.date()
        if stage in CLOSED
        else (work.now + timedelta(days=rng.randint(-6, 120))).date(),
        "next_step": rng.choice(NEXT_STEPS) if stage not in CLOSED and rng.random() < 0.7 else None,
        "lost_reason": rng.choice(LOST) if stage in ("lost", "ended") else None,
        **_worth(rng, stage, account),
    }
    history = _history(rng, pipeline, stage, created, since)
    found = work.create("opportunity", values, note={"history": history})
    _talks(work, rng, found, created)
    if stage not in CLOSED and rng.random() < 0.35:
        _task(work, rng, found)


def _history(
    rng: Random, pipeline: str, stage: str, created: datetime, since: datetime
) -> list[dict[str, Any]]:
    """The stages it came through: all before its own, or some of them where it was lost."""
    path = [s.key for s in PIPELINES[pipeline].stages if s.status == "open"]
    if stage in path:
        path = path[: path.index(stage)]
    elif stage in ("lost", "ended"):
        path = path[: rng.randint(1, len(path))]
    moments = sorted(rng.random() for _stage in path[1:])
    starts = [created, *(created + (since - created) * part for part in moments)]
    stays = [{"stage": key, "at": at} for key, at in zip(path, starts, strict=False)]
    return [*stays, {"stage": stage, "at": since if stays else created}]


def _name(rng: Random, pipeline: str, account: Record | None, product: Record | None) -> str:
    what = product["name"] if product else "Sensors"
    whom = account["name"] if account else "enquiry from the web site"
    occasion = "renewal" if pipeline == "renewal" else rng.choice(OCCASIONS)
    return f"{what}, {occasion}: {whom}"


def _worth(rng: Random, stage: str, account: Record | None) -> dict[str, Any]:
    """An amount in the account's own currency; early opportunities may lack one."""
    if stage == "prospecting" and rng.random() < 0.4:
        return {}
    currency = account["revenue_currency"] if account else "USD"
    euros = round(rng.lognormvariate(10, 0.9), -2)
    return {"amount": rounded(Decimal(int(euros)) * SCALE[currency], currency), "amount_currency": currency}


def _talks(work: Work, rng: Random, opportunity: Record, created: datetime) -> None:
    for type_, subject, minutes in rng.sample(TALKS, rng.choice((0, 1, 1, 2, 3))):
        happened = created + (work.now - created) * rng.random()
        work.create(
            "activity",
            {
                "type": type_,
                "subject": subject,
                "happened_at": happened,
                "duration": minutes,
                "about_entity": "opportunity",
                "about_id": opportunity.id,
                "owner_id": opportunity["owner_id"],
            },
            facts={"created_at": happened},
        )


def _task(work: Work, rng: Random, opportunity: Record) -> None:
    work.create(
        "task",
        {
            "subject": opportunity["next_step"] or rng.choice(NEXT_STEPS),
            "due_at": work.now + timedelta(days=rng.randint(-5, 21), hours=rng.randint(-4, 6)),
            "priority": rng.choice(("normal", "normal", "high", "urgent")),
            "about_entity": "opportunity",
            "about_id": opportunity.id,
            "owner_id": opportunity["owner_id"],
        },
    )


def _ago(now: datetime, days: float) -> datetime:
    """A moment of a working hour, about so many days before ``now``."""
    moment = now - timedelta(days=days)
    return moment.replace(hour=8 + moment.minute % 9, second=0, microsecond=0)
