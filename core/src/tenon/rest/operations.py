"""Operations: what the API can do, as data that routes and the OpenAPI document share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import Blueprint, Response, g, request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from sqlalchemy import exc
from werkzeug.exceptions import HTTPException, TooManyRequests

from ..errors import NotFoundError, NotSignedInError, TenonError
from ..identity.actor import Actor
from ..messages import _
from ..records.registry import EntityType
from ..storage import json
from . import problems
from .body import json_object

if TYPE_CHECKING:
    from ..app import Tenon

Schema = Mapping[str, Any]
SchemaOf = Callable[[EntityType], Schema]


@dataclass(frozen=True)
class Parameter:
    """A query or header parameter: its name, where it stands, what it means."""

    name: str
    description: str
    schema: Schema = field(default_factory=lambda: {"type": "string"})
    where: str = "query"
    required: bool = False


@dataclass(frozen=True)
class Operation:
    """One thing the API can do.

    ``path`` may hold ``{collection}``: the operation then exists for every kind of
    record, or those that ``only`` admits. ``body`` and ``answer`` give JSON schemas; ``status`` is
    that of success and ``refusals`` are the statuses of errors beside those that any
    request can meet. ``conditional`` operations need ``If-Match``.
    """

    method: str
    path: str
    handler: Callable[..., Response]
    summary: str
    status: Sequence[int] = (200,)
    answer: SchemaOf | None = None
    body: SchemaOf | None = None
    parameters: Sequence[Parameter] = ()
    refusals: Sequence[int] = ()
    conditional: bool = False
    idempotent_key: bool = False
    only: Callable[[EntityType], bool] = lambda _type: True
    public: bool = False

    @property
    def generic(self) -> bool:
        return "{collection}" in self.path


@dataclass
class Call:
    """One request: who asks, for what kind of record."""

    tenon: Tenon
    actor: Actor
    operation: Operation
    type: EntityType | None = None

    @property
    def kind(self) -> EntityType:
        assert self.type is not None
        return self.type

    def body(self) -> dict[str, Any]:
        """The JSON object that was sent."""
        limits = self.tenon.settings.limits
        return json_object(limits.max_body, limits.max_json_depth)


def answer(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """``data`` as a JSON response."""
    return Response(json.dumps(data), status, headers, content_type="application/json")


class Api:
    """The operations of a deployment, served by Flask."""

    def __init__(self, tenon: Tenon, operations: Sequence[Operation]) -> None:
        self.tenon = tenon
        self.operations = tuple(operations)
        per_minute = tenon.settings.limits.requests_per_minute
        self._rate = RateLimitItemPerMinute(per_minute) if per_minute else None
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def blueprint(self, prefix: str) -> Blueprint:
        found = Blueprint("api", __name__, url_prefix=prefix)
        for operation in self.operations:
            found.add_url_rule(
                _rule(operation.path),
                endpoint=f"{operation.method}{operation.path}".replace(".", "_"),
                view_func=self._view(operation),
                methods=[operation.method],
                provide_automatic_options=False,
            )
        self._answer_errors(found)
        found.record(lambda state: _catch_unrouted(state.app, prefix))
        return found

    def protect(self, blueprint: Blueprint) -> None:
        """Have a plugin's own routes ask for an API key and answer errors as the others do."""

        @blueprint.before_request
        def authenticate() -> None:
            g.actor = self._actor()

        self._answer_errors(blueprint)

    def _answer_errors(self, blueprint: Blueprint) -> None:
        blueprint.register_error_handler(TenonError, problems.from_error)
        blueprint.register_error_handler(HTTPException, problems.from_http)
        blueprint.register_error_handler(exc.DBAPIError, _from_database)

    def _view(self, operation: Operation) -> Callable[..., Response]:
        def view(collection: str | None = None, **found: Any) -> Response:
            actor = ANYBODY if operation.public else self._actor()
            call = Call(self.tenon, actor, operation)
            if operation.generic:
                call.type = self._type(collection or "", operation)
            return operation.handler(call, **found)

        return view

    def _type(self, collection: str, operation: Operation) -> EntityType:
        found: EntityType | None = self.tenon.records.registry.collections.get(collection)
        if found is None or not operation.only(found):
            raise NotFoundError(_("There is nothing at %(path)s", path=request.path))
        return found

    def _actor(self) -> Actor:
        scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret:
            raise NotSignedInError(
                _("This needs an API key"),
                hint=_("Send the header Authorization: Bearer <key>; tenon apikey create makes one."),
            )
        actor = self.tenon.identity.actor_for_key(secret.strip())
        if actor is None:
            raise NotSignedInError(
                _("This API key is not valid"),
                hint=_("It may be mistyped, expired or revoked; tenon apikey list shows."),
            )
        if self._rate is not None and not self._limiter.hit(self._rate, str(actor.key_id or actor.id)):
            raise TooManyRequests(_("Too many requests with this key; wait a minute"), retry_after=60)
        return actor


ANYBODY = Actor(id=None, name="anybody", scopes=frozenset(), reason="public")


def _rule(path: str) -> str:
    return (
        path.replace("{collection}", "<collection>")
        .replace("{id}", "<uuid:id_>")
        .replace("{system}", "<system>")
        .replace("{external_id}", "<path:external_id>")
        .replace("{key}", "<key>")
    )


def _from_database(error: exc.DBAPIError) -> Response:
    """Values that no column can hold reach here; what the database lacks is translated before."""
    reason = str(error.orig).splitlines()[0] if error.orig else str(error)
    return problems.problem(400, "bad-request", str(_("The database refused a value")), reason)


def _catch_unrouted(app: Any, prefix: str) -> None:
    """Answer for addresses under the prefix that no operation has, in the API's own way."""

    def handle(error: HTTPException) -> Any:
        if request.path.startswith(prefix):
            return problems.from_http(error)
        return error

    for status in (404, 405):
        app.register_error_handler(status, handle)


def one_uuid(value: Any, name: str) -> UUID:
    """``value`` as an id; ``BadRequestError`` naming the key."""
    from ..errors import BadRequestError, Problem

    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError):
        detail = _("%(name)s is the id of a record", name=name)
        raise BadRequestError(detail, problems=[Problem(f"/{name}", "invalid", detail)]) from None
