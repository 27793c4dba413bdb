"""Who may sign in: users made, disabled, given a password, made administrators."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ....errors import ConflictError, InvalidError, TenonError
from ....identity.tokens import new_password
from ....identity.users import NewUser
from ....messages import _
from ...context import actor, tenon
from ...notices import flash
from .admin import admins_only


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/settings/people", "people", people)
    pages.add_url_rule("/settings/people", "add_user", add_user, methods=["POST"])
    pages.add_url_rule("/settings/people/<uuid:user_id>", "change_user", change_user, methods=["POST"])


@admins_only
def people() -> str:
    return _page()


def _page(error: TenonError | None = None, secret: tuple[str, str] | None = None) -> str:
    return render_template(
        "tenon/settings/people.html",
        users=tenon().identity.users.all(),
        error=error,
        secret=secret,
        sent=request.form,
    )


@admins_only
def add_user() -> str | tuple[str, int]:
    password = new_password()
    user = NewUser(
        name=request.form.get("name", ""),
        email=request.form.get("email", "").strip() or None,
        admin=request.form.get("admin") == "1",
    )
    try:
        tenon().identity.create_user(user, password)
    except (InvalidError, ConflictError) as error:
        return _page(error), 422
    return _page(secret=(user.name, password))


@admins_only
def change_user(user_id: UUID) -> Response | str | tuple[str, int]:
    users, action = tenon().identity.users, request.form.get("action")
    if action in ("disable", "demote") and user_id == actor().id:
        error = ConflictError(_("You cannot do this to yourself"), hint=_("Ask another administrator."))
        return _page(error), 409
    if action == "password":
        password = new_password()
        users.set_password(user_id, password)
        return _page(secret=(users.get(user_id).name, password))
    if action in ("enable", "disable"):
        users.set_active(user_id, action == "enable")
    elif action in ("promote", "demote"):
        users.set_access(user_id, admin=action == "promote")
    flash(_("%(name)s is changed.", name=users.get(user_id).name), "success")
    return redirect(url_for("web.people"), 303)
