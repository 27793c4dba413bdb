"""Where one is signed in, and how to end it there."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from ....messages import _
from ...context import actor, tenon
from ...devices import device
from ...notices import flash
from ...session import browser, leave, signed_in


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/account/sessions", "sessions", sessions)
    pages.add_url_rule(
        "/account/sessions/<uuid:session_id>/end", "end_session", end_session, methods=["POST"]
    )
    pages.add_url_rule("/account/sessions/end-others", "end_sessions", end_sessions, methods=["POST"])


def sessions() -> str:
    me = actor().id
    assert me is not None
    found = tenon().identity.sessions.of(me, here=signed_in().session_id)
    return render_template("tenon/account/sessions.html", sessions=found, device=device)


def end_session(session_id: UUID) -> Response:
    tenon().identity.end_session(actor(), session_id, browser=browser())
    if session_id == signed_in().session_id:
        leave()
        return redirect(url_for("web.sign_in_form"), 303)
    flash(_("That browser is signed out."), "success")
    return redirect(url_for("web.sessions"), 303)


def end_sessions() -> Response:
    tenon().identity.end_other_sessions(actor(), signed_in().session_id, browser=browser())
    flash(_("All other browsers are signed out."), "success")
    return redirect(url_for("web.sessions"), 303)
