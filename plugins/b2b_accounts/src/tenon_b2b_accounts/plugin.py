"""What b2b_accounts adds to Tenon, through its hooks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tenon.api import Endpoint, Entity, Pipeline, Seed, Slot, hookimpl

from .account import ACCOUNT
from .demo import seed
from .endpoints import endpoints_of
from .opportunity import OPPORTUNITY
from .panels import SLOTS
from .pipelines import NEW_BUSINESS, RENEWAL
from .place import ACCOUNT_CONTACT


@hookimpl
def entities() -> Iterable[Entity]:
    return (ACCOUNT, ACCOUNT_CONTACT, OPPORTUNITY)


@hookimpl
def pipelines() -> Iterable[Pipeline]:
    return (NEW_BUSINESS, RENEWAL)


@hookimpl
def slots() -> Iterable[Slot]:
    return SLOTS


@hookimpl
def endpoints(tenon: Any) -> Iterable[Endpoint]:
    return endpoints_of(tenon)


@hookimpl
def seeds() -> Iterable[Seed]:
    return (Seed("b2b_accounts", seed, modes=frozenset({"b2b"})),)
