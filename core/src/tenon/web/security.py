"""What every page is served with, and who may post to it.

A page runs no script and no style but our own files. A form that changes something
carries a token (Flask-WTF) *and* must come from our own site by the browser's word
(``Sec-Fetch-Site``), so that a leaked token alone is of no use.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, request

from ..errors import ForbiddenError
from ..messages import _

POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
HSTS = "max-age=31536000; includeSubDomains"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_SITE = frozenset({"same-origin", "none"})


def guard_pages(app: Flask) -> None:
    """Set the headers on every answer that does not set them itself."""

    @app.after_request
    def secure(response: Response) -> Response:
        given = {name.lower() for name, _value in response.headers}
        for name, value in HEADERS.items():
            if name.lower() not in given:
                response.headers.add(name, value)
        if request.is_secure:
            response.headers.setdefault("Strict-Transport-Security", HSTS)
        if request.blueprint == "web" and request.endpoint != "web.static":
            response.headers.setdefault("Cache-Control", "no-store")
            response.vary.update(("Cookie", "HX-Request"))
        return response


def refuse_other_sites() -> None:
    """``ForbiddenError`` for a change that the browser says another site asked for."""
    site = request.headers.get("Sec-Fetch-Site")
    if request.method not in SAFE_METHODS and site is not None and site not in OWN_SITE:
        raise ForbiddenError(
            _("This form was sent from another site"),
            hint=_("Open the page here and send the form again."),
        )


def safe_next(target: str | None) -> str | None:
    """``target`` if it is a path on this site; ``None`` for anywhere else."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return None
    if any(ord(character) < 32 or character == "\\" for character in target):
        return None
    parts = urlsplit(target)
    return None if parts.scheme or parts.netloc else target
