"""How long an account rests after failed attempts to sign in."""

from __future__ import annotations

from datetime import datetime, timedelta

FREE_ATTEMPTS = 5
FIRST_REST = timedelta(seconds=30)
LONGEST_REST = timedelta(minutes=15)


def rest_after(failed: int) -> timedelta:
    """How long nobody may try after the ``failed``-th failure in a row.

    Nothing for the first few, then 30 seconds, doubling up to 15 minutes: a
    guesser gets about a hundred attempts a day, and an owner who is locked out
    by one waits minutes, not for an administrator.
    """
    if failed < FREE_ATTEMPTS:
        return timedelta()
    rest: timedelta = FIRST_REST * 2 ** min(failed - FREE_ATTEMPTS, 10)
    return min(rest, LONGEST_REST)


def locked_until(failed: int, now: datetime) -> datetime | None:
    """Until when the account is locked after ``failed`` failures, if at all."""
    rest = rest_after(failed)
    return now + rest if rest else None
