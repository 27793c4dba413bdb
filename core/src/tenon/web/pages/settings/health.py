"""The worker and the outbox: how late things are, what failed for good, and sending it again."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ....exchange.stats import stats
from ....messages import Message, _
from ...context import tenon
from ...notices import flash
from .admin import admins_only

SHOWN = 50
STATES = {
    "new": _("Waiting"),
    "leased": _("In hand"),
    "sent": _("Sent, no answer yet"),
    "unknown": _("Outcome unknown"),
    "dead": _("Given up"),
    "rejected": _("Refused by the receiver"),
    "skipped": _("Left out"),
    "done": _("Delivered"),
}


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/settings/health", "health", health)
    pages.add_url_rule("/settings/health/replay", "replay_dead", replay_dead, methods=["POST"])
    pages.add_url_rule(
        "/settings/health/<uuid:delivery_id>", "decide_delivery", decide_delivery, methods=["POST"]
    )


@admins_only
def health() -> str:
    with tenon().storage.reading() as connection:
        found = stats(connection, tenon().clock.now())
    operations = tenon().exchange.operations
    failed = [d for state in ("dead", "unknown") for d in operations.list(state=state, limit=SHOWN)]
    return render_template(
        "tenon/settings/health.html",
        stats=found,
        lag=timedelta(seconds=found.lag_seconds),
        failed=failed,
        states=STATES,
    )


@admins_only
def replay_dead() -> Response:
    count = tenon().exchange.operations.replay_dead()
    flash(_("%(count)s deliveries are sent again.", count=count), "success")
    return redirect(url_for("web.health"), 303)


@admins_only
def decide_delivery(delivery_id: UUID) -> Response:
    operations, action = tenon().exchange.operations, request.form.get("action")
    said: Message = _("The delivery is sent again.")
    if action in ("done", "skipped"):
        operations.resolve(delivery_id, "done" if action == "done" else "skipped")
        said = _("The delivery is closed.")
    else:
        operations.replay(delivery_id)
    flash(said, "success")
    return redirect(url_for("web.health"), 303)
