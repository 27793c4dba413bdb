"""Signing in and out, and the language and theme of whoever reads."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, g, redirect, render_template, request, session, url_for
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response

from ...errors import NotSignedInError
from ...identity.sessions import Browser
from ...messages import _
from ..context import tenon
from ..i18n import known_locale
from ..notices import flash
from ..security import safe_next
from ..session import TOKEN

THEMES = ("light", "dark")


SignIn = Callable[[], "str | Response | tuple[str, int]"]


def routes(pages: Blueprint, attempts_per_minute: int) -> None:
    limited = at_most(attempts_per_minute, sign_in)
    pages.add_url_rule("/sign-in", "sign_in_form", sign_in_form)
    pages.add_url_rule("/sign-in", "sign_in", limited, methods=["POST"])
    pages.add_url_rule("/sign-out", "sign_out", sign_out, methods=["POST"])
    pages.add_url_rule("/language", "set_language", set_language, methods=["POST"])
    pages.add_url_rule("/theme", "set_theme", set_theme, methods=["POST"])


def at_most(attempts_per_minute: int, view: SignIn) -> SignIn:
    """The view for so many tries a minute from one address; then ``TooManyRequests``."""
    rate, counter = RateLimitItemPerMinute(attempts_per_minute), FixedWindowRateLimiter(MemoryStorage())

    def limited() -> str | Response | tuple[str, int]:
        if not counter.hit(rate, request.remote_addr or ""):
            raise TooManyRequests
        return view()

    return limited


def sign_in_form() -> str | Response:
    if g.get("actor") is not None:
        return redirect(_next())
    return render_template("tenon/account/sign_in.html", email="", next=_next(), error=None)


def sign_in() -> str | Response | tuple[str, int]:
    email = request.form.get("email", "").strip()
    try:
        token = tenon().identity.sign_in(
            email,
            request.form.get("password", ""),
            replaces=session.get(TOKEN),
            browser=Browser(request.user_agent.string or None, request.remote_addr),
        )
    except NotSignedInError as error:
        page = render_template("tenon/account/sign_in.html", email=email, next=_next(), error=error)
        return page, 422
    kept = {name: session[name] for name in ("locale", "theme") if name in session}
    session.clear()
    session.update(kept)
    session[TOKEN] = token.secret
    session.permanent = True
    return redirect(_next(), 303)


def sign_out() -> Response:
    token = session.pop(TOKEN, None)
    if token:
        tenon().identity.sign_out(token)
    kept = {name: session[name] for name in ("locale", "theme") if name in session}
    session.clear()
    session.update(kept)
    flash(_("You are signed out."), "success")
    return redirect(url_for("web.sign_in_form"), 303)


def set_language() -> Response:
    chosen = known_locale(request.form.get("locale"))
    if chosen:
        session["locale"] = chosen
    return redirect(_next(), 303)


def set_theme() -> Response:
    if request.form.get("theme") in THEMES:
        session["theme"] = request.form["theme"]
    return redirect(_next(), 303)


def _next() -> str:
    return safe_next(request.values.get("next")) or url_for("web.home")
