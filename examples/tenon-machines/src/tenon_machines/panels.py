"""What pages of customers show of their machines."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tenon.api import Slot, _

from .installed import machines_at

YEAR = timedelta(days=365)


def machines(context: Any) -> dict[str, Any] | None:
    """The machines that stand there; no panel where there is none.

    A contact or an account has the id of the party that it is.
    """
    found = machines_at(context.work, context.record.id)
    return {"machines": found, "today": context.work.now.date()} if found else None


def instruction(context: Any) -> dict[str, str] | None:
    """A badge for operators: whether their safety instruction is still good."""
    if not context.record.get("ext.machines.operator"):
        return None
    day = context.record.get("ext.machines.instructed_on")
    if day is not None and day + YEAR > context.work.now.date():
        return {"text": _("Instructed"), "color": "green"}
    return {"text": _("Needs instruction"), "color": "red"}


def _panel(key: str, entity: str) -> Slot:
    return Slot(
        key,
        "record.panel",
        _("Machines"),
        render=machines,
        template="machines/panel.html",
        entity=entity,
        icon="tool",
        permission="machine:read",
    )


SLOTS = (
    _panel("of_contact", "contact"),
    # Left out by the kernel where b2b_accounts is not there.
    _panel("of_account", "account"),
    Slot("instruction", "record.badge", _("Safety instruction"), render=instruction, entity="contact"),
)
