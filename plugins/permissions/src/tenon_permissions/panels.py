"""Where pages of the kernel lead to those of access."""

from __future__ import annotations

from typing import Any

from tenon.api import Slot, _

BASE = "/x/permissions"


def to_why(context: Any) -> dict[str, str] | None:
    """The button "Access" on a record's page, for administrators."""
    if not context.actor.admin:
        return None
    return {"url": f"{BASE}/why?record={context.record.entity.name}:{context.record.id}"}


def beginning(context: Any) -> dict[str, Any] | None:
    """On an administrator's home page, as long as something is to be done first."""
    advice = context.tenon.access.policy.advice if context.actor.admin else None
    return {"advice": advice} if advice else None


ACCESS_SLOTS = (
    Slot("access", "settings.page", _("Access: roles and policy"), url=f"{BASE}/", icon="shield-check"),
    Slot("why", "record.action", _("Access"), render=to_why, url=BASE, icon="shield-lock", weight=900),
    Slot(
        "beginning",
        "home.widget",
        _("Access"),
        render=beginning,
        template="permissions/beginning.html",
        icon="shield-check",
        weight=1,
    ),
)
