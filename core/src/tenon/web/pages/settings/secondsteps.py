"""Who signs in with a second step, and taking one away from somebody who lost the app."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from ....messages import _
from ...context import actor, tenon
from ...notices import flash
from ...session import browser
from .admin import admins_only


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/settings/second-steps", "second_steps", second_steps)
    pages.add_url_rule(
        "/settings/second-steps/<uuid:user_id>/reset",
        "reset_second_step",
        reset_second_step,
        methods=["POST"],
    )


@admins_only
def second_steps() -> str:
    return render_template(
        "tenon/settings/second_steps.html",
        users=[user for user in tenon().identity.users.all() if user.active],
        since=tenon().identity.second_step.states(),
        required=tenon().settings.session.require_totp,
    )


@admins_only
def reset_second_step(user_id: UUID) -> Response:
    name = tenon().identity.users.get(user_id).name
    if tenon().identity.second_step.reset(user_id, by=actor(), browser=browser()):
        flash(_("%(name)s signs in with the password alone now.", name=name), "warning")
    return redirect(url_for("web.second_steps"), 303)
