"""Roles to start from, and the policy that is in force before there is one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tenon.api import RoleTemplate, _

from .document import PolicyDocument, Role
from .line import Line, line_of
from .snapshot import ADMIN, EVERYONE

CHANGING = ("create", "update", "transition", "import", "merge")

TEMPLATES = (
    RoleTemplate(EVERYONE, _("Everyone"), ("user:read", "team:read", "product:read")),
    RoleTemplate(
        "sales",
        _("Salesperson"),
        (
            "*:read@own",
            "*:read@granted",
            "*:read@unowned",
            *(f"*:{action}@own" for action in (*CHANGING, "archive", "export", "assign", "share")),
            "*:update@granted",
            "*:transition@granted",
            "*:archive@granted",
            "*:assign@unowned",
        ),
    ),
    RoleTemplate(
        "manager",
        _("Sales manager"),
        (
            "*:read@subtree",
            "*:read@granted",
            "*:read@unowned",
            *(
                f"*:{action}@subtree"
                for action in (*CHANGING, "archive", "export", "assign", "override", "share")
            ),
            "*:update@granted",
            "*:transition@granted",
            "*:archive@granted",
            "*:assign@unowned",
        ),
    ),
    RoleTemplate(
        "boss",
        _("Head of the company"),
        ("*:*", "product:*", "user:read", "team:read"),
    ),
    RoleTemplate("viewer", _("Viewer"), ("*:read", "user:read", "team:read")),
    RoleTemplate(ADMIN, _("Administrator"), ("**:*",)),
)

DESCRIPTIONS = {
    EVERYONE: _("What everybody who is signed in may do, whatever their roles."),
    "sales": _("Their own records, what is shared with them, and the pool of what nobody owns."),
    "manager": _("What they and everybody who reports to them own, what is shared with them, the pool."),
    "boss": _("Every record of the business."),
    "viewer": _("Sees everything of the business and changes nothing."),
    ADMIN: _("Everything, people and policy included. Given to users marked as administrators."),
}

ADMIN_ONLY = PolicyDocument(
    roles={ADMIN: Role(ADMIN, "Administrator")}, lines=(Line(ADMIN, "*", "**", "*", "all", "all", "allow"),)
)


def document_from(templates: Iterable[RoleTemplate]) -> PolicyDocument:
    """A policy of role templates; lines for the same role are put together."""
    roles: dict[str, Role] = {}
    lines: dict[Line, None] = {}
    for template in templates:
        described = str(DESCRIPTIONS.get(template.key, ""))
        roles.setdefault(template.key, Role(template.key, str(template.label), described))
        lines.update({line_of(permission, template.key): None for permission in template.permissions})
    order = {key: place for place, key in enumerate(roles)}
    return PolicyDocument(roles, {}, tuple(sorted(lines, key=lambda line: order[line.sub])))


def default_document(tenon: Any) -> PolicyDocument:
    """The policy that this deployment's plugins suggest."""
    return document_from(template for _plugin, template in tenon.plugins.contributions(RoleTemplate))
