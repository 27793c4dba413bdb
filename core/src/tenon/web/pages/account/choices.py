"""The language and theme of whoever reads, signed in or not."""

from __future__ import annotations

from flask import Blueprint, redirect, request, session
from werkzeug.wrappers import Response

from ...i18n import known_locale
from .onward import next_page

THEMES = ("light", "dark")


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/language", "set_language", set_language, methods=["POST"])
    pages.add_url_rule("/theme", "set_theme", set_theme, methods=["POST"])


def set_language() -> Response:
    chosen = known_locale(request.form.get("locale"))
    if chosen:
        session["locale"] = chosen
    return redirect(next_page(), 303)


def set_theme() -> Response:
    if request.form.get("theme") in THEMES:
        session["theme"] = request.form["theme"]
    return redirect(next_page(), 303)
