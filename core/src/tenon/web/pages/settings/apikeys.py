"""API keys: made, shown once, revoked."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ....errors import InvalidError, NotFoundError, TenonError
from ....messages import _
from ...context import actor, tenon
from ...notices import flash
from ...session import browser
from .admin import admins_only


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/settings/api-keys", "api_keys", api_keys)
    pages.add_url_rule("/settings/api-keys", "add_api_key", add_api_key, methods=["POST"])
    pages.add_url_rule(
        "/settings/api-keys/<prefix>/revoke", "revoke_api_key", revoke_api_key, methods=["POST"]
    )


@admins_only
def api_keys() -> str:
    return _page()


def _page(error: TenonError | None = None, secret: str | None = None) -> str:
    return render_template(
        "tenon/settings/api_keys.html",
        keys=tenon().identity.keys.all(),
        users=[user for user in tenon().identity.users.all() if user.active],
        me=str(actor().id),
        error=error,
        secret=secret,
        sent=request.form,
    )


@admins_only
def add_api_key() -> str | tuple[str, int]:
    form = request.form
    scopes = form.get("scopes", "").replace(",", " ").split() or None
    days = form.get("days", 0, type=int) if form.get("days") else 0
    expires = tenon().clock.now() + timedelta(days=min(days, 36_500)) if days > 0 else None
    try:
        user_id = UUID(form.get("user", ""))
        _summary, secret = tenon().identity.create_api_key(
            user_id, form.get("name", ""), scopes=scopes, expires_at=expires, browser=browser()
        )
    except ValueError:
        return _page(InvalidError(_("Choose the user that the key acts for"))), 422
    except (InvalidError, NotFoundError) as error:
        return _page(error), 422
    return _page(secret=secret)


@admins_only
def revoke_api_key(prefix: str) -> Response:
    key = tenon().identity.keys.revoke(prefix, browser=browser())
    flash(_("The key %(name)s is revoked.", name=key.name), "success")
    return redirect(url_for("web.api_keys"), 303)
