"""What b2b_accounts adds to Tenon, through its hooks."""

from __future__ import annotations

from collections.abc import Iterable

from tenon.api import Entity, Pipeline, hookimpl

from .account import ACCOUNT
from .opportunity import OPPORTUNITY
from .pipelines import NEW_BUSINESS, RENEWAL
from .place import ACCOUNT_CONTACT


@hookimpl
def entities() -> Iterable[Entity]:
    return (ACCOUNT, ACCOUNT_CONTACT, OPPORTUNITY)


@hookimpl
def pipelines() -> Iterable[Pipeline]:
    return (NEW_BUSINESS, RENEWAL)
