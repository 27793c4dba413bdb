"""Approvals: the inbox of what waits for one's vote, voting, and taking a request back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from ...errors import ForbiddenError, NotFoundError
from ...messages import Message, _
from ...pipelines import ApprovalRequest
from ...records import visible
from ...records.record import Record
from ...records.work import Work
from ..cells import Cells, record_url
from ..context import actor, reader, tenon
from ..links import cells_for, stage_labels
from ..notices import flash
from ..security import safe_next

STATUS_LABELS: Mapping[str, Message] = {
    "pending": _("Waits for approval"),
    "granted": _("Approved, waits to be moved"),
    "done": _("Approved"),
    "rejected": _("Rejected"),
    "recalled": _("Taken back"),
    "void": _("Void: the record changed"),
}


@dataclass(frozen=True)
class Round:
    """One step of a request: who is asked, who has voted how."""

    label: str
    now: bool
    asked: str
    votes: list[str]


@dataclass(frozen=True)
class RequestView:
    """A request as a page shows it."""

    request: ApprovalRequest
    title: str
    url: str | None
    source: str
    target: str
    status: Message | str
    requested_by: str
    rounds: list[Round]
    may_vote: bool
    may_recall: bool
    facts: list[tuple[Message | str, Markup]]


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/approvals", "approvals", approvals)
    pages.add_url_rule(
        "/approvals/<uuid:request_id>/<any(approve,reject,recall):decision>",
        "decide",
        decide,
        methods=["POST"],
    )


def approvals() -> str:
    with tenon().records.reading(actor(), via="web") as work:
        found = [view_of(work, waiting, voting=True) for waiting in tenon().pipelines.approvals.inbox(work)]
        return render_template("tenon/home/approvals.html", requests=found)


def decide(request_id: UUID, decision: str) -> Response:
    comment = request.form.get("comment", "").strip() or None
    service = tenon().pipelines.approvals
    with tenon().records.writing(actor(), via="web") as work:
        if decision == "recall":
            found = service.recall(work, request_id)
        elif decision == "approve":
            found = service.approve(work, request_id, comment)
        else:
            found = service.reject(work, request_id, comment)
        problems = visible.masked(work, work.type(found.entity), found.problems)
    flash(
        STATUS_LABELS.get(found.status, found.status),
        "success" if found.status in ("done", "recalled") else "message",
    )
    for problem in problems:
        flash(problem.detail, "warning")
    return redirect(safe_next(request.form.get("next")) or url_for("web.approvals"), 303)


def view_of(work: Work, found: ApprovalRequest, *, voting: bool | None = None) -> RequestView:
    """Everything a page says of a request. ``voting`` is whether the reader is asked, where that is known."""
    record = _record(work, found)
    names = work.titles("user", _people(found))
    me = work.actor.id
    can_vote = (
        voting
        if voting is not None
        else any(r.id == found.id for r in tenon().pipelines.approvals.inbox(work))
    )
    return RequestView(
        found,
        record.title if record else str(found.record_id)[:8],
        record_url(work.type(found.entity).collection, record.id) if record else None,
        _stage(found, found.source),
        _stage(found, found.target),
        STATUS_LABELS.get(found.status, found.status),
        names.get(found.requested_by, "") if found.requested_by else "",
        [_round(found, number, names) for number in range(len(found.steps))],
        can_vote and found.status == "pending",
        found.waiting and me is not None and found.requested_by == me,
        _facts(work, record, found) if record else [],
    )


def _record(work: Work, found: ApprovalRequest) -> Record | None:
    try:
        return work.get(found.entity, found.record_id)
    except (ForbiddenError, NotFoundError):
        return None


def _people(found: ApprovalRequest) -> list[UUID]:
    asked = [user for step in found.steps for user in step.seats | step.extra]
    return [*asked, *(vote.by for vote in found.votes), *([found.requested_by] if found.requested_by else [])]


def _stage(found: ApprovalRequest, key: str | None) -> str:
    return reader().label(stage_labels().get((found.entity, "stage", key or ""), key or ""))


def _round(found: ApprovalRequest, number: int, names: Mapping[UUID, str]) -> Round:
    step = found.steps[number]
    votes = [vote for vote in found.votes if vote.step == number]
    return Round(
        reader().label(step.label),
        number == found.step and found.status == "pending",
        ", ".join(sorted(names.get(user, "?") for user in step.seats | step.extra)),
        [_vote(names.get(vote.by, "?"), vote.decision, vote.comment) for vote in votes],
    )


def _vote(name: str, decision: str, comment: str | None) -> str:
    text = _("%(name)s approved", name=name) if decision == "approve" else _("%(name)s rejected", name=name)
    return f"{reader().text(text)}: {comment}" if comment else reader().text(text)


def _facts(work: Work, record: Record, found: ApprovalRequest) -> list[tuple[Message | str, Markup]]:
    """What the approvers agree to: the covered values as they are and as they will be."""
    cells: Cells = cells_for(work, [record])
    seen = visible.fields(work, record.entity)
    fields: Sequence[Any] = [
        seen[path] for path in found.covers if path in seen and path not in ("stage", "pipeline")
    ]
    return [(f.label, cells.of(record, f)) for f in fields if f.kind != "currency"]
