"""What accounts and opportunities show on pages, as data for the templates beside."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

from babel.numbers import format_currency

from tenon.api import And, Filter, Query, Slot, Where, Work, _

from .place import people_at
from .rollup import rollup

B2B = frozenset({"b2b"})
OPEN = Where("stage_status", "eq", "open")


def open_amount(context: Any) -> dict[str, Any] | None:
    """The open amount of the account and of all below it; no panel where nothing is open."""
    found = rollup(context.work, context.record.id)
    if not found.opportunities:
        return None
    alone = {row["amount_currency"]: row["amount"] for row in _open_of(context.work, [context.record.id])}
    return {"rollup": found, "alone": alone, "account_id": context.record.id}


def people(context: Any) -> dict[str, Any] | None:
    """Who works at the account, or did."""
    places = people_at(context.work, context.record.id)
    if not places:
        return None
    names = context.work.titles("contact", [place["contact_id"] for place in places])
    return {
        "places": [p for p in places if p["contact_id"] in names],
        "names": names,
        "today": context.work.now.date(),
    }


def open_column(context: Any) -> dict[UUID, str]:
    """The open amount of each account in a list, without its subsidiaries."""
    texts: dict[UUID, list[str]] = defaultdict(list)
    locale = (context.actor.locale or "en").replace("-", "_")
    for row in _open_of(context.work, [record.id for record in context.records]):
        if row["amount"]:
            texts[row["account_id"]].append(
                format_currency(row["amount"], row["amount_currency"], locale=locale)
            )
    return {id_: " + ".join(parts) for id_, parts in texts.items()}


def _open_of(work: Work, account_ids: list[UUID]) -> list[dict[str, Any]]:
    chosen: Filter = And((Where("account_id", "in", account_ids), OPEN))
    return work.sums("opportunity", Query(filter=chosen), by=("account_id",), of=("amount",))


SLOTS = (
    Slot(
        "open_amount",
        "record.panel",
        _("Open business"),
        render=open_amount,
        template="b2b_accounts/open_amount.html",
        entity="account",
        icon="sitemap",
        permission="opportunity:read",
        weight=20,
        modes=B2B,
    ),
    Slot(
        "people",
        "record.panel",
        _("People"),
        render=people,
        template="b2b_accounts/people.html",
        entity="account",
        icon="users",
        permission="account_contact:read",
        weight=30,
        modes=B2B,
    ),
    Slot(
        "open_column",
        "list.column",
        _("Open amount"),
        render=open_column,
        entity="account",
        permission="opportunity:read",
        modes=B2B,
    ),
)
