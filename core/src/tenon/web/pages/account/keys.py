"""One's own API keys: made with what they may do, shown once, revoked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ....errors import InvalidError, Problem, TenonError
from ....messages import Message, _
from ....plugin.contributions import KERNEL_ACTIONS
from ...context import actor, may, tenon
from ...notices import flash
from ...session import browser

LONGEST_DAYS = 3650


@dataclass(frozen=True)
class Choice:
    """What a key may be given of one kind of record: scopes with their labels."""

    kind: Message | str
    scopes: tuple[tuple[str, Message | str], ...]


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/account/keys", "own_keys", own_keys)
    pages.add_url_rule("/account/keys", "add_own_key", add_own_key, methods=["POST"])
    pages.add_url_rule("/account/keys/<prefix>/revoke", "revoke_own_key", revoke_own_key, methods=["POST"])


def own_keys() -> str:
    return _page()


def add_own_key() -> str | tuple[str, int]:
    me = actor().id
    assert me is not None
    try:
        _key, secret = tenon().identity.create_api_key(
            me,
            request.form.get("name", ""),
            scopes=_scopes(),
            expires_at=tenon().clock.now() + timedelta(days=_days()),
            browser=browser(),
        )
    except InvalidError as error:
        return _page(error), 422
    return _page(secret=secret)


def revoke_own_key(prefix: str) -> Response:
    key = tenon().identity.keys.revoke(prefix, owner=actor().id, browser=browser())
    flash(_("The key %(name)s is revoked.", name=key.name), "success")
    return redirect(url_for("web.own_keys"), 303)


def _page(error: TenonError | None = None, secret: str | None = None) -> str:
    return render_template(
        "tenon/account/keys.html",
        keys=tenon().identity.keys.all(actor().id),
        choices=list(_choices()),
        chosen=request.form.getlist("scope"),
        reach=request.form.get("reach", "read") if error else "read",
        sent=request.form,
        error=error,
        secret=secret,
    )


def _scopes() -> list[str] | None:
    """What the form asks for: everything, reading alone, or what is ticked."""
    reach = request.form.get("reach")
    if reach == "all":
        return None
    return ["*:read"] if reach == "read" else request.form.getlist("scope")


def _days() -> int:
    days = request.form.get("days", type=int)
    if days is None or not 1 <= days <= LONGEST_DAYS:
        detail = _("A key lasts from 1 to %(most)d days", most=LONGEST_DAYS)
        raise InvalidError(problems=[Problem("/days", "range", detail)])
    return days


def _choices() -> Iterator[Choice]:
    """Each kind of record with what its owner may do to it now."""
    for type_ in tenon().records.registry:
        scopes = [
            (f"{type_.name}:{action}", label) for action, label in KERNEL_ACTIONS if may(action, type_.name)
        ]
        if scopes:
            yield Choice(type_.label_plural, tuple(scopes))
