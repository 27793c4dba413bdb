"""Who a request is made by, for routes that plugins bring."""

from __future__ import annotations

from flask import g

from .errors import NotSignedInError
from .identity.actor import Actor


def current_actor() -> Actor:
    """The actor of the present request; ``NotSignedInError`` where nobody is signed in.

    The face that a route is mounted in has found out who asks: from the session
    on a page, from the API key under ``/api/v1/x``.
    """
    found: Actor | None = g.get("actor")
    if found is None:
        raise NotSignedInError()
    return found
