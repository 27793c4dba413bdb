"""Saved views: one's own, and those that others share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

import sqlalchemy as sa
from flask import url_for

from ..errors import InvalidError, NotFoundError, Problem
from ..messages import _
from ..records.registry import EntityType, Field
from ..storage.engine import Storage
from ..storage.ids import new_id
from .filters import NAME
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


def views_of(
    storage: Storage, type_: EntityType, who: UUID | None, fields: Mapping[str, Field]
) -> list[View]:
    """The views of a list that somebody may use, by name; their own first.

    One that filters or sorts by what is not among ``fields`` is no view for them; columns that
    are not are left out of it.
    """
    table = TABLE
    seen = sa.or_(table.c.shared.is_(sa.true()), table.c.owner_id == who)
    statement = sa.select(table).where(table.c.entity == type_.name, seen).order_by(table.c.name, table.c.id)
    with storage.reading() as connection:
        rows = connection.execute(statement).all()
    found = []
    for row in rows:
        query = _known(row.query, fields)
        if query is not None:
            url = _url(type_.collection, query, row.id)
            found.append(View(row.id, row.name, url, row.shared, row.owner_id == who))
    return sorted(found, key=lambda view: not view.own)


def _known(query: Sequence[Sequence[str]], fields: Mapping[str, Field]) -> list[tuple[str, str]] | None:
    """A view's query without unknown columns; ``None`` where a filter or the order names such a field."""
    found = []
    for name, value in query:
        filtered = NAME.fullmatch(name)
        if filtered and not _leads(filtered[1], fields):
            return None
        if name == "sort" and any(path.lstrip("-") not in fields for path in value.split(",")):
            return None
        if name == "columns":
            value = ",".join(path for path in value.split(",") if path in fields)
        if value or name != "columns":
            found.append((name, value))
    return found


def _leads(path: str, fields: Mapping[str, Field]) -> bool:
    """Whether ``path`` is a field, or leads through one that refers to another record."""
    heads = [path[:place] for place, letter in enumerate(path) if letter == "."]
    return path in fields or any(head in fields and fields[head].kind == "reference" for head in heads)


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
