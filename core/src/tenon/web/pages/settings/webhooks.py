"""Webhooks: addresses that are told of events, their secrets, and what was delivered."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ....errors import TenonError
from ....messages import _
from ...context import actor, tenon
from ...notices import flash
from .admin import admins_only
from .health import STATES

SHOWN = 20


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/settings/webhooks", "webhooks", webhooks)
    pages.add_url_rule("/settings/webhooks", "add_webhook", add_webhook, methods=["POST"])
    pages.add_url_rule("/settings/webhooks/<uuid:webhook_id>", "webhook", webhook)
    pages.add_url_rule(
        "/settings/webhooks/<uuid:webhook_id>", "change_webhook", change_webhook, methods=["POST"]
    )


@admins_only
def webhooks() -> str:
    return _page()


def _page(error: TenonError | None = None) -> str:
    return render_template(
        "tenon/settings/webhooks.html",
        hooks=tenon().exchange.webhooks.all(),
        types=[t for t in tenon().records.registry if t.entity.menu],
        error=error,
        sent=request.form,
    )


@admins_only
def add_webhook() -> Response | tuple[str, int]:
    form, who = request.form, actor()
    assert who.id is not None
    try:
        made = tenon().exchange.webhooks.create(
            form.get("url", "").strip(), form.get("events", "").replace(",", " ").split(), who.id,
            entity=form.get("entity") or None,
        )  # fmt: skip
    except TenonError as error:
        return _page(error), 422
    flash(_("The webhook is added. Its secret is shown below."), "success")
    return redirect(url_for("web.webhook", webhook_id=made.id), 303)


@admins_only
def webhook(webhook_id: UUID) -> str:
    found = tenon().exchange.webhooks.get(webhook_id)
    sent = tenon().exchange.operations.list(target=found.target, limit=SHOWN)
    return render_template("tenon/settings/webhook.html", hook=found, deliveries=sent, states=STATES)


@admins_only
def change_webhook(webhook_id: UUID) -> Response:
    service, action = tenon().exchange.webhooks, request.form.get("action")
    if action == "delete":
        service.delete(webhook_id)
        flash(_("The webhook is deleted."), "success")
        return redirect(url_for("web.webhooks"), 303)
    if action == "rotate":
        service.rotate(webhook_id)
    elif action == "retire":
        service.retire(webhook_id)
    elif action == "enable":
        service.enable(webhook_id)
    elif action == "disable":
        service.disable(webhook_id, f"switched off by {actor().name}")
    flash(_("The webhook is changed."), "success")
    return redirect(url_for("web.webhook", webhook_id=webhook_id), 303)
