"""My account: the password, and what leads to everything else that is one's own."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from ....errors import InvalidError, Problem
from ....messages import _
from ...context import actor, tenon
from ...notices import flash
from ...session import TOKEN, browser


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/account", "account", account)
    pages.add_url_rule("/account", "change_password", change_password, methods=["POST"])


def account(error: InvalidError | None = None) -> str:
    user_id = actor().id
    assert user_id is not None
    identity = tenon().identity
    return render_template(
        "tenon/account/own.html",
        has_password=identity.users.get(user_id).signs_in,
        second_step=identity.second_step.state(user_id),
        shortest=identity.shortest_password,
        error=error,
    )


def change_password() -> Response | tuple[str, int]:
    user_id = actor().id
    assert user_id is not None
    form = request.form
    try:
        if form.get("new") != form.get("again"):
            detail = _("The two new passwords differ")
            raise InvalidError(detail, problems=[Problem("/again", "differs", detail)])
        session[TOKEN] = tenon().identity.change_password(
            user_id, form.get("current", ""), form.get("new", ""), here=session[TOKEN], browser=browser()
        )
    except InvalidError as error:
        return account(error), 422
    flash(_("Your password is changed. Other browsers are signed out."), "success")
    return redirect(url_for("web.account"), 303)
