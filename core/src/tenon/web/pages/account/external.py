"""Signing in with a provider: to it, and back."""

from __future__ import annotations

from flask import Blueprint, redirect, request, session, url_for

from ....errors import NotSignedInError
from ....identity.external import Arrival
from ....identity.refusals import RefusedByProvider
from ....identity.signing_in import SecondStepNeeded
from ...context import tenon
from ...security import safe_next
from ...session import TOKEN, browser, enter
from .onward import next_page, require_turn
from .signing_in import Answer, page, to_second_step

AWAY = "away"


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/sign-in/with/<provider>", "sign_in_with", sign_in_with)
    pages.add_url_rule("/sign-in/with/<provider>/back", "signed_in_with", signed_in_with)


def sign_in_with(provider: str) -> Answer:
    require_turn()
    try:
        departure = tenon().identity.external.begin(provider, _back_here(provider))
    except RefusedByProvider as error:
        return page(error=error), 503
    session[AWAY] = {"state": departure.state, "next": next_page()}
    return redirect(departure.url)


def signed_in_with(provider: str) -> Answer:
    require_turn()
    away = session.pop(AWAY, None) or {}
    arrival = Arrival(request.args.to_dict(), str(away.get("state", "")), _back_here(provider))
    target = safe_next(away.get("next")) or url_for("web.home")
    try:
        token = tenon().identity.external.finish(
            provider, arrival, replaces=session.get(TOKEN), browser=browser()
        )
    except SecondStepNeeded as half:
        return to_second_step(half, target)
    except NotSignedInError as error:
        return page(error=error), 403
    enter(token.secret)
    return redirect(target, 303)


def _back_here(provider: str) -> str:
    """The one address that the provider sends people back to."""
    own = tenon().settings.server.url
    if own:
        return own.rstrip("/") + url_for("web.signed_in_with", provider=provider)
    return url_for("web.signed_in_with", provider=provider, _external=True)
