"""Roles: who has them, what they may do, and changing that by choosing from lists."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from tenon.api import _

from ..crowd import holders
from ..document import Role
from ..editing import (
    REACHES,
    Cell,
    cells,
    other_scopes,
    require_role,
    special,
    with_cells,
    with_line,
    with_role,
    with_texts,
    without_line,
    without_role,
)
from ..line import ALL, EVERY, EVERYTHING, TOKENS, Line
from ..rights import rights_of
from ..words import action_word, kind_word
from .activating import proposed
from .parts import document, document_sent, number_sent, page, people, policy, tenon, wanted

SHOWN = 50


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/", "roles", roles)
    pages.add_url_rule("/roles", "add_role", add_role, methods=["POST"])
    pages.add_url_rule("/role", "role", role)
    pages.add_url_rule("/role", "change_role", change_role, methods=["POST"])
    pages.add_url_rule("/role/remove", "remove_role", remove_role, methods=["POST"])
    pages.add_url_rule("/role/kind", "role_kind", role_kind)
    pages.add_url_rule("/role/kind", "change_role_kind", change_role_kind, methods=["POST"])
    pages.add_url_rule("/role/line", "change_line", change_line, methods=["POST"])


def roles() -> str:
    everybody = people()
    found = [
        (role, holders(role.key, everybody), sum(line.sub == role.key for line in document().lines))
        for role in document().roles.values()
    ]
    return page("roles", "roles", roles=found, nobody=_without_role(everybody))


def _without_role(everybody: list[object]) -> list[object]:
    known = set(document().roles)
    return [p for p in everybody if not (set(p.roles) & known or p.admin)]  # type: ignore[attr-defined]


def role() -> str:
    key = wanted("role")
    found = require_role(document(), key)
    having = holders(key, people())
    snapshot, names = policy().snapshot, policy().names
    return page(
        "role",
        "roles",
        role=found,
        people=having[:SHOWN],
        count=len(having),
        rights=rights_of(snapshot, {key}, tenon().records.registry),
        general=[(obj, cells(document(), key, obj, names)) for obj in (EVERY, EVERYTHING)],
        special=special(document(), key, names),
        tokens=TOKENS,
    )


def change_role() -> str:
    key = wanted("role")
    changed = with_texts(
        document_sent(), key, request.form.get("label", ""), request.form.get("description", "")
    )
    return proposed(changed, number_sent(), _("Texts of %(role)s", role=changed.roles[key].label))


def add_role() -> str:
    form = request.form
    new = Role(form.get("name", ""), form.get("label", ""), form.get("description", "").strip())
    changed = with_role(document_sent(), new, form.get("like") or None)
    return proposed(changed, number_sent(), _("New role %(role)s", role=new.label or new.key))


def remove_role() -> str:
    key = wanted("role")
    label = require_role(document_sent(), key).label
    return proposed(
        without_role(document_sent(), key), number_sent(), _("Without the role %(role)s", role=label)
    )


def role_kind() -> str | Response:
    key, kind = wanted("role"), request.args.get("kind", EVERY)
    names = policy().names
    found = require_role(document(), key)
    if kind not in (EVERY, EVERYTHING, *names.entities):
        return redirect(url_for(".role", role=key), 303)
    general = {} if kind == EVERYTHING else cells(document(), key, EVERY, names) if kind != EVERY else {}
    if kind in names.administrative:
        general = {}
    return page(
        "role_kind",
        "roles",
        role=found,
        kind=kind,
        cells=cells(document(), key, kind, names),
        general=general,
        special=[line for line in special(document(), key, names) if line.obj == kind],
        actions=(EVERY, *names.actions),
        reaches=[scope for scope in REACHES if scope in names.scopes],
        others=other_scopes(names, kind),
        via=[scope for scope in other_scopes(names, kind) if scope.startswith("via:")],
        field_sets=[ALL, *names.field_sets, *document().field_sets],
        empty=Cell(),
    )


def change_role_kind() -> str:
    key, kind = wanted("role"), wanted("kind")
    names = policy().names
    cells_sent = _cells(request.form, (EVERY, *names.actions))
    changed = with_cells(document_sent(), key, kind, cells_sent, names)
    label = require_role(changed, key).label
    return proposed(changed, number_sent(), _("%(role)s: %(kind)s", role=label, kind=kind_word(names, kind)))


def _cells(form: MultiDict[str, str], actions: tuple[str, ...]) -> dict[str, Cell]:
    """What the form says for each action; empty cells are left out."""
    found = {}
    for act in actions:
        reach, also = form.get(f"reach:{act}", ""), frozenset(form.getlist(f"also:{act}"))
        if reach or also:
            found[act] = Cell(reach, also, form.get(f"fields:{act}", ALL))
    return found


def change_line() -> str:
    """Add a line or take one away; ``remove`` says which."""
    line = Line(*(request.form.get(token, "").strip() or _DEFAULTS.get(token, "") for token in TOKENS))
    before, note = document_sent(), action_word(policy().names, line.act)
    if request.form.get("remove"):
        return proposed(without_line(before, line), number_sent(), _("Without a line: %(what)s", what=note))
    return proposed(with_line(before, line), number_sent(), _("One more line: %(what)s", what=note))


_DEFAULTS = {"dom": EVERY, "fields": ALL, "scope": ALL}
