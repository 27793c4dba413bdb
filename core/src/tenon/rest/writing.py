"""Records, written: one by one, many at once, by external id, merged."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Response, request
from sqlalchemy import exc

from ..errors import (
    BadRequestError,
    DuplicateError,
    InvalidError,
    NotFoundError,
    Problem,
    StaleError,
    TenonError,
)
from ..messages import _
from ..records import external, merge, read
from ..records.record import Record
from ..records.work import Work
from . import idempotency
from .listing import one
from .operations import PREFIX, Call, answer, one_uuid
from .problems import problem

CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def expected() -> int | None:
    """The version that If-Match names; ``None`` for ``*``. Its absence is answered with 428."""
    text = request.headers.get("If-Match", "").strip()
    if text == "*":
        return None
    number = text.removeprefix("W/").strip('"')
    if not number.isdecimal() or len(number) > 9:
        raise _not_that_version()
    return int(number)


def _not_that_version() -> StaleError:
    return StaleError(
        _("If-Match does not name a version of this record"),
        hint=_('Send the ETag that you were given, such as If-Match: "3".'),
    )


def conditional(call: Call) -> Response | None:
    """The 428 answer where If-Match is missing."""
    if request.headers.get("If-Match"):
        return None
    return problem(
        428, "precondition-required", str(_("Say which version you are changing")),
        hint=str(_('Send the ETag of the record as If-Match, or If-Match: * to change whatever is there.')),
    )  # fmt: skip


def _written(call: Call, work: Work, record: Record, status: int = 200) -> Response:
    data = work.records.dump(record.entity)(record)
    headers = (
        {"Location": f"{request.script_root}{PREFIX}/{call.kind.collection}/{record.id}"}
        if status == 201
        else {}
    )
    return one(record, data, status, headers)


def create_record(call: Call) -> Response:
    body = call.body()

    def run(work: Work) -> Response:
        return _written(call, work, work.create(call.kind.name, body), 201)

    return idempotency.once(call, body, run)


def patch_record(call: Call, id_: UUID) -> Response:
    refused = conditional(call)
    if refused is not None:
        return refused
    body, expect = call.body(), expected()
    with call.tenon.records.writing(call.actor, via="api") as work:
        record = work.update(call.kind.name, id_, body, expect=expect)
        return _written(call, work, record)


def archive_record(call: Call, id_: UUID) -> Response:
    refused = conditional(call)
    if refused is not None:
        return refused
    with call.tenon.records.writing(call.actor, via="api") as work:
        return _written(call, work, work.archive(call.kind.name, id_, expect=expected()))


def restore_record(call: Call, id_: UUID) -> Response:
    def run(work: Work) -> Response:
        return _written(call, work, work.restore(call.kind.name, id_))

    return idempotency.once(call, {}, run)


def get_external(call: Call, system: str, external_id: str) -> Response:
    _check_external(system, external_id)
    with call.tenon.records.reading(call.actor, via="api") as work:
        read.require(work, "read", call.kind.name)
        known = external.resolve(work, call.kind.name, system, [external_id]).get(external_id)
        if known is None:
            raise NotFoundError(
                _("%(system)s has told us of no record %(id)s", system=system, id=external_id)
            )
        record = work.get(call.kind.name, known)
        return one(record, work.records.dump(record.entity)(record))


def put_external(call: Call, system: str, external_id: str) -> Response:
    """Create or change. If-Match allows the change alone, ``If-None-Match: *`` the creation alone."""
    body = call.body()
    _check_external(system, external_id)
    try:
        return _put(call, system, external_id, body)
    except (exc.IntegrityError, DuplicateError):
        # Somebody may have created it since we looked; if so, this is now a change.
        return _put(call, system, external_id, body)


def _put(call: Call, system: str, external_id: str, body: dict[str, Any]) -> Response:
    asked = "If-Match" in request.headers
    expect = expected() if asked else None
    with call.tenon.records.writing(call.actor, via="api") as work:
        record, created = external.upsert(work, call.kind.name, system, external_id, body, expect=expect)
        if created and asked:
            raise _not_that_version()
        if not created and request.headers.get("If-None-Match") == "*":
            raise StaleError(
                _("%(system)s has told us of a record %(id)s already", system=system, id=external_id),
                hint=_("Leave If-None-Match out to change it."),
            )
        return _written(call, work, record, 201 if created else 200)


def _check_external(system: str, external_id: str) -> None:
    if len(system) > 60 or len(external_id) > 200 or CONTROL.search(system + external_id):
        raise BadRequestError(
            _("A system has 60 characters at most, an id in it 200, none of them a control character")
        )


def bulk(call: Call) -> Response:
    body = call.body()
    kinds = ("create", "update", "archive", "restore")
    if set(body) - set(kinds) or len(body) != 1:
        raise BadRequestError(
            _("Send one of create, update, archive or restore"),
            hint=_('For example {"update": [{"id": "…", "version": 3, "values": {"name": "…"}}]}.'),
        )
    ((kind, items),) = body.items()
    most = call.tenon.settings.limits.max_bulk
    if not isinstance(items, list) or not 0 < len(items) <= most:
        raise BadRequestError(_("%(kind)s takes a list of 1 to %(most)s items", kind=kind, most=most))

    def run(work: Work) -> Response:
        results = _bulk(work, call.kind.name, kind, items)
        done = 201 if kind == "create" else 200
        return answer({"results": [_result(work, r, done) for r in results]})

    return idempotency.once(call, body, run)


def _bulk(work: Work, entity: str, kind: str, items: Sequence[Any]) -> list[Record | TenonError]:
    if kind == "create":
        _objects(items)
        return work.bulk_create(entity, items)
    if kind == "update":
        return work.bulk_update(entity, [_change(item, i) for i, item in enumerate(items)])
    ids = [one_uuid(item, f"{kind}/{i}") for i, item in enumerate(items)]
    return work.bulk_archive(entity, ids, archived=kind == "archive")


def _objects(items: Sequence[Any]) -> None:
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            detail = _("Each item is a JSON object")
            raise BadRequestError(detail, problems=[Problem(f"/{index}", "invalid", detail)])


def _change(item: Any, index: int) -> tuple[UUID, Mapping[str, Any], int | None]:
    if (
        not isinstance(item, dict)
        or set(item) - {"id", "version", "values"}
        or not isinstance(item.get("values"), dict)
    ):
        detail = _("Each item is an object with id, values and, if you like, version")
        raise BadRequestError(detail, problems=[Problem(f"/update/{index}", "invalid", detail)])
    version = item.get("version")
    if version is not None and (not isinstance(version, int) or isinstance(version, bool)):
        detail = _("version is a whole number")
        raise BadRequestError(detail, problems=[Problem(f"/update/{index}/version", "invalid", detail)])
    return one_uuid(item.get("id"), f"update/{index}/id"), item["values"], version


def _result(work: Work, result: Record | TenonError, done: int) -> dict[str, Any]:
    if isinstance(result, TenonError):
        errors = [{"pointer": p.pointer, "code": p.code, "detail": p.detail} for p in result.problems]
        return {
            "status": result.status,
            "error": {
                "code": result.code,
                "detail": str(result.message),
                "hint": result.hint,
                "errors": errors,
            },
        }
    return {"status": done, "record": work.records.dump(result.entity)(result)}


def merge_records(call: Call, id_: UUID) -> Response:
    body = call.body()
    if set(body) - {"loser", "values"} or not isinstance(body.get("values", {}), dict | None):
        raise InvalidError(problems=[Problem("", "invalid", _("Send loser, an id, and values if you like"))])
    loser = one_uuid(body.get("loser"), "loser")

    def run(work: Work) -> Response:
        report = merge.merge(work, call.kind.name, id_, loser, body.get("values"))
        data = {
            "id": report.id,
            "record": work.records.dump(report.winner.entity)(report.winner),
            "moved": report.moved,
            "kept": [{"entity": e, "id": i, "reason": reason} for e, i, reason in report.kept],
        }
        return answer(data)

    return idempotency.once(call, body, run)


def undo_merge(call: Call, id_: UUID) -> Response:
    def run(work: Work) -> Response:
        report = merge.undo_merge(work, id_)
        conflicts = [{"entity": e, "id": i, "reason": reason} for e, i, reason in report.conflicts]
        return answer({"undone": report.undone, "conflicts": conflicts})

    return idempotency.once(call, {}, run)
