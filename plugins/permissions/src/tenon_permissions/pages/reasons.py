"""Why somebody may do something to a record, and who else may."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, request

from tenon.api import BadRequestError, NotFoundError, TenonError, _, system

from ..addressing import record_at
from ..why import explain, who_can
from .parts import actor, page, people, policy, tenon

MOST_SHOWN = 500


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/why", "why", why)


def why() -> str | tuple[str, int]:
    """The form, and below it the answer where the form says enough."""
    user, record = request.args.get("user", ""), request.args.get("record", "").strip()
    action = request.args.get("action", "read")
    shown = {"user": user, "record": record, "action": action, "people": people()}
    try:
        return page("why", "why", **shown, **_answer(user, action, record))
    except TenonError as error:
        return page("why", "why", **shown, error=error), error.status


def _answer(user: str, action: str, record: str) -> dict[str, object]:
    if not record:
        return {}
    if action not in policy().names.actions:
        raise BadRequestError(_("There is no action %(name)s", name=action))
    entity, id_ = record_at(tenon(), record)
    found: dict[str, object] = {
        "type": tenon().records.registry[entity],
        "id": id_,
        "title": _title(entity, id_),
    }
    if user:
        person = actor(user)
        return found | {"person": person, "found": explain(policy(), person, action, entity, id_)}
    seers = who_can(policy(), action, entity, id_)
    return found | {"seers": seers[:MOST_SHOWN], "count": len(seers)}


def _title(entity: str, id_: UUID) -> str:
    with tenon().records.reading(system("say which record is asked about")) as work:
        titles: dict[UUID, str] = work.titles(entity, [id_])
    if id_ not in titles:
        raise NotFoundError(_("There is no such record"))
    return titles[id_]
