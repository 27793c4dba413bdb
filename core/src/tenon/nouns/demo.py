"""Demo data: products, people, what was said to them and what they ordered.

The same every time, but for its dates, which are told from the clock.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from ..api import Query, Record, Where, Work
from .demo_data import PEOPLE, PRODUCTS, TALKS, TASKS

SEED = 20_260_105


def seed(work: Work, tenon: Any) -> None:
    """Fill an empty database. Whatever users there are share the records."""
    rng = Random(SEED)
    owners = sellers(work)
    products = [product(work, *row) for row in PRODUCTS]
    people = [person(work, rng.choice(owners), rng, number, *row) for number, row in enumerate(PEOPLE)]
    for contact in people:
        talks(work, rng, contact)
    for contact in rng.sample(people, 18):
        task(work, rng, contact)
    for contact in rng.sample(people, 14):
        order(work, rng, contact, products)


def sellers(work: Work) -> list[UUID | None]:
    """Those who own demo records: the users who are no administrators, else all, else nobody."""
    users = work.page(
        "user", Query(filter=Where("active", "eq", True), sort=("created_at", "id"), size=20)
    ).data
    plain = [user for user in users if not user.get("admin")]
    return [user.id for user in plain or users] or [None]


def product(work: Work, name: str, sku: str, family: str, price: str, unit: str) -> Record:
    return work.create(
        "product",
        {
            "name": name,
            "sku": sku,
            "family": family,
            "list_price": price,
            "list_price_currency": work.records.currency,
            "unit": unit,
        },
    )


def person(
    work: Work,
    owner: UUID | None,
    rng: Random,
    number: int,
    first: str,
    last: str,
    language: str,
    title: str,
    city: str,
    country: str,
) -> Record:
    values = {
        "first_name": first or None,
        "last_name": last,
        "language": language,
        "title": title,
        "city": city,
        "country": country,
        "email": address(first, last, number),
        "phone": f"+1 202 555 {100 + number:04}",
        "owner_id": owner,
    }
    return work.create("contact", values, facts={"created_at": ago(work.now, rng.uniform(60, 400))})


def address(first: str, last: str, number: int) -> str:
    """An e-mail address in ASCII: accents taken off, other scripts by number."""
    plain = unicodedata.normalize("NFKD", f"{first}.{last}").encode("ascii", "ignore").decode().lower()
    local = "".join(c for c in plain if c.isalnum() or c == ".").strip(".")
    return f"{local or f'contact{number + 1}'}@example.com"


def ago(now: datetime, days: float) -> datetime:
    """A moment of a working hour, about so many days before ``now``."""
    moment = now - timedelta(days=days)
    return moment.replace(hour=8 + moment.minute % 9, second=0, microsecond=0)


def talks(work: Work, rng: Random, contact: Record) -> None:
    """Up to four things that were said or written."""
    for type_, subject, minutes in rng.sample(TALKS, rng.randint(0, 4)):
        happened = min(ago(work.now, rng.uniform(1, 120)), work.now)
        work.create(
            "activity",
            {
                "type": type_,
                "subject": subject.format(name=contact["name"]),
                "happened_at": happened,
                "duration": minutes,
                "direction": rng.choice(("in", "out")) if type_ in ("call", "mail") else None,
                "about_entity": "contact",
                "about_id": contact.id,
                "owner_id": contact["owner_id"],
            },
            facts={"created_at": happened},
        )


def task(work: Work, rng: Random, contact: Record) -> None:
    """Something to be done within two weeks, or that should have been done."""
    due = work.now + timedelta(days=rng.randint(-4, 14), hours=rng.randint(-3, 5))
    work.create(
        "task",
        {
            "subject": rng.choice(TASKS),
            "due_at": due,
            "priority": rng.choice(("low", "normal", "normal", "high", "urgent")),
            "status": "done" if rng.random() < 0.25 else "open",
            "about_entity": "contact",
            "about_id": contact.id,
            "owner_id": contact["owner_id"],
        },
    )


def order(work: Work, rng: Random, contact: Record, products: list[Record]) -> None:
    """An order of one to four lines."""
    placed = ago(work.now, rng.uniform(2, 200)).date()
    found = work.create(
        "order",
        {
            "party_id": contact.id,
            "placed_on": placed,
            "status": rng.choice(("draft", "placed", "confirmed", "fulfilled", "fulfilled")),
            "owner_id": contact["owner_id"],
        },
    )
    for item in rng.sample(products, rng.randint(1, 4)):
        work.create(
            "order_line", {"order_id": found.id, "product_id": item.id, "quantity": rng.randint(1, 12)}
        )
