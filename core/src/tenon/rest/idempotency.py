"""The same request twice does its work once (draft-ietf-httpapi-idempotency-key-header).

The answer is kept in the transaction that did the work: either both are
there or neither. Of two requests at once with one key, the second waits for the first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from flask import Response, request
from sqlalchemy import exc

from ..errors import BadRequestError, Problem
from ..messages import _
from ..plugin.contributions import Job
from ..records.models import IdempotencyKey
from ..records.work import Work
from ..storage import json
from .operations import Call
from .problems import HEADERS, problem

if TYPE_CHECKING:
    from ..app import Tenon

TABLE: sa.Table = IdempotencyKey.__table__  # type: ignore[assignment]
KEPT_HEADERS = ("ETag", "Location")
KEPT_FOR = timedelta(days=2)


def once(call: Call, body: Mapping[str, Any], run: Callable[[Work], Response]) -> Response:
    """``run`` in a transaction; with an ``Idempotency-Key``, at most once for that key and body."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        with call.tenon.records.writing(call.actor, via="api") as work:
            return run(work)
    if not 1 <= len(key) <= 255 or not key.isprintable():
        detail = _("An Idempotency-Key has 1 to 255 printable characters")
        raise BadRequestError(
            detail, problems=[Problem("", "invalid", detail, {"header": "Idempotency-Key"})]
        )
    print_ = hashlib.sha256(json.dumps([request.method, request.path, body])).hexdigest()
    known = _known(call, key)
    if known is None:
        try:
            return _first(call, key, print_, run)
        except exc.IntegrityError:
            known = _known(call, key)
            if known is None:
                raise
    return _again(known, print_)


def _owner(call: Call) -> str:
    return str(call.actor.key_id or call.actor.id)


def _known(call: Call, key: str) -> Any:
    with call.tenon.storage.reading() as connection:
        found = sa.select(TABLE).where(TABLE.c.actor == _owner(call), TABLE.c.key == key)
        return connection.execute(found).first()


def _first(call: Call, key: str, print_: str, run: Callable[[Work], Response]) -> Response:
    with call.tenon.records.writing(call.actor, via="api") as work:
        mine = {"actor": _owner(call), "key": key}
        # the row goes in before the work, so that a twin of this request waits here and then fails
        work.unguarded.execute(
            sa.insert(TABLE).values(**mine, fingerprint=print_, status=0, headers={}, body="", at=work.now)
        )
        response = run(work)
        work.unguarded.execute(
            sa.update(TABLE)
            .where(TABLE.c.actor == mine["actor"], TABLE.c.key == key)
            .values(
                status=response.status_code,
                headers={n: response.headers[n] for n in KEPT_HEADERS if n in response.headers},
                body=response.get_data(as_text=True),
            )
        )
        return response


def _again(known: Any, print_: str) -> Response:
    if known.fingerprint != print_:
        return problem(
            422, "idempotency-key-reused", str(_("This Idempotency-Key was used for another request")),
            hint=str(_("Use a new key for each request; repeat a key only with the same body.")),
        )  # fmt: skip
    headers = {**HEADERS, **known.headers, "Idempotency-Replayed": "true"}
    return Response(known.body, known.status, headers, content_type="application/json")


def _forget(_payload: Mapping[str, Any], tenon: Tenon) -> None:
    with tenon.storage.writing() as connection:
        connection.execute(sa.delete(TABLE).where(TABLE.c.at < tenon.clock.now() - KEPT_FOR))


FORGET = Job("rest.idempotency", _forget, _("Forget old Idempotency-Keys"), every=timedelta(hours=1))
"""Nobody repeats a request after two days."""
