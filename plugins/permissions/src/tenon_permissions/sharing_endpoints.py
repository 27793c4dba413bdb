"""``/api/v1/x/permissions/<collection>/<id>/shares`` and ``/team`` and ``/territories``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, jsonify, request

from tenon.api import BadRequestError, Endpoint, InvalidError, NotFoundError, Problem, _, current_actor

from .members import Member, join, leave
from .models import HAND, LEVEL_OF, LEVELS, TERRITORY
from .shares import Shared, told
from .sharing import Given, Sharing, most, shares_of
from .sharing_openapi import OPENAPI

MOST_BYTES = 10_000
LEVEL_KEYS = tuple(choice.key for choice in LEVELS)


def sharing_endpoints(tenon: Any) -> tuple[Endpoint, ...]:
    """The routes, on a blueprint of this deployment's own."""
    routes = Blueprint("permissions_sharing_api", __name__)
    sharing = Sharing(tenon)

    def kind(collection: str) -> str:
        found = tenon.records.registry.collections.get(collection)
        if found is None:
            raise NotFoundError(_("There is no kind of record %(name)s", name=collection))
        return str(found.name)

    def listed(entity: str, id_: UUID) -> Response:
        with tenon.records.reading(current_actor(), via="api") as work:
            _record, grants = shares_of(work, entity, id_)
            data = [as_data(shared) for shared in told(work, grants)]
            highest = most(work, entity, id_)
        return jsonify(data=data, may_give=LEVEL_OF.get(highest))

    @routes.get("/<collection>/<uuid:id_>/shares")
    def show(collection: str, id_: UUID) -> Response:
        return listed(kind(collection), id_)

    @routes.post("/<collection>/<uuid:id_>/shares")
    def share(collection: str, id_: UUID) -> Response:
        entity, body = kind(collection), Body.sent("principal_kind", "principal_id", "level", "until")
        given = Given(
            body.text("principal_kind"),
            body.id("principal_id"),
            body.level(),
            HAND,
            None,
            body.moment("until"),
        )
        sharing.give(current_actor(), entity, id_, given, via="api")
        return listed(entity, id_)

    @routes.delete("/<collection>/<uuid:id_>/shares")
    def unshare(collection: str, id_: UUID) -> tuple[str, int]:
        sharing.take(current_actor(), kind(collection), id_, HAND, named("principal_id"), via="api")
        return "", 204

    @routes.post("/<collection>/<uuid:id_>/team")
    def take_in(collection: str, id_: UUID) -> Response:
        entity, body = kind(collection), Body.sent("user_id", "function", "level")
        member = Member(body.id("user_id"), body.text("function", needed=False), body.level())
        join(sharing, current_actor(), entity, id_, member, via="api")
        return listed(entity, id_)

    @routes.delete("/<collection>/<uuid:id_>/team")
    def take_out(collection: str, id_: UUID) -> tuple[str, int]:
        leave(sharing, current_actor(), kind(collection), id_, named("user_id"), via="api")
        return "", 204

    @routes.post("/<collection>/<uuid:id_>/territories")
    def place(collection: str, id_: UUID) -> Response:
        entity, body = kind(collection), Body.sent("territory_id")
        given = Given("territory", body.id("territory_id"), cause=TERRITORY)
        sharing.give(current_actor(), entity, id_, given, via="api")
        return listed(entity, id_)

    @routes.delete("/<collection>/<uuid:id_>/territories")
    def displace(collection: str, id_: UUID) -> tuple[str, int]:
        sharing.take(current_actor(), kind(collection), id_, TERRITORY, named("territory_id"), via="api")
        return "", 204

    return (Endpoint("sharing", routes, openapi=OPENAPI),)


def as_data(shared: Shared) -> dict[str, Any]:
    """A grant as JSON data."""
    return {
        "principal_kind": shared.principal_kind,
        "principal_id": str(shared.principal_id),
        "name": shared.name or None,
        "level": shared.level,
        "cause": shared.cause,
        "function": shared.function,
        "until": shared.until.isoformat() if shared.until else None,
        "at": shared.at.isoformat(),
        "granted_by": str(shared.by_id) if shared.by_id else None,
        "origin": str(shared.origin) if shared.origin else None,
        "by_hand": shared.by_hand,
    }


def named(parameter: str) -> UUID:
    """The id that a query parameter gives; every other parameter is refused."""
    for name in request.args:
        if name != parameter:
            raise _bad(_("Unknown parameter %(name)s", name=name), "unknown-parameter", parameter=name)
    try:
        return UUID(request.args.get(parameter, ""))
    except ValueError:
        raise _bad(
            _("%(name)s is the id of a record", name=parameter), "invalid", parameter=parameter
        ) from None


class Body:
    """A small JSON object that was sent."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data

    @classmethod
    def sent(cls, *known: str) -> Body:
        """The request's body; ``BadRequestError`` for what is no object, ``InvalidError`` for other keys."""
        raw = request.stream.read(MOST_BYTES + 1)
        try:
            data = json.loads(raw) if len(raw) <= MOST_BYTES else None
        except (ValueError, RecursionError):
            data = None
        if not isinstance(data, dict):
            raise _bad(_("The body has to be a JSON object of at most 10,000 bytes"), "not-an-object")
        unknown = [name for name in data if name not in known]
        if unknown:
            raise InvalidError(
                problems=[
                    Problem(f"/{name}", "unknown-field", _("There is no field %(path)s", path=name))
                    for name in unknown
                ]
            )
        return cls(data)

    def text(self, name: str, *, needed: bool = True) -> str:
        value = self._data.get(name)
        if isinstance(value, str) or (value is None and not needed):
            return value or ""
        raise self._wrong(name, _("%(name)s is a text", name=name))

    def id(self, name: str) -> UUID:
        try:
            return UUID(self.text(name))
        except ValueError:
            raise self._wrong(name, _("%(name)s is the id of a record", name=name)) from None

    def level(self) -> str:
        value = self._data.get("level", "read")
        if value in LEVEL_KEYS:
            return str(value)
        raise self._wrong("level", _("The level is one of: %(levels)s", levels=", ".join(LEVEL_KEYS)))

    def moment(self, name: str) -> datetime | None:
        if self._data.get(name) is None:
            return None
        try:
            found = datetime.fromisoformat(self.text(name))
        except ValueError:
            found = None
        if found is None or found.tzinfo is None:
            raise self._wrong(name, _("%(name)s is a moment with its zone: 2026-12-31T18:00:00Z", name=name))
        return found

    def _wrong(self, name: str, detail: str) -> InvalidError:
        code = "invalid" if name in self._data else "required"
        return InvalidError(problems=[Problem(f"/{name}", code, detail)])


def _bad(detail: str, code: str, **extra: Any) -> BadRequestError:
    return BadRequestError(detail, problems=[Problem("", code, detail, extra)])
