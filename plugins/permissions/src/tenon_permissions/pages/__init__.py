"""Pages for administrators: roles, the policy as lines, what would change, why."""

from __future__ import annotations

from flask import Blueprint

from tenon.api import ForbiddenError, _, current_actor

from . import activating, fieldsets, history, lines, people, reasons, roles

PARTS = (roles, lines, fieldsets, activating, history, reasons, people)


def pages() -> Blueprint:
    """The routes, on a blueprint of its own for each deployment."""
    found = Blueprint("permissions_access", __name__)
    found.before_request(require_admin)
    for part in PARTS:
        part.routes(found)
    return found


def require_admin() -> None:
    """Refuse everybody but administrators, as the settings do."""
    if not current_actor().admin:
        raise ForbiddenError(
            _("Only administrators may see and change who may do what"),
            hint=_("Ask an administrator to make the change, or to make you one: tenon user access."),
        )


__all__ = ["pages"]
