"""A value is the same on SQLite and on PostgreSQL, and the same as it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenon.storage import Storage
from tenon.storage.types import ExactDecimal, Json, UtcDateTime

METADATA = sa.MetaData()
VALUES = sa.Table(
    "values_of_each_type",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("amount", ExactDecimal(4)),
    sa.Column("at", UtcDateTime),
    sa.Column("data", Json),
)

LAWS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
AMOUNTS = st.decimals(min_value=-(10**13), max_value=10**13, allow_nan=False, allow_infinity=False, places=4)


@pytest.fixture
def values(storage: Storage) -> Storage:
    with storage.writing() as connection:
        METADATA.create_all(connection)
    return storage


def kept(storage: Storage, column: str, values: list[Any]) -> list[Any]:
    """The values as they come back, in the order they went in."""
    with storage.writing() as connection:
        connection.execute(sa.delete(VALUES))
        connection.execute(sa.insert(VALUES), [{"id": n, column: v} for n, v in enumerate(values)])
        return list(connection.execute(sa.select(VALUES.c[column]).order_by(VALUES.c.id)).scalars())


@LAWS
@given(amounts=st.lists(AMOUNTS, min_size=1, max_size=8))
def test_amounts_come_back_exactly_and_sum_and_sort_exactly(values: Storage, amounts: list[Decimal]) -> None:
    assert kept(values, "amount", amounts) == amounts
    with values.reading() as connection:
        total = connection.execute(sa.select(sa.func.sum(VALUES.c.amount))).scalar_one()
        ordered = list(connection.execute(sa.select(VALUES.c.amount).order_by(VALUES.c.amount)).scalars())
        pivot = amounts[0]
        below = connection.execute(sa.select(sa.func.count()).where(VALUES.c.amount < pivot)).scalar_one()
    assert total == sum(amounts)
    assert ordered == sorted(amounts)
    assert below == sum(amount < pivot for amount in amounts)


@LAWS
@given(amount=st.decimals(min_value=-(10**9), max_value=10**9, allow_nan=False, allow_infinity=False))
def test_what_has_more_places_is_rounded_half_up(values: Storage, amount: Decimal) -> None:
    rounded = amount.quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)
    assert kept(values, "amount", [amount]) == [rounded]


def test_the_naive_way_would_lose_cents() -> None:
    """The control: what a float makes of the same sum."""
    assert sum([0.1] * 3) != 0.3
    assert sum([Decimal("0.1")] * 3) == Decimal("0.3")


@LAWS
@given(
    moment=st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)),
    offset=st.integers(-14 * 60, 14 * 60),
)
def test_a_moment_comes_back_in_utc_whatever_zone_it_was_given_in(
    values: Storage, moment: datetime, offset: int
) -> None:
    given_in = moment.replace(tzinfo=timezone(timedelta(minutes=offset)))
    (back,) = kept(values, "at", [given_in])
    assert back == given_in
    assert back.tzinfo is UTC


def test_moments_sort_by_time_and_not_by_their_clocks_face(values: Storage) -> None:
    east, west = timezone(timedelta(hours=9)), timezone(timedelta(hours=-8))
    later, earlier = datetime(2026, 1, 1, 8, tzinfo=west), datetime(2026, 1, 1, 9, tzinfo=east)
    kept(values, "at", [later, earlier])
    with values.reading() as connection:
        order = list(connection.execute(sa.select(VALUES.c.id).order_by(VALUES.c.at)).scalars())
    assert order == [1, 0]


def test_a_moment_without_a_zone_is_refused(values: Storage) -> None:
    with pytest.raises(sa.exc.StatementError, match="needs a time zone"):
        kept(values, "at", [datetime(2026, 1, 1)])


# PostgreSQL keeps no NUL in a text; JSON knows no lone surrogates.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@LAWS
@given(data=DATA)
def test_json_comes_back_as_it_was(values: Storage, data: Any) -> None:
    assert kept(values, "data", [data]) == [data]


def test_nothing_is_null_in_every_type(values: Storage) -> None:
    for column in ("amount", "at", "data"):
        assert kept(values, column, [None]) == [None]
        with values.reading() as connection:
            assert connection.execute(sa.select(VALUES.c[column].is_(None))).scalar_one()
