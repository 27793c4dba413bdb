"""What a condition means."""

from __future__ import annotations

import operator
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenon.pipelines.conditions import holds
from tenon.plugin.contributions import Condition

KEY = UUID(int=7)


@pytest.mark.parametrize(
    ("op", "wanted", "value", "expected"),
    [
        ("eq", 5, Decimal("5.0000"), True),
        ("eq", "5", Decimal("5"), True),
        ("ne", 5, Decimal("6"), True),
        ("eq", None, "", True),
        ("ne", "x", None, True),
        ("gte", 50000, Decimal("50000"), True),
        ("gt", 50000.5, Decimal("50000.4"), False),
        ("gte", 1, None, False),
        ("lt", 1, None, False),
        ("lt", "2026-02-01", date(2026, 1, 31), True),
        ("gte", "2026-02-01", datetime(2026, 2, 1, tzinfo=UTC), True),
        ("in", ["a", "b"], "b", True),
        ("in", [str(KEY)], KEY, True),
        ("in", [], "b", False),
        ("contains", "ACME", "the acme company", True),
        ("contains", "red", ["red", "blue"], True),
        ("contains", "re", ["red"], False),
        ("contains", "x", None, False),
        ("empty", True, None, True),
        ("empty", None, "", True),
        ("empty", False, "x", True),
        ("empty", True, Decimal(0), False),
        ("empty", True, False, False),
        ("eq", True, True, True),
        ("gt", "not a number", Decimal(5), False),
        ("gt", 3, "text", False),
    ],
)
def test_a_condition_reads_its_value_as_the_fields_own_kind(op, wanted, value, expected):
    assert holds(Condition("f", op, wanted), value) is expected


def test_an_unknown_operator_is_an_error_not_a_yes():
    with pytest.raises(ValueError, match="unknown operator 'like'"):
        holds(Condition("f", "like", 1), 1)


@given(st.decimals(-(10**6), 10**6, places=2), st.integers(-(10**6), 10**6))
def test_orderings_of_numbers_are_pythons_own(value, wanted):
    for op, meaning in (("gt", operator.gt), ("gte", operator.ge), ("lt", operator.lt), ("lte", operator.le)):
        assert holds(Condition("f", op, wanted), value) == meaning(value, wanted)
    assert holds(Condition("f", "eq", wanted), value) != holds(Condition("f", "ne", wanted), value)
