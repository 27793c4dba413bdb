"""What every page of access needs: the policy, words for templates, notices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import flask
from flask import current_app, render_template, request

from tenon.api import Actor, BadRequestError, ConflictError, Message, NotFoundError, _

from .. import words
from ..document import PolicyDocument

if TYPE_CHECKING:
    from ..policy import PermissionsPolicy

TABS = (
    ("roles", _("Roles"), "users-group"),
    ("field_sets", _("Field sets"), "columns"),
    ("lines", _("Policy as lines"), "list-details"),
    ("history", _("History"), "history"),
    ("why", _("Why"), "help-circle"),
    ("person", _("Check a person"), "user-check"),
)


def tenon() -> Any:
    return current_app.extensions["tenon"]


def policy() -> PermissionsPolicy:
    return cast("PermissionsPolicy", tenon().access.policy)


def document() -> PolicyDocument:
    """The policy in force."""
    return policy().snapshot.document


def document_sent() -> PolicyDocument:
    """The policy that a form was made from; ``ConflictError`` where another is in force meanwhile."""
    found = policy()
    found.refresh(at_once=True)
    if number_sent() != found.number:
        raise ConflictError(
            _("Somebody changed the policy in the meantime"),
            hint=_("Open the page again: it shows what is in force now. Then make your change."),
        )
    return found.snapshot.document


def number_sent() -> int:
    """The number of the policy that a form was made from."""
    number = request.form.get("after", type=int)
    if number is None:
        raise BadRequestError(_("The form does not say from which policy it was made"))
    return number


def wanted(name: str) -> str:
    """A value of the address or the form that a page cannot do without."""
    found = request.values.get(name, "")
    if not found:
        raise NotFoundError(_("The address of this page lacks %(name)s", name=name))
    return found


def page(template: str, tab: str, **parts: Any) -> str:
    """A page of access inside its tabs."""
    found = policy()
    return render_template(
        f"permissions/{template}.html",
        tab=tab,
        tabs=TABS,
        policy=found,
        names=found.names,
        words=words,
        **{"document": found.snapshot.document, **parts},
    )


def say(text: Message) -> None:
    """Say something on the next page. A session keeps plain text alone, so it is translated first."""
    flask.flash(current_app.jinja_env.globals["_"](text), "success")  # type: ignore[operator]


def people() -> list[Any]:
    """Everybody who works here, by name."""
    return [person for person in tenon().identity.users.all() if person.active]


def actor(user_id: str) -> Actor:
    """The person of that id, as they would act; ``NotFoundError`` for a disabled one."""
    try:
        found: Actor | None = tenon().identity.actor_for_user(UUID(user_id))
    except ValueError:
        found = None
    if found is None:
        raise NotFoundError(_("There is nobody like that, or they are disabled"))
    return found
