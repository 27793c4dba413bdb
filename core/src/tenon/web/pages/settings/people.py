"""Who works here: people made, moved, given roles and passwords, kept out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ....errors import ConflictError, InvalidError, StaleError, TenonError
from ....identity.tokens import new_password
from ....identity.users import NewUser
from ....messages import Message, _
from ....records.query import Query
from ....records.work import Work
from ...context import actor, tenon
from ...notices import flash
from .admin import admins_only

Answer = Response | str | tuple[str, int]
FIELDS = ("name", "email", "title", "team_id", "manager_id")


@dataclass(frozen=True)
class RoleChoice:
    """A role that can be given, by its key."""

    key: str
    label: Message | str


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/settings/people", "people", people)
    pages.add_url_rule("/settings/people", "add_user", add_user, methods=["POST"])
    pages.add_url_rule("/settings/people/<uuid:user_id>", "person", person)
    pages.add_url_rule("/settings/people/<uuid:user_id>", "change_user", change_user, methods=["POST"])


@admins_only
def people() -> str:
    return _list()


def _list(error: TenonError | None = None, secret: tuple[str, str] | None = None) -> str:
    asked = request.args.get("q", "").strip()
    users = tenon().identity.users.all()
    if asked:
        word = asked.casefold()
        users = [u for u in users if word in u.name.casefold() or word in (u.email or "").casefold()]
    return render_template(
        "tenon/settings/people.html", users=users, asked=asked, error=error, secret=secret, sent=request.form
    )


@admins_only
def add_user() -> Answer:
    password = new_password()
    user = NewUser(
        name=request.form.get("name", ""),
        email=request.form.get("email", "").strip() or None,
        admin=request.form.get("admin") == "1",
    )
    try:
        tenon().identity.create_user(user, password, actor=actor(), via="web")
    except (InvalidError, ConflictError) as error:
        return _list(error), 422
    return _list(secret=(user.name, password))


@admins_only
def person(user_id: UUID) -> str:
    return _person(user_id)


def _person(user_id: UUID, error: TenonError | None = None, secret: tuple[str, str] | None = None) -> str:
    with tenon().records.reading(actor(), via="web") as work:
        record = work.get("user", user_id)
        org = tenon().identity.org
        return render_template(
            "tenon/settings/people_person.html",
            record=record,
            user=tenon().identity.users.get(user_id),
            shown=request.form if error is not None and request.form.get("action") == "save" else record,
            fields=record.entity.fields,
            people=[c for c in choices(work, "user", record["manager_id"]) if c[0] != user_id],
            teams=choices(work, "team", record["team_id"]),
            roles=known_roles(record["roles"] or ()),
            free=getattr(tenon().access.policy, "roles", None) is None,
            reports=org.reports(user_id, work.unguarded),
            superiors=org.superiors(user_id, work.unguarded),
            below=max(org.size_below(user_id, work.unguarded) - 1, 0),
            error=error,
            secret=secret,
        )


def choices(work: Work, entity: str, kept: UUID | None = None) -> list[tuple[UUID, str]]:
    """Every user or team there is to choose from, by name; ``kept`` too, though it be archived."""
    found: list[tuple[UUID, str]] = []
    query = Query(sort=("name",), size=500)
    while True:
        page = work.page(entity, query)
        found += [(record.id, record.title) for record in page.data]
        if page.next is None:
            missing = [kept] if kept is not None and kept not in dict(found) else []
            return [*found, *work.titles(entity, missing).items()]
        query = Query(sort=("name",), size=500, after=page.next)


def known_roles(given: Iterable[str]) -> list[RoleChoice]:
    """The roles the policy knows, and those somebody has that it does not."""
    tell = getattr(tenon().access.policy, "roles", None)
    known = [RoleChoice(role.key, role.label) for role in tell()] if tell is not None else []
    keys = {role.key for role in known}
    return [*known, *(RoleChoice(key, key) for key in given if key not in keys)]


@admins_only
def change_user(user_id: UUID) -> Answer:
    action = request.form.get("action")
    demotes = action == "demote" or (action == "access" and request.form.get("admin") != "1")
    if user_id == actor().id and (action == "disable" or (demotes and actor().admin)):
        error = ConflictError(_("You cannot do this to yourself"), hint=_("Ask another administrator."))
        return _person(user_id, error), error.status
    if action == "password":
        return _give_password(user_id)
    try:
        _change(user_id, action)
    except (InvalidError, ConflictError, StaleError) as error:
        return _person(user_id, error), error.status
    flash(_("%(name)s is changed.", name=tenon().identity.users.get(user_id).name), "success")
    return redirect(url_for("web.person", user_id=user_id), 303)


def _change(user_id: UUID, action: str | None) -> None:
    users, by = tenon().identity.users, actor()
    if action == "save":
        with tenon().records.writing(by, via="web") as work:
            expect = request.form.get("version", type=int)
            work.update("user", user_id, sent_values(FIELDS), expect=expect)
    elif action in ("enable", "disable"):
        users.set_active(user_id, action == "enable", actor=by, via="web")
    elif action in ("promote", "demote"):
        users.set_access(user_id, admin=action == "promote", actor=by, via="web")
    elif action == "access":
        admin = request.form.get("admin") == "1"
        users.set_access(user_id, admin=admin, roles=_sent_roles(), actor=by, via="web")


def _give_password(user_id: UUID) -> str:
    password = new_password()
    tenon().identity.set_password(user_id, password, actor=actor(), via="web")
    return _person(user_id, secret=(tenon().identity.users.get(user_id).name, password))


def sent_values(names: Iterable[str]) -> dict[str, Any]:
    """Those fields as the form has them; what is empty is none."""
    return {name: request.form[name].strip() or None for name in names if name in request.form}


def _sent_roles() -> list[str]:
    typed = request.form.get("more_roles", "").replace(",", " ").split()
    return [*request.form.getlist("roles"), *typed]
