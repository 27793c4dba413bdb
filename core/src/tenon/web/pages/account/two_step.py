"""Setting one's second step up, and turning it off again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

import segno
from flask import Blueprint, redirect, render_template, request, session, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from ....errors import ConflictError, InvalidError, TenonError
from ....identity.totp import Enrolment
from ....messages import _
from ...context import actor, tenon
from ...notices import flash
from ...session import TOKEN, browser

Answer = str | Response | tuple[str, int]


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/account/two-step", "two_step", two_step)
    pages.add_url_rule("/account/two-step", "change_two_step", change_two_step, methods=["POST"])


def two_step() -> str:
    return _page()


def change_two_step() -> Answer:
    doing = DOING.get(request.form.get("action", ""))
    try:
        return doing() if doing is not None else redirect(url_for("web.two_step"), 303)
    except (InvalidError, ConflictError) as error:
        return _page(error=error), error.status


def _start() -> Answer:
    return _page(enrolment=tenon().identity.second_step.start(_me()))


def _confirm() -> Answer:
    codes, session[TOKEN] = tenon().identity.second_step.confirm(
        _me(), request.form.get("code", ""), here=session[TOKEN], browser=browser()
    )
    return _page(codes=codes)


def _renew_codes() -> Answer:
    second_step = tenon().identity.second_step
    return _page(codes=second_step.renew_codes(_me(), request.form.get("code", ""), browser=browser()))


def _turn_off() -> Answer:
    form = request.form
    tenon().identity.second_step.turn_off(
        _me(), form.get("current", ""), form.get("code", ""), browser=browser()
    )
    flash(_("The second step is off. Your password alone signs you in."), "warning")
    return redirect(url_for("web.account"), 303)


DOING: Mapping[str, Callable[[], Answer]] = {
    "start": _start,
    "confirm": _confirm,
    "codes": _renew_codes,
    "off": _turn_off,
}


def _page(
    *, error: TenonError | None = None, enrolment: Enrolment | None = None, codes: tuple[str, ...] = ()
) -> str:
    identity, me = tenon().identity, actor()
    return render_template(
        "tenon/account/two_step.html",
        state=identity.second_step.state(_me()),
        required=identity.second_step.required_of(me),
        has_password=identity.users.get(_me()).signs_in,
        confirming=error is not None and request.form.get("action") == "confirm",
        picture=_picture(enrolment.uri) if enrolment else None,
        enrolment=enrolment,
        codes=codes,
        error=error,
    )


def _picture(uri: str) -> Markup:
    """A QR code as SVG, dark on light in either theme, since cameras want it so."""
    code = segno.make(uri, error="m", micro=False)
    # It is made of an address that was encoded, and holds no text of anybody's.
    return Markup(code.svg_inline(scale=5, border=4, dark="#000", light="#fff", omitsize=False))


def _me() -> UUID:
    found = actor().id
    assert found is not None
    return found
