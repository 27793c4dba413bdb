"""SQLite's own refusal below the guard, for queries that read another table than they name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.orm import joinedload, selectinload

from tenon.access.net import SqliteNet
from tests.access.orm_world import Firm, Firms, Note, Person, Score, Tag, build_firms


class Smuggling(sa.types.TypeDecorator[str]):
    """A type whose SQL reads a table that the statement does not name."""

    impl = sa.String
    cache_ok = True

    def column_expression(self, column: Any) -> Any:
        return sa.literal_column("(SELECT max(text) FROM paths_score)")


SMUGGLED = sa.select(sa.type_coerce(Firm.name, Smuggling()))

ASKED: dict[str, Callable[[], Any]] = {
    "an entity": lambda: sa.select(Firm),
    "a count": lambda: sa.select(sa.func.count()).select_from(Person),
    "a join": lambda: sa.select(Firm.name, Person.name).join(Firm.people),
    "eagerly": lambda: sa.select(Firm).options(joinedload(Firm.people), selectinload(Firm.tags)),
    "a private table": lambda: sa.select(Note.text),
    "an attribute that asks": lambda: sa.select(Tag),
    "a recursive query": lambda: _line(),
    "a function": lambda: sa.select(sa.func.lower(sa.func.max(Firm.name))),
}


def _line() -> Any:
    line = sa.select(Firm.id).cte(recursive=True)
    return sa.select(line.union(sa.select(Firm.id).where(Firm.parent_id == line.c.id)))


@pytest.fixture
def netted(sqlite_url: str) -> Iterator[Firms]:
    world = build_firms(sqlite_url, SqliteNet)
    yield world
    world.records.storage.close()


@pytest.mark.parametrize("name", ASKED)
def test_what_plugins_ask_passes_the_net(netted: Firms, name: str) -> None:
    with netted.guarded() as work:
        assert work.session.execute(ASKED[name]()).unique().all()


def test_the_net_holds_what_the_guard_cannot_see(netted: Firms) -> None:
    with netted.guarded() as work, pytest.raises(exc.DatabaseError, match="prohibited"):
        work.session.execute(SMUGGLED).all()


def test_without_the_net_it_comes_through(sqlite_firms: Firms) -> None:
    with sqlite_firms.guarded() as work:
        assert work.session.execute(SMUGGLED).one()[0].startswith("Theirs")


def test_the_kernel_and_the_system_read_on_beside_it(netted: Firms) -> None:
    with netted.guarded() as work:
        work.session.execute(sa.select(Firm.name)).all()
        assert work.count("firm") == 1
        work.session.add(Note(firm_id=netted.mine, text="Added"))
        assert len(work.session.scalars(sa.select(Note)).all()) == 2
        work.session.execute(sa.update(Note).values(text="Changed"))
        assert len(work.as_system("to compare").session.scalars(sa.select(Score)).all()) == 7
        work.update("firm", netted.mine, {"name": "Renamed"})


def test_a_connection_keeps_nothing_of_what_it_was_used_for(netted: Firms) -> None:
    with netted.guarded() as work:
        with pytest.raises(exc.DatabaseError):
            work.session.execute(SMUGGLED).all()
        assert work.unguarded.scalar(sa.select(sa.func.count()).select_from(Score.__table__)) == 7
