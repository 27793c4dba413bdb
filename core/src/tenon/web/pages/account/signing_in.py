"""The sign-in page, and signing out."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from ....errors import NotSignedInError
from ....identity.signing_in import SecondStepNeeded
from ....messages import _
from ...context import tenon
from ...notices import flash
from ...session import TOKEN, browser, enter, half_way, leave
from .onward import next_page, require_turn

Answer = str | Response | tuple[str, int]


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/sign-in", "sign_in_form", sign_in_form)
    pages.add_url_rule("/sign-in", "sign_in", sign_in, methods=["POST"])
    pages.add_url_rule("/sign-out", "sign_out", sign_out, methods=["POST"])


def sign_in_form() -> Answer:
    return redirect(next_page()) if g.get("actor") is not None else page()


def sign_in() -> Answer:
    email = request.form.get("email", "").strip()
    require_turn(email)
    try:
        token = tenon().identity.sign_in(
            email, request.form.get("password", ""), replaces=session.get(TOKEN), browser=browser()
        )
    except SecondStepNeeded as half:
        return to_second_step(half, next_page())
    except NotSignedInError as error:
        return page(email, error), 422
    enter(token.secret)
    return redirect(next_page(), 303)


def page(email: str = "", error: NotSignedInError | None = None) -> str:
    """The sign-in page, with what went wrong."""
    return render_template(
        "tenon/account/sign_in.html",
        email=email,
        next=next_page(),
        error=error,
        providers=tenon().identity.external.providers,
    )


def to_second_step(half: SecondStepNeeded, target: str) -> Response:
    """To the page that asks for the code, which alone knows what stands for the first step."""
    half_way(half.secret)
    return redirect(url_for("web.second_step_form", next=target), 303)


def sign_out() -> Response:
    token = session.get(TOKEN)
    if token:
        tenon().identity.sign_out(token, browser=browser())
    leave()
    flash(_("You are signed out."), "success")
    return redirect(url_for("web.sign_in_form"), 303)
