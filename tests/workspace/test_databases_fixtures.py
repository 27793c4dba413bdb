"""Each test has a database of its own, on either engine."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, inspect, text


def run(url: str, statement: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_database_starts_empty(database, attempt):
    run(database, "CREATE TABLE only_here (id INTEGER)")


def test_a_copy_of_a_database_has_its_tables(new_postgres):
    original = new_postgres()
    run(original, "CREATE TABLE prepared (id INTEGER)")
    engine = create_engine(new_postgres(template=original))
    assert inspect(engine).get_table_names() == ["prepared"]
    engine.dispose()
