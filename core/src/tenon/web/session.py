"""Who a browser is: an identity session's token inside Flask's signed cookie."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Flask, Request, Response, g, make_response, redirect, request, session, url_for
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

from ..errors import NotSignedInError, UnavailableError
from ..identity.sessions import Browser, SignedIn
from .context import by_htmx, tenon

COOKIE_NAME = "tenon_session"
# Browsers take a cookie of this prefix from this very host over HTTPS alone (RFC 6265bis, 4.1.3.2).
HOST_COOKIE_NAME = f"__Host-{COOKIE_NAME}"
TOKEN = "token"
HALF = "half"
KEPT = ("locale", "theme")
OPEN_ENDPOINTS = frozenset(
    {
        "web.static",
        "web.sign_in",
        "web.sign_in_form",
        "web.second_step",
        "web.second_step_form",
        "web.sign_in_with",
        "web.signed_in_with",
        "web.set_language",
        "web.set_theme",
    }
)
SETTING_UP = frozenset({"web.two_step", "web.change_two_step", "web.sign_out"})


class CookieSessions(SecureCookieSessionInterface):
    """Flask's own, which makes no signer for a request without a cookie, as programs send them."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)

    def get_cookie_secure(self, app: Flask) -> bool:
        """Over HTTPS alone where the settings say so, and wherever HTTPS is used already."""
        return super().get_cookie_secure(app) or request.is_secure


def load_actor() -> None:
    """Put the signed-in actor, if there is one, where the request's handlers find it."""
    g.actor = g.signed_in = None
    if request.endpoint in (None, "web.static") or (request.blueprint or "").startswith("api"):
        return
    token = session.get(TOKEN)
    if not token:
        return
    found = tenon().identity.sessions.signed_in(token)
    if found is not None and found.outdated:
        found = _exchanged(token, found)
    if found is not None:
        g.signed_in, g.actor = found, found.actor


def _exchanged(token: str, found: SignedIn) -> SignedIn | None:
    """The session under a new token: what its user may do has changed."""
    sessions = tenon().identity.sessions
    try:
        session[TOKEN] = sessions.rotate(token)
    except NotSignedInError:
        return None
    except UnavailableError:
        # Reading goes on while nothing can be written; the next request exchanges it.
        return found
    return sessions.signed_in(session[TOKEN])


def require_actor() -> Response | None:
    """Lead those who are not signed in to the sign-in page, and back afterwards; and those who
    have to set up their second step to the page where they do.
    """
    if request.endpoint in OPEN_ENDPOINTS:
        return None
    if g.get("actor") is not None:
        return _to_second_step() if _lacks_second_step() else None
    if request.method not in ("GET", "HEAD"):
        raise NotSignedInError()
    return to_sign_in()


def to_sign_in() -> Response:
    target = request.full_path.rstrip("?") if request.query_string else request.path
    query = urlencode({"next": target}) if target != "/" else ""
    return _led_to(url_for("web.sign_in_form") + (f"?{query}" if query else ""))


def enter(secret: str) -> None:
    """Sign this browser in: its cookie keeps language and theme, and nothing else of before."""
    leave()
    session[TOKEN] = secret
    session.permanent = True


def half_way(secret: str) -> None:
    """Keep what stands for a sign-in that needs its second step, and who was signed in before."""
    session[HALF] = secret


def leave() -> None:
    """Forget who this browser was."""
    kept = {name: session[name] for name in KEPT if name in session}
    session.clear()
    session.update(kept)


def browser() -> Browser:
    """Where this request comes from."""
    return Browser(request.user_agent.string or None, request.remote_addr)


def signed_in() -> SignedIn:
    """The session of this request; ``NotSignedInError`` where there is none."""
    found: SignedIn | None = g.get("signed_in")
    if found is None:
        raise NotSignedInError()
    return found


def _lacks_second_step() -> bool:
    found: SignedIn | None = g.get("signed_in")
    if found is None or found.second_step or request.endpoint in SETTING_UP:
        return False
    return tenon().identity.second_step.required_of(found.actor)


def _to_second_step() -> Response:
    return _led_to(url_for("web.two_step"))


def _led_to(address: str) -> Response:
    if by_htmx():
        answer = make_response("", 401)
        answer.headers["HX-Redirect"] = address
        return answer
    return make_response(redirect(address, 302 if request.method in ("GET", "HEAD") else 303))
