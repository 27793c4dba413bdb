"""Who a browser is: an identity session's token inside Flask's signed cookie."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Flask, Request, Response, g, make_response, redirect, request, session, url_for
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

from ..errors import NotSignedInError
from .context import by_htmx, tenon

COOKIE_NAME = "tenon_session"
TOKEN = "token"
OPEN_ENDPOINTS = frozenset(
    {"web.static", "web.sign_in", "web.sign_in_form", "web.set_language", "web.set_theme"}
)


class CookieSessions(SecureCookieSessionInterface):
    """Flask's own, which makes no signer for a request without a cookie, as programs send them."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)


def load_actor() -> None:
    """Put the signed-in actor, if there is one, where the request's handlers find it."""
    g.actor = None
    if request.endpoint in (None, "web.static") or (request.blueprint or "").startswith("api"):
        return
    token = session.get(TOKEN)
    if token:
        g.actor = tenon().identity.actor_for_session(token)


def require_actor() -> Response | None:
    """Lead those who are not signed in to the sign-in page, and back afterwards."""
    if g.get("actor") is not None or request.endpoint in OPEN_ENDPOINTS:
        return None
    if request.method not in ("GET", "HEAD"):
        raise NotSignedInError()
    return to_sign_in()


def to_sign_in() -> Response:
    target = request.full_path.rstrip("?") if request.query_string else request.path
    query = urlencode({"next": target}) if target != "/" else ""
    address = url_for("web.sign_in_form") + (f"?{query}" if query else "")
    if by_htmx():
        answer = make_response("", 401)
        answer.headers["HX-Redirect"] = address
        return answer
    found = redirect(address)
    return make_response(found)
