"""Lists, single records and sums, read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Response, request

from ..errors import BadRequestError, Problem
from ..messages import _
from ..nearest import did_you_mean
from ..records import audit, read, visible
from ..records.query import Query, Where
from ..records.record import Record
from ..records.registry import EntityType
from ..records.work import Work
from .grammar import from_arguments, from_body, names, refuse
from .operations import Call, answer


def list_records(call: Call) -> Response:
    limits = call.tenon.settings.limits
    arguments = list(request.args.items(multi=True))
    query, include = from_arguments(arguments, size=limits.page_size, most=limits.max_page_size)
    return _page(call, query, include)


def search_records(call: Call) -> Response:
    limits = call.tenon.settings.limits
    query, include = from_body(call.body(), size=limits.page_size, most=limits.max_page_size)
    return _page(call, query, include)


def _page(call: Call, query: Query, include: tuple[str, ...]) -> Response:
    # the references to follow are read even where they are not among the fields to show
    reach = replace(query, fields=(*query.fields, *include)) if query.fields is not None else query
    with call.tenon.records.reading(call.actor, via="api") as work:
        _check_include(work, work.type(call.kind.name), include)
        found = read.page(work, call.kind.name, reach)
        data = _dumped(work, found.data, query.fields, include)
    body: dict[str, Any] = {"data": data, "next": found.next}
    if found.total is not None:
        body["total"] = found.total
    return answer(body)


def _dumped(
    work: Work, records: list[Record], fields: tuple[str, ...] | None, include: Iterable[str] = ()
) -> list[dict[str, Any]]:
    if not records:
        return []
    dump = work.records.dump(records[0].entity, fields)
    data = [dump(record) for record in records]
    for path in include:
        _include(work, records, data, path)
    return data


def _check_include(work: Work, type_: EntityType, include: Iterable[str]) -> None:
    for path in include:
        seen = visible.fields(work, type_)
        links = {f.path: f for f in type_.references if f.path in seen and f.spec.to in work.registry}
        if path not in links:
            detail = _("%(path)s cannot be included", path=path) + did_you_mean(path, links)
            raise refuse("include", "unknown-field", detail)


def _include(work: Work, records: list[Record], data: list[dict[str, Any]], path: str) -> None:
    target = records[0].entity.field(path).spec.to
    ids = {record.get(path) for record in records} - {None}
    if target is None or not ids:
        return
    found = {r.id: r for r in _by_ids(work, target, ids)}
    dump = work.records.dump(work.type(target))
    for record, part in zip(records, data, strict=True):
        other = found.get(record.get(path))
        part.setdefault("included", {})[path] = dump(other) if other is not None else None


def _by_ids(work: Work, entity: str, ids: set[UUID]) -> list[Record]:
    if not work.access.allows(work.actor, "read", entity):
        return []
    query = Query(filter=Where("id", "in", list(ids)), size=len(ids), sort=("id",), archived="all")
    return read.page(work, entity, query).data


def get_record(call: Call, id_: UUID) -> Response:
    fields = names(request.args["fields"]) if "fields" in request.args else None
    include = names(request.args.get("include"))
    with call.tenon.records.reading(call.actor, via="api") as work:
        _check_include(work, work.type(call.kind.name), include)
        for path in fields or ():
            known_field(work, call, path)
        if "as_of" in request.args:
            record = audit.as_of(work, call.kind.name, id_, moment(request.args["as_of"]))
        else:
            record = work.get(call.kind.name, id_)
        (data,) = _dumped(work, [record], fields, include)
    return one(record, data)


def known_field(work: Work, call: Call, path: str) -> None:
    known = visible.fields(work, work.type(call.kind.name))
    if path not in known:
        raise refuse(
            "fields", "unknown-field", _("There is no field %(path)s", path=path) + did_you_mean(path, known)
        )


def one(
    record: Record, data: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """One record with its ETag, or 304 where the client has it already.

    The ETag is the version of the record alone, so what is included, or how it once stood, is always sent.
    """
    etag = f'"{record.version}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization", **(headers or {})}
    if (
        request.method == "GET"
        and "If-None-Match" in request.headers
        and request.if_none_match.contains_weak(str(record.version))
        and not {"as_of", "include"} & set(request.args)
    ):
        return Response(status=304, headers=headers)
    return answer(data, status, headers)


def moment(text: str) -> datetime:
    """An ISO 8601 moment from the URL, where a plus sign may have become a space."""
    try:
        found = datetime.fromisoformat(text.replace(" ", "+"))
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        detail = _("as_of is a moment such as 2026-03-31T14:30:00Z")
        raise BadRequestError(
            detail, problems=[Problem("", "invalid", detail, {"parameter": "as_of"})]
        ) from None


def sums(call: Call) -> Response:
    arguments = [(k, v) for k, v in request.args.items(multi=True) if k not in ("by", "of")]
    query, _include = from_arguments(arguments, size=1, most=1)
    by, of = names(request.args.get("by")), names(request.args.get("of"))
    with call.tenon.records.reading(call.actor, via="api") as work:
        rows = work.sums(call.kind.name, query, by=by, of=of)
        type_ = work.type(call.kind.name)
    return answer(
        {
            "data": [
                {k: type_.fields[k].dump(v) if k in type_.fields else v for k, v in r.items()} for r in rows
            ]
        }
    )


def history(call: Call, id_: UUID) -> Response:
    size, before = page_arguments(call)
    with call.tenon.records.reading(call.actor, via="api") as work:
        last = _uuid_cursor(before)
        found = audit.entries(work, call.kind.name, id_, before=last, size=size + 1)
    data = [_entry(entry) for entry in found[:size]]
    return answer({"data": data, "next": str(found[size - 1].id) if len(found) > size else None})


def _uuid_cursor(text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError:
        raise refuse("page[after]", "invalid", _("This cursor cannot be read")) from None


def _entry(entry: audit.Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": entry.at,
        "actor": {"id": entry.actor_id, "name": entry.actor_name},
        "via": entry.via,
        "action": entry.action,
        "version": entry.version,
        "changes": {path: {"before": b, "after": a} for path, (b, a) in entry.changes.items()},
        "note": entry.note,
        "batch": entry.batch,
    }


def timeline(call: Call, id_: UUID) -> Response:
    size, after = page_arguments(call)
    with call.tenon.records.reading(call.actor, via="api") as work:
        found = call.tenon.records.timeline.page(work, call.kind.name, id_, after=after, size=size)
    data = [
        {
            "at": item.at, "id": item.id, "kind": item.kind, "title": str(item.title), "text": item.text,
            "actor_id": item.actor_id, "entity": item.entity, "record_id": item.record_id, "data": item.data,
        }
        for item in found.data
    ]  # fmt: skip
    return answer({"data": data, "next": found.next})


def page_arguments(call: Call) -> tuple[int, str | None]:
    """``page[size]`` and ``page[after]`` of a list that takes nothing else."""
    limits = call.tenon.settings.limits
    arguments = list(request.args.items(multi=True))
    query, _include = from_arguments(arguments, size=limits.page_size, most=limits.max_page_size)
    return query.size, query.after


def search_everywhere(call: Call) -> Response:
    text = request.args.get("q", "")
    size = request.args.get("size", "5")
    if not text.strip():
        raise refuse("q", "required", _("q is the text to look for"))
    if not size.isdecimal() or len(size) > 2 or not 1 <= int(size) <= 50:
        raise refuse("size", "invalid", _("size is a number from 1 to 50"))
    with call.tenon.records.reading(call.actor, via="api") as work:
        found = work.search(text, size=int(size))
    return answer({"data": [
        {"entity": name, "id": r.id, "title": r.title} for name, records in found.items() for r in records
    ]})  # fmt: skip
