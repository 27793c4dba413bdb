"""One's own language, time zone and password."""

from __future__ import annotations

from zoneinfo import available_timezones

from flask import Blueprint, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from ...errors import InvalidError, NotSignedInError, Problem
from ...identity.actor import system
from ...messages import _
from ..context import actor, tenon
from ..i18n import known_locale
from ..notices import flash
from ..session import TOKEN


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/preferences", "preferences", preferences)
    pages.add_url_rule("/preferences", "save_preferences", save_preferences, methods=["POST"])
    pages.add_url_rule("/preferences/password", "change_password", change_password, methods=["POST"])


def preferences(problems: tuple[Problem, ...] = ()) -> str:
    zones = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
    return render_template("tenon/account/preferences.html", zones=["UTC", *zones], problems=problems)


def save_preferences() -> Response:
    who = actor()
    assert who.id is not None
    locale = known_locale(request.form.get("locale"))
    zone = request.form.get("timezone", "")
    values = {"locale": locale.replace("_", "-") if locale else None}
    if zone in available_timezones():
        values["timezone"] = zone
    with tenon().records.writing(system("preferences"), via="web") as work:
        work.update("user", who.id, values)
    if locale:
        session["locale"] = locale
    flash(_("Your preferences are saved."), "success")
    return redirect(url_for("web.preferences"), 303)


def change_password() -> Response | tuple[str, int]:
    who = actor()
    assert who.id is not None
    try:
        _require_own(who.email or "", request.form.get("current", ""))
        if request.form.get("new") != request.form.get("again"):
            detail = _("The two new passwords differ")
            raise InvalidError(detail, problems=[Problem("/again", "differs", detail)])
        tenon().identity.set_password(who.id, request.form.get("new", ""), keep_session=session.get(TOKEN))
    except InvalidError as error:
        return preferences(error.problems or (Problem("", error.code, error.message),)), 422
    flash(_("Your password is changed. Other browsers are signed out."), "success")
    return redirect(url_for("web.preferences"), 303)


def _require_own(email: str, password: str) -> None:
    """The present password, by signing in with it: an unlocked screen is not enough to take an account."""
    try:
        token = tenon().identity.sign_in(email, password)
    except NotSignedInError:
        detail = _("This is not your present password")
        raise InvalidError(detail, problems=[Problem("/current", "wrong", detail)]) from None
    tenon().identity.sign_out(token.secret)
