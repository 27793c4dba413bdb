"""Pipelines over the API: what is possible, moves, history, approvals."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, request

from ..access.policy import Access, OpenPolicy
from ..errors import BadRequestError, InvalidError, Problem
from ..messages import _
from ..pipelines import ApprovalRequest, CompiledPipeline, Move
from ..records import visible
from ..records.work import Work
from . import idempotency
from .operations import Call, answer
from .writing import expected

SCOPES = Access(OpenPolicy())
"""What an API key was made for, whatever the deployment's policy says of its owner."""
MOVE_KEYS = ("to", "values", "reason", "override")


def pipelines(call: Call) -> Response:
    return answer({"data": [_pipeline(p) for p in call.tenon.pipelines.definitions.pipelines.values()]})


def _pipeline(found: CompiledPipeline) -> dict[str, Any]:
    return {
        "key": found.key,
        "entity": found.entity,
        "label": str(found.label),
        "default": found.default,
        "stages": [
            {"key": s.key, "label": str(s.label), "status": s.status, "probability": s.probability}
            for s in found.stages.values()
        ],
    }


def moves(call: Call, id_: UUID) -> Response:
    with call.tenon.records.reading(call.actor, via="api") as work:
        record = work.get(call.kind.name, id_)
        found = call.tenon.pipelines.available(work, record)
    return answer(
        {"pipeline": record.get("pipeline"), "stage": record.get("stage"), "data": [_move(m) for m in found]}
    )


def _move(found: Move) -> dict[str, Any]:
    return {
        "to": found.stage.key,
        "label": str(found.stage.label),
        "allowed": found.allowed,
        "approvals": [str(a.key) for a in found.approvals],
        "missing": [{"pointer": p.pointer, "code": p.code, "detail": p.detail} for p in found.reasons],
    }


def move(call: Call, id_: UUID) -> Response:
    body = call.body()
    _check_move(body)
    expect = expected() if request.headers.get("If-Match") else None

    def run(work: Work) -> Response:
        outcome = call.tenon.pipelines.move(
            work,
            call.kind.name,
            id_,
            body["to"],
            values=body.get("values"),
            reason=body.get("reason"),
            override=body.get("override", False),
            expect=expect,
        )
        if outcome.record is not None:
            record = outcome.record
            return answer(work.records.dump(record.entity)(record), 200, {"ETag": f'"{record.version}"'})
        assert outcome.request is not None
        return answer({"approval": approval(work, outcome.request)}, 202)

    return idempotency.once(call, body, run)


def _check_move(body: dict[str, Any]) -> None:
    problems = [
        Problem(f"/{k}", "unknown-field", _("There is no %(key)s here", key=k))
        for k in sorted(set(body) - set(MOVE_KEYS))
    ]
    if not isinstance(body.get("to"), str):
        problems.append(Problem("/to", "required", _("to is the key of a stage")))
    if not isinstance(body.get("values", {}), dict | None):
        problems.append(Problem("/values", "invalid", _("values is an object of fields")))
    if not isinstance(body.get("reason"), str | None):
        problems.append(Problem("/reason", "invalid", _("reason is a text")))
    if not isinstance(body.get("override", False), bool):
        problems.append(Problem("/override", "invalid", _("override is true or false")))
    if problems:
        raise InvalidError(problems=problems)


def stage_history(call: Call, id_: UUID) -> Response:
    with call.tenon.records.reading(call.actor, via="api") as work:
        found = call.tenon.pipelines.history(work, call.kind.name, id_)
    fields = call.kind.fields
    amount = (call.kind.stages.amount if call.kind.stages else None) or ""
    dump = fields[amount].dump if amount in fields else str
    data = []
    for entry in found:
        row = {name: getattr(entry, name) for name in entry.__dataclass_fields__}
        for name in ("amount", "previous_amount"):
            row[name] = dump(row[name]) if row[name] is not None else None
        data.append(row)
    return answer({"data": data})


def approval(work: Work, found: ApprovalRequest) -> dict[str, Any]:
    """An approval request as JSON: where it sits, since when, and who has voted."""
    problems = visible.masked(work, work.type(found.entity), found.problems)
    return {
        "id": found.id,
        "entity": found.entity,
        "record_id": found.record_id,
        "pipeline": found.pipeline,
        "from": found.source,
        "to": found.target,
        "status": found.status,
        "requested_by": found.requested_by,
        "requested_at": found.requested_at,
        "reason": found.reason,
        "step": found.step,
        "step_since": found.step_since,
        "steps": [
            {
                "approval": s.approval,
                "label": str(s.label),
                "quorum": s.quorum,
                "approvers": sorted(s.seats | s.extra),
            }
            for s in found.steps
        ],
        "votes": [
            {
                "step": v.step,
                "seat": v.seat,
                "by": v.by,
                "decision": v.decision,
                "comment": v.comment,
                "at": v.at,
            }
            for v in found.votes
        ],
        "problems": [{"pointer": p.pointer, "code": p.code, "detail": p.detail} for p in problems],
    }


def record_approvals(call: Call, id_: UUID) -> Response:
    with call.tenon.records.reading(call.actor, via="api") as work:
        found = call.tenon.pipelines.approvals.of_record(work, call.kind.name, id_)
        return answer({"data": [approval(work, one) for one in found]})


def inbox(call: Call) -> Response:
    with call.tenon.records.reading(call.actor, via="api") as work:
        found = call.tenon.pipelines.approvals.inbox(work)
        return answer({"data": [approval(work, one) for one in found if _in_scopes(call, "read", one)]})


def get_approval(call: Call, id_: UUID) -> Response:
    with call.tenon.records.reading(call.actor, via="api") as work:
        found = call.tenon.pipelines.approvals.get(work, id_)
        _require_scope(call, "read", found)
        return answer(approval(work, found))


def decide(call: Call, id_: UUID) -> Response:
    body = call.body()
    decision, comment = body.get("decision"), body.get("comment")
    if (
        decision not in ("approve", "reject", "recall")
        or not isinstance(comment, str | None)
        or set(body) - {"decision", "comment"}
    ):
        detail = _("decision is approve, reject or recall; comment is a text")
        raise BadRequestError(detail, problems=[Problem("/decision", "invalid", detail)])
    approvals = call.tenon.pipelines.approvals

    def run(work: Work) -> Response:
        _require_scope(call, "approve", approvals.get(work, id_))
        if decision == "recall":
            found = approvals.recall(work, id_)
        else:
            found = (approvals.approve if decision == "approve" else approvals.reject)(work, id_, comment)
        return answer(approval(work, found))

    return idempotency.once(call, body, run)


def _in_scopes(call: Call, action: str, found: ApprovalRequest) -> bool:
    return SCOPES.allows(call.actor, action, found.entity)


def _require_scope(call: Call, action: str, found: ApprovalRequest) -> None:
    """Who is asked may vote without being able to change the record, but not by a key made for less."""
    SCOPES.require(call.actor, action, found.entity)
