"""The panel "Shared with" on a record's page, and the page with its form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import flask
from flask import Blueprint, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from tenon.api import (
    Actor,
    Endpoint,
    Filter,
    InvalidError,
    Message,
    Problem,
    Query,
    Record,
    Slot,
    TenonError,
    Where,
    Work,
    _,
    current_actor,
)

from .models import HAND, LEVELS, PRINCIPALS, RANK, TEAM, TERRITORY
from .shares import told
from .sharing import Given, Sharing, most, shares_of

OFFERED = 25
WAYS = ((HAND, _("Share")), (TEAM, _("Take into the team")), (TERRITORY, _("Put in the territory")))


@dataclass(frozen=True)
class Offer:
    """People, teams or territories that a form offers; ``more`` says that there are others."""

    label: Message
    options: tuple[tuple[str, str], ...]
    more: bool


def shared_with(context: Any) -> dict[str, Any] | None:
    """The panel's data; no panel for whoever may not share the record."""
    try:
        return parts(context.work, context.record.entity.name, context.record.id)[1]
    except TenonError:
        return None


def parts(work: Work, entity: str, id_: UUID, search: str = "") -> tuple[Record, dict[str, Any]]:
    """The record, and everything else that the panel and the page show."""
    record, grants = shares_of(work, entity, id_)
    highest = most(work, entity, id_)
    offers = tuple(_offers(work, search))
    return record, {
        "shares": told(work, grants),
        "levels": {choice.key: choice.label for choice in LEVELS},
        "may_give": [choice for choice in LEVELS if RANK[choice.key] <= highest],
        "offers": offers,
        "more": any(offer.more for offer in offers),
        "ways": [way for way in WAYS if way[0] != TERRITORY or _keeps_territories(work)],
        "search": search,
    }


def _offers(work: Work, search: str) -> Iterable[Offer]:
    for kind, label in PRINCIPALS.items():
        if not work.access.allows(work.actor, "read", kind):
            continue
        active: Filter | None = Where("active", "eq", True) if kind == "user" else None
        query = Query(active, sort=("name",), size=OFFERED, search=search.strip() or None)
        page = work.page(kind, query)
        options = tuple((f"{kind}:{found.id}", found.title) for found in page.data)
        if options:
            yield Offer(label, options, page.next is not None)


def _keeps_territories(work: Work) -> bool:
    return work.access.allows(work.actor, "update", "territory")


# The page and what its forms send


def sharing_pages(tenon: Any) -> tuple[Endpoint, ...]:
    """The routes, on a blueprint of this deployment's own."""
    routes = Blueprint("permissions_sharing", __name__)
    sharing = Sharing(tenon)

    @routes.get("/<entity:kind>/<uuid:record_id>/shares")
    def sharing_page(kind: Any, record_id: UUID) -> str:
        with tenon.records.reading(current_actor(), via="web") as work:
            record, found = parts(work, kind.name, record_id, request.args.get("q", ""))
            return render_template("permissions/sharing_page.html", entity=kind, record=record, **found)

    @routes.post("/<entity:kind>/<uuid:record_id>/shares")
    def share(kind: Any, record_id: UUID) -> Response:
        actor = current_actor()
        given = _sent(actor, tenon.settings.locale.timezone)
        sharing.give(actor, kind.name, record_id, given, via="web")
        return _back(kind, record_id, _("It is shared."))

    @routes.post("/<entity:kind>/<uuid:record_id>/shares/take")
    def unshare(kind: Any, record_id: UUID) -> Response:
        cause: Any = request.form.get("cause", HAND)
        principal = _principal(request.form.get("principal", ""))[1]
        sharing.take(current_actor(), kind.name, record_id, cause, principal, via="web")
        return _back(kind, record_id, _("It is not shared with them any more."))

    return (Endpoint("sharing_pages", routes, face="web"),)


def _sent(actor: Actor, zone: str) -> Given:
    """What the form asks for."""
    kind, id_ = _principal(request.form.get("principal", ""))
    cause: Any = request.form.get("cause", HAND)
    until = _moment(request.form.get("until", ""), actor.timezone or zone) if cause == HAND else None
    function = request.form.get("function", "").strip() or None
    level = request.form.get("level", "read")
    return Given(kind, id_, level, cause, function if cause == TEAM else None, until)


def _principal(text: str) -> tuple[str, UUID]:
    kind, _colon, id_ = text.partition(":")
    try:
        return kind, UUID(id_)
    except ValueError:
        detail = _("Choose with whom to share")
        raise InvalidError(problems=[Problem("/principal", "required", detail)]) from None


def _moment(text: str, zone: str) -> datetime | None:
    """A browser's local time as a moment."""
    if not text.strip():
        return None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        detail = _("Name a day and a time")
        raise InvalidError(problems=[Problem("/until", "invalid", detail)]) from None
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))


def _back(kind: Any, record_id: UUID, done: Message) -> Response:
    """To the record, if it is still there for whoever did it."""
    flask.flash(current_app.jinja_env.globals["_"](done), "success")  # type: ignore[operator]
    return redirect(url_for("web.record_page", entity=kind, record_id=record_id), 303)


SLOTS = (
    Slot(
        "shared_with",
        "record.panel",
        _("Shared with"),
        render=shared_with,
        template="permissions/sharing.html",
        icon="users",
        weight=90,
    ),
)
