"""One's own language and time zone."""

from __future__ import annotations

from zoneinfo import available_timezones

from flask import Blueprint, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from ...identity.actor import system
from ...messages import _
from ..context import actor, tenon
from ..i18n import known_locale
from ..notices import flash


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/preferences", "preferences", preferences)
    pages.add_url_rule("/preferences", "save_preferences", save_preferences, methods=["POST"])


def preferences() -> str:
    zones = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
    return render_template("tenon/account/preferences.html", zones=["UTC", *zones])


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
