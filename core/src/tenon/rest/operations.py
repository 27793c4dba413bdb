"""Operations: what the API can do, as data that routes and the OpenAPI document share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import Blueprint, Response, g, request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from sqlalchemy import exc
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException, TooManyRequests

from ..errors import BadRequestError, ConfigError, NotSignedInError, Problem, TenonError
from ..identity.actor import Actor
from ..messages import _
from ..nearest import did_you_mean
from ..records.registry import EntityType
from ..storage import json
from . import problems
from .body import json_object

if TYPE_CHECKING:
    from ..app import Tenon

PREFIX = "/api/v1"

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
    that of success (``answers`` are the schemas of those that differ) and ``refusals`` are the
    statuses of errors beside those that any request can meet. ``conditional`` operations need
    ``If-Match``; ``filtered`` ones take ``filter[…]`` beside their parameters. A ``public`` operation
    answers without a key, and with one may tell more.
    """

    method: str
    path: str
    handler: Callable[..., Response]
    summary: str
    status: Sequence[int] = (200,)
    answer: SchemaOf | None = None
    answers: Mapping[int, SchemaOf] = field(default_factory=dict)
    body: SchemaOf | None = None
    parameters: Sequence[Parameter] = ()
    refusals: Sequence[int] = ()
    conditional: bool = False
    filtered: bool = False
    idempotent_key: bool = False
    only: Callable[[EntityType], bool] = lambda _type: True
    public: bool = False
    tag: str = ""

    @property
    def generic(self) -> bool:
        return "{collection}" in self.path

    @cached_property
    def query(self) -> frozenset[str]:
        """The names of its query parameters."""
        return frozenset(p.name for p in self.parameters if p.where == "query")

    def kinds(self, types: Iterable[EntityType]) -> list[EntityType | None]:
        """Every kind of record it exists for; ``[None]`` where it is about none."""
        return [t for t in types if self.only(t)] if self.generic else [None]

    def path_for(self, type_: EntityType | None) -> str:
        return self.path.replace("{collection}", type_.collection) if type_ else self.path


@dataclass
class Call:
    """One request: who asks, for what kind of record."""

    tenon: Tenon
    actor: Actor
    operation: Operation
    type: EntityType | None = None

    @property
    def anonymous(self) -> bool:
        """Whether nobody knows who asks: only a public operation sees that."""
        return self.actor is ANYBODY

    @property
    def kind(self) -> EntityType:
        assert self.type is not None
        return self.type

    def body(self) -> dict[str, Any]:
        """The JSON object that was sent."""
        limits = self.tenon.settings.limits
        return json_object(limits.max_body, limits.max_json_depth)


def answer(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """``data`` as a JSON response that nobody keeps, unless ``headers`` say otherwise."""
    found = Response(json.dumps(data), status, problems.HEADERS, content_type="application/json")
    if headers:
        found.headers.update(headers)
    return found


class Api:
    """The operations of a deployment, served by Flask."""

    def __init__(self, tenon: Tenon, operations: Sequence[Operation]) -> None:
        self.tenon = tenon
        self.operations = tuple(operations)
        per_minute = tenon.settings.limits.requests_per_minute
        self._rate = RateLimitItemPerMinute(per_minute) if per_minute else None
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def blueprint(self) -> Blueprint:
        """Every operation as a route of its own, so that 404, 405 and Allow are right everywhere."""
        found = Blueprint("api", __name__, url_prefix=PREFIX)
        types = list(self.tenon.records.registry_without_customers)
        self._check_names(types)
        for operation in self.operations:
            for type_ in operation.kinds(types):
                path = operation.path_for(type_)
                found.add_url_rule(
                    _rule(path),
                    endpoint=f"{operation.method}{path}".replace(".", "_"),
                    view_func=self._view(operation, type_),
                    methods=[operation.method],
                    provide_automatic_options=False,
                    merge_slashes=False,
                    strict_slashes=False,
                )
        self._answer_errors(found)
        return found

    def protect(self, blueprint: Blueprint) -> None:
        """Have a plugin's own routes ask for an API key and answer errors as the others do."""

        @blueprint.before_request
        def authenticate() -> None:
            g.actor = self._actor()

        @blueprint.after_request
        def keep_private(response: Response) -> Response:
            for name, value in problems.HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        self._answer_errors(blueprint)

    def _check_names(self, types: Iterable[EntityType]) -> None:
        taken = {o.path.split("/")[1] for o in self.operations if not o.generic} | {"x"}
        for type_ in types:
            if type_.collection in taken:
                raise ConfigError(
                    _("%(entity)s cannot be at /%(path)s of the API: that is taken", entity=type_.name,
                      path=type_.collection),
                    hint=_("Give the entity of %(plugin)s another plural.", plugin=type_.plugin),
                )  # fmt: skip

    def _answer_errors(self, blueprint: Blueprint) -> None:
        blueprint.register_error_handler(TenonError, problems.from_error)
        blueprint.register_error_handler(HTTPException, problems.from_http)
        blueprint.register_error_handler(exc.DBAPIError, problems.from_database)

    def _view(self, operation: Operation, type_: EntityType | None) -> Callable[..., Response]:
        name = type_.name if type_ else None

        def view(**found: Any) -> Response:
            keyless = operation.public and "Authorization" not in request.headers
            call = Call(self.tenon, ANYBODY if keyless else self._actor(), operation)
            if request.query_string:
                known_parameters(operation, request.args)
            if name is not None:
                call.type = self.tenon.records.registry[name]
            return operation.handler(call, **found)

        return view

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


# Without an id it would be the system.
ANYBODY = Actor(id=UUID(int=0), name="anybody", scopes=frozenset())


def _rule(path: str) -> str:
    return (
        path.replace("{id}", "<uuid:id_>")
        .replace("{system}", "<system>")
        .replace("{external_id}", "<path:external_id>")
        .replace("{key}", "<key>")
    )


def known_parameters(operation: Operation, given: MultiDict[str, str]) -> None:
    """Refuse query parameters that the operation does not have, and any that is given twice."""
    for name, values in given.lists():
        if name not in operation.query and not (operation.filtered and name.startswith("filter")):
            detail = _("Unknown parameter %(name)s", name=name) + did_you_mean(name, operation.query)
            code = "unknown-parameter"
        elif len(values) > 1 and not name.startswith("filter"):
            detail, code = _("Give %(name)s once", name=name), "repeated-parameter"
        else:
            continue
        raise BadRequestError(detail, problems=[Problem("", code, detail, {"parameter": name})])


def one_uuid(value: Any, name: str) -> UUID:
    """``value`` as an id; ``BadRequestError`` naming the key."""
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError):
        detail = _("%(name)s is the id of a record", name=name)
        raise BadRequestError(detail, problems=[Problem(f"/{name}", "invalid", detail)]) from None
