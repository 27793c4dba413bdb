"""What the nouns add to Tenon, through its hooks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from ..api import Entity, Job, Seed, _, hookimpl
from .activity import ACTIVITY, follow_up
from .contact import CONTACT
from .demo import seed
from .directory import directory_first, forget, keep_directory
from .history import activities, tasks
from .order import ORDER
from .order_line import ORDER_LINE
from .party import PARTY
from .product import PRODUCT
from .reminders import remind
from .task import TASK
from .totals import keep_totals


@hookimpl
def entities() -> Iterable[Entity]:
    return (PARTY, CONTACT, PRODUCT, ORDER, ORDER_LINE, ACTIVITY, TASK)


@hookimpl
def jobs() -> Iterable[Job]:
    return (Job("remind", remind, label=_("Remind of tasks that are due"), every=timedelta(minutes=1)),)


@hookimpl
def seeds() -> Iterable[Seed]:
    return (Seed("nouns", seed),)


@hookimpl
def startup(tenon: Any) -> None:
    """Follow the writes that the directory, the totals and follow-ups depend on."""
    signals = tenon.records.signals
    signals.about_to_write.append(directory_first)
    signals.about_to_remove.append(forget)
    signals.written += [keep_directory, keep_totals, follow_up]
    tenon.records.timeline.add("activity", activities)
    tenon.records.timeline.add("task", tasks)
