"""Numbers that count up, such as those of orders."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from ..api import Base


class Counter(Base):
    """The last number given out under a key, such as ``order:2026``."""

    __tablename__ = "nouns_counter"

    key = sa.orm.mapped_column(sa.String(60), primary_key=True)
    value = sa.orm.mapped_column(sa.BigInteger, nullable=False)


def next_number(connection: Connection, key: str) -> int:
    """The next number under ``key``, from 1.

    It is taken in the caller's transaction: two transactions never get the same
    number, and one that is rolled back gives its number back.
    """
    table = Counter.__table__
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table).values(key=key, value=1)
    bumped = statement.on_conflict_do_update(index_elements=["key"], set_={"value": table.c.value + 1})
    value: int = connection.execute(bumped.returning(table.c.value)).scalar_one()
    return value
