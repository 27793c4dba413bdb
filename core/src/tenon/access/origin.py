"""From where something was asked, as far as the present request tells."""

from __future__ import annotations

from flask import has_request_context, request


def origin() -> tuple[str, str | None]:
    """The path (``api``, ``web``; ``python`` outside of requests) and the network address."""
    if not has_request_context():
        return "python", None
    return "api" if request.path.startswith("/api/") else "web", request.remote_addr
