"""The second step of signing in: a code of the authenticator app, or a recovery code."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, session, url_for

from ....errors import InvalidError, NotSignedInError
from ....identity.recovery import looks_like_one
from ....messages import _
from ...context import tenon
from ...notices import flash
from ...session import HALF, TOKEN, browser, enter
from .onward import next_page, require_turn
from .signing_in import Answer
from .signing_in import page as sign_in_page


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/sign-in/code", "second_step_form", second_step_form)
    pages.add_url_rule("/sign-in/code", "second_step", second_step, methods=["POST"])


def second_step_form() -> Answer:
    return _page() if session.get(HALF) else redirect(url_for("web.sign_in_form", next=next_page()))


def second_step() -> Answer:
    require_turn()
    try:
        token = tenon().identity.signing_in.with_code(
            session.get(HALF, ""),
            request.form.get("code", ""),
            replaces=session.get(TOKEN),
            browser=browser(),
        )
    except InvalidError as error:
        return _page(error), 422
    except NotSignedInError as error:
        session.pop(HALF, None)
        return sign_in_page(error=error), 422
    enter(token.secret)
    if looks_like_one(request.form.get("code", "")):
        left = tenon().identity.second_step.state(token.user_id).codes_left
        flash(_("You have %(count)d recovery codes left.", count=left), "warning")
    return redirect(next_page(), 303)


def _page(error: InvalidError | None = None) -> str:
    return render_template("tenon/account/second_step.html", next=next_page(), error=error)
