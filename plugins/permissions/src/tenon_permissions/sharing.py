"""Sharing by what people do: a record with somebody, its team, the territories it is put in.

Who may ``share`` a record may do so, and gives no more than they may do with it themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa

from tenon.api import (
    Actor,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    Problem,
    Record,
    TenonError,
    Work,
    _,
)

from .grants import TABLE, Share, grant, grants_of, of_records, revoke, shareable
from .models import BY_HAND, CHANGE, FULL, HAND, LEVEL_OF, PRINCIPALS, RANK, READ, TEAM, TERRITORY

SHARING = "sharing a record"
CHECKING = "who may share a record"
MAKES = {READ: ("read",), CHANGE: ("update",), FULL: ("archive", "assign")}
"""What one has to be allowed to give a level, beside what the levels below it ask for."""

Cause = Literal["hand", "team", "territory"]


@dataclass(frozen=True)
class Given:
    """What somebody gives: to whom, how far, for how long. ``label`` is a team member's function."""

    principal_kind: str
    principal_id: UUID
    level: str = "read"
    cause: Cause = HAND
    label: str | None = None
    until: datetime | None = None


class Sharing:
    """Shares records for people, each call in a transaction of its own."""

    def __init__(self, tenon: Any) -> None:
        self._tenon = tenon

    def give(self, actor: Actor, entity: str, id_: UUID, given: Given, *, via: str) -> None:
        """Share a record; what is shared so already takes the new level, function and end.

        ``NotFoundError`` for a record that the actor may not see, ``ForbiddenError`` for one they
        may not share or not so far, ``InvalidError`` for what cannot be given.
        """
        with self._writing(actor, via) as work:
            record = for_sharing(work, entity, id_)
            level = _checked(work, record, given)
            keeper = work.as_system(SHARING)
            principal = TABLE.c.principal_id == given.principal_id
            revoke(keeper, of_records(record.entity, [id_]), principal, *_so(given.cause))
            share = Share(
                entity, id_, given.principal_kind, given.principal_id, level,
                given.cause, BY_HAND, given.label, given.until,
            )  # fmt: skip
            grant(keeper, [share], actor.id)
        detail = {"cause": given.cause, "with": given.principal_kind, "id": str(given.principal_id)}
        detail |= {"level": LEVEL_OF[level], "until": given.until.isoformat() if given.until else ""}
        self._tell(actor, "share", entity, id_, detail)

    def take(
        self, actor: Actor, entity: str, id_: UUID, cause: Cause, principal_id: UUID, *, via: str
    ) -> None:
        """Take back what was given so; ``NotFoundError`` where nothing was, ``ConflictError`` for what a
        rule or a filter gives."""
        with self._writing(actor, via) as work:
            record = for_sharing(work, entity, id_)
            keeper = work.as_system(SHARING)
            principal = TABLE.c.principal_id == principal_id
            mine = of_records(record.entity, [id_])
            if not revoke(keeper, mine, principal, *_so(cause)):
                raise _not_given(keeper, entity, id_, principal_id)
        self._tell(actor, "unshare", entity, id_, {"cause": cause, "id": str(principal_id)})

    @contextmanager
    def _writing(self, actor: Actor, via: str) -> Iterator[Work]:
        with self._tenon.records.writing(actor, via=via) as work:
            yield work
        self._tenon.access.policy.standings.forget()

    def _tell(self, actor: Actor, action: str, entity: str, id_: UUID, detail: dict[str, str]) -> None:
        self._tenon.access_log.record(
            kind="other", actor=actor, action=action, entity=entity, record_id=id_, detail=detail
        )


def shares_of(work: Work, entity: str, id_: UUID) -> tuple[Record, list[Any]]:
    """A record and its grants, for whoever may share it."""
    record = for_sharing(work, entity, id_)
    return record, grants_of(work.as_system(CHECKING), entity, id_)


def for_sharing(work: Work, entity: str, id_: UUID) -> Record:
    """The record, locked where this work writes, so that nobody gives it away meanwhile.

    ``NotFoundError`` where the actor may not see it, ``ForbiddenError`` where they may not share it.
    """
    record = work.get(entity, id_)
    if not shareable(work.type(entity)):
        raise ForbiddenError(
            _("%(kind)s cannot be shared by itself", kind=record.entity.label),
            hint=_("Share the record that it belongs to."),
        )
    if not may(work, "share", entity, id_, lock=work.writable):
        raise ForbiddenError(
            _("You may not share this %(kind)s", kind=record.entity.label),
            hint=_("Ask whoever owns it, or an administrator."),
        )
    return record


def may(work: Work, action: str, entity: str, id_: UUID, *, lock: bool = False) -> bool:
    """Whether the actor may do that to the record."""
    type_ = work.type(entity)
    if not work.access.allows(work.actor, action, entity):
        return False
    asked = sa.select(type_.table.c.id).where(type_.table.c.id == id_)
    allowed = work.scope(type_, action)
    if allowed is not None:
        asked = asked.where(allowed)
    if lock:
        asked = asked.with_for_update(key_share=True, of=type_.table)
    return work.as_system(CHECKING).connection.execute(asked).first() is not None


def most(work: Work, entity: str, id_: UUID) -> int:
    """The highest level that the actor may give; 0 for none."""
    found = 0
    for level, actions in sorted(MAKES.items()):
        if not all(may(work, action, entity, id_) for action in actions):
            break
        found = level
    return found


# Checking what is given


def _checked(work: Work, record: Record, given: Given) -> int:
    """The level to write, once everything about it is right."""
    problems: list[Problem] = []
    level = RANK.get(given.level, 0)
    if given.cause == TERRITORY:
        level = _level_of_territory(work, given, problems)
    else:
        _check_principal(work, given, problems)
    if not level and not problems:
        detail = _("The level is one of: %(levels)s", levels=", ".join(RANK))
        problems.append(Problem("/level", "unknown-choice", detail))
    if given.until is not None and given.until <= work.now:
        problems.append(Problem("/until", "past", _("Name a moment that is still to come")))
    if given.label is not None and len(given.label) > 100:
        problems.append(Problem("/function", "too-long", _("100 characters at most")))
    if problems:
        raise InvalidError(problems=problems)
    highest = most(work, record.entity.name, record.id)
    if level > highest:
        raise ForbiddenError(
            _("You cannot give more than you have yourself"),
            hint=_("You may give this at most: %(level)s.", level=LEVEL_OF.get(highest, "–")),
        )
    return level


def _check_principal(work: Work, given: Given, problems: list[Problem]) -> None:
    kinds = ("user",) if given.cause == TEAM else tuple(PRINCIPALS)
    if given.principal_kind not in kinds:
        detail = _("Share with one of: %(kinds)s", kinds=", ".join(kinds))
        problems.append(Problem("/principal_kind", "unknown-choice", detail))
    elif _principal(work, given) is None:
        problems.append(_nobody(given))


def _principal(work: Work, given: Given) -> Record | None:
    """Whom the actor names, if they may see them and they are still there."""
    try:
        found = work.get(given.principal_kind, given.principal_id)
    except TenonError:
        return None
    return None if found.archived or found.get("active") is False else found


def _level_of_territory(work: Work, given: Given, problems: list[Problem]) -> int:
    """A territory says itself how far its members go; only who may change it puts records there."""
    territory = _principal(work, given)
    if territory is None:
        problems.append(_nobody(given))
        return 0
    if not may(work, "update", "territory", given.principal_id):
        raise ForbiddenError(
            _("You may not put records in this territory"), hint=_("Ask whoever keeps the territories.")
        )
    return RANK[territory["level"]]


def _nobody(given: Given) -> Problem:
    kind = PRINCIPALS.get(given.principal_kind, given.principal_kind)
    return Problem("/principal_id", "unknown-reference", _("There is no such %(label)s", label=kind))


def _so(cause: Cause) -> tuple[sa.ColumnElement[bool], ...]:
    """Grants that people gave so, here or on a record that was merged into this one."""
    by_filter = TABLE.c.cause_id == TABLE.c.principal_id
    return (TABLE.c.cause == cause, sa.not_(by_filter), TABLE.c.level > 0)


def _not_given(keeper: Work, entity: str, id_: UUID, principal_id: UUID) -> TenonError:
    """Why there was nothing to take away."""
    if any(row.principal_id == principal_id for row in grants_of(keeper, entity, id_)):
        return ConflictError(
            _("It is not shared like that"),
            hint=_("What a sharing rule, a team or a territory gives ends there."),
        )
    return NotFoundError(_("It is not shared with them"))
