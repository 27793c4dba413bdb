"""Amounts of money in the smallest unit that their currency has."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from babel.numbers import get_currency_precision


def minor_unit(currency: str) -> Decimal:
    """The smallest amount of an ISO 4217 currency: 0.01 of EUR, 1 of JPY, 0.001 of KWD."""
    return Decimal(1).scaleb(-get_currency_precision(currency))


def rounded(amount: Decimal, currency: str) -> Decimal:
    """``amount`` in whole minor units of ``currency``, half a unit away from zero."""
    return amount.quantize(minor_unit(currency), rounding=ROUND_HALF_UP)
