"""Saved views: one's own, and those that others share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

import sqlalchemy as sa
from flask import url_for

from ..errors import InvalidError, NotFoundError, Problem
from ..messages import _
from ..storage.engine import Storage
from ..storage.ids import new_id
from .models import SavedView

TABLE: sa.Table = SavedView.__table__  # type: ignore[assignment]
MOST_NAME = 80


@dataclass(frozen=True)
class View:
    """A saved view as a link."""

    id: UUID
    name: str
    url: str
    shared: bool
    own: bool


def views_of(storage: Storage, entity: str, collection: str, who: UUID | None) -> list[View]:
    """The views of a list that somebody may use, by name; their own first."""
    table = TABLE
    seen = sa.or_(table.c.shared.is_(sa.true()), table.c.owner_id == who)
    statement = sa.select(table).where(table.c.entity == entity, seen).order_by(table.c.name, table.c.id)
    with storage.reading() as connection:
        rows = connection.execute(statement).all()
    found = [
        View(row.id, row.name, _url(collection, row.query, row.id), row.shared, row.owner_id == who)
        for row in rows
    ]
    return sorted(found, key=lambda view: not view.own)


def _url(collection: str, query: Sequence[Sequence[str]], view: UUID) -> str:
    pairs = [(name, value) for name, value in query]
    return f"{url_for('web.list_page', entity=collection)}?{urlencode([*pairs, ('view', str(view))])}"


def save_view(
    storage: Storage,
    entity: str,
    who: UUID,
    name: str,
    shared: bool,
    query: Sequence[tuple[str, str]],
    *,
    now: object,
) -> UUID:
    """Keep a list under a name; a view of one's own by that name is replaced."""
    name = name.strip()
    if not name or len(name) > MOST_NAME:
        detail = _("Give the view a name of at most %(most)s characters", most=MOST_NAME)
        raise InvalidError(detail, problems=[Problem("/name", "required", detail)])
    table = TABLE
    values = {"shared": shared, "query": [list(pair) for pair in query if pair[0] != "view"]}
    with storage.writing() as connection:
        mine = (table.c.entity == entity) & (table.c.owner_id == who) & (table.c.name == name)
        found: UUID | None = connection.execute(sa.select(table.c.id).where(mine)).scalar()
        if found is not None:
            connection.execute(sa.update(table).where(table.c.id == found).values(**values))
            return found
        fresh = new_id()
        row = {"id": fresh, "entity": entity, "owner_id": who, "name": name, "created_at": now, **values}
        connection.execute(sa.insert(table).values(**row))
        return fresh


def delete_view(storage: Storage, view: UUID, who: UUID) -> None:
    """Forget a view of one's own; ``NotFoundError`` for anybody else's."""
    table = TABLE
    with storage.writing() as connection:
        gone = connection.execute(sa.delete(table).where(table.c.id == view, table.c.owner_id == who))
    if not gone.rowcount:
        raise NotFoundError(
            _("There is no such view of yours"), hint=_("Only who saved a view can delete it.")
        )
