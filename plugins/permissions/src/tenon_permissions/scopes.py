"""The scopes that ship: all, none, own, team, subtree, granted, unowned, via."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from tenon.api import Message, Scope, ScopeQuery, ScopeView, _

Record = Mapping[str, Any]


def _because_own(view: ScopeView, record: Record) -> Message | str:
    return _("%(owner)s owns it", owner=view.name(view.owner(record)))


def _because_team(view: ScopeView, record: Record) -> Message | str:
    return _("%(owner)s, who owns it, is in the same team", owner=view.name(view.owner(record)))


def _because_below(view: ScopeView, record: Record) -> Message | str:
    return _("%(owner)s owns it: %(path)s", owner=view.name(view.owner(record)), path=view.line_to(record))


def _because_granted(view: ScopeView, record: Record) -> Message | str:
    return view.grant_of(record)


def _through(query: ScopeQuery) -> sa.ColumnElement[bool]:
    return query.through(query.argument or "")


def _holds_through(view: ScopeView, record: Record) -> bool:
    return view.through(record, view.argument or "")


def _owned(view: ScopeView, record: Record, people: Any) -> bool:
    owner = view.owner(record)
    return owner is not None and owner in people


SCOPES = (
    Scope(
        "all",
        _("Every record"),
        rows=lambda query: sa.true(),
        holds=lambda view, record: True,
        examples=(_("The managing director sees every account."),),
    ),
    Scope("none", _("No record"), rows=lambda query: sa.false(), holds=lambda view, record: False),
    Scope(
        "own",
        _("One's own records"),
        rows=lambda query: query.owner == query.me,
        holds=lambda view, record: _owned(view, record, (view.actor.id,)),
        because=_because_own,
        examples=(_("A salesperson sees the accounts that they own."),),
    ),
    Scope(
        "team",
        _("Records of one's team"),
        rows=lambda query: query.owner.in_(query.members()),
        holds=lambda view, record: _owned(view, record, view.members()),
        because=_because_team,
        examples=(_("Colleagues of one team see each other's opportunities."),),
    ),
    Scope(
        "subtree",
        _("One's own records and those of everybody who reports to one"),
        rows=lambda query: query.owner.in_(query.below()),
        holds=lambda view, record: _owned(view, record, view.below()),
        because=_because_below,
        examples=(_("A manager sees what their people own, and what their people's people own."),),
    ),
    Scope(
        "granted",
        _("Records that were shared with one"),
        rows=lambda query: query.table.c.id.in_(query.granted()),
        holds=lambda view, record: view.granted(record),
        because=_because_granted,
        examples=(_("An engineer sees the one account that a colleague shared with them."),),
    ),
    Scope(
        "unowned",
        _("Records that nobody owns: the pool"),
        rows=lambda query: query.owner.is_(None),
        holds=lambda view, record: view.owner(record) is None,
        because=lambda view, record: _("Nobody owns it"),
        examples=(_("Everybody may take a lead out of the pool."),),
    ),
    Scope(
        "via",
        _("Records that belong to a record within one's reach"),
        rows=_through,
        holds=_holds_through,
        argument=_("the reference that leads there"),
        examples=(_("via:account_id: whoever sees the account sees its contracts."),),
    ),
)
