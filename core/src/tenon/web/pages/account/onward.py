"""Where a browser goes next, and how often it may try."""

from __future__ import annotations

from flask import request, url_for
from werkzeug.exceptions import TooManyRequests

from ....identity.events import IdentityEvent
from ...context import tenon
from ...security import safe_next


def next_page() -> str:
    """The page on this site that ``next`` names; the first page where it names none."""
    return safe_next(request.values.get("next")) or url_for("web.home")


def require_turn(account: str | None = None) -> None:
    """``TooManyRequests`` where this address, or somebody for this account, tried too often this minute."""
    identity = tenon().identity
    if identity.throttle.admits(request.remote_addr, account):
        return
    identity.tell(IdentityEvent("limited", address=request.remote_addr, detail={"reason": "sign-ins"}))
    raise TooManyRequests
