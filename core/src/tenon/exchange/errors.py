"""How a delivery can fail, as far as anybody can know.

::

    DeliveryError
    ├── Transient        nothing was changed over there; try again, after ``after`` seconds if said
    ├── Rejected         the other side has decided; another try would be refused again
    │   └── AddressRefused   the address is not one that Tenon may call
    └── UnknownOutcome   it may or may not have arrived: a time-out, a connection cut after sending

An ``UnknownOutcome`` is never simply tried again: the other side might do it twice.
"""

from __future__ import annotations

from ..errors import TenonError
from ..messages import _


class DeliveryError(TenonError):
    """A delivery did not succeed. ``http_status`` is what the other side answered, if it did."""

    code = "delivery"
    status = 502
    title = _("The delivery did not succeed")

    def __init__(
        self,
        message: str | None = None,
        *,
        hint: str | None = None,
        after: float | None = None,
        http_status: int | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.after = after
        self.http_status = http_status


class Transient(DeliveryError):
    """Nothing was changed over there; worth another try."""

    code = "transient"
    title = _("The other side could not take it now")


class Rejected(DeliveryError):
    """The other side has refused it for good."""

    code = "rejected"
    title = _("The other side refused it")


class AddressRefused(Rejected):
    """The address is not one that Tenon may call."""

    code = "address-refused"
    title = _("Tenon does not call this address")


class UnknownOutcome(DeliveryError):
    """It may or may not have arrived."""

    code = "unknown-outcome"
    title = _("Nobody knows whether it arrived")


def from_status(status: int, after: float | None = None) -> DeliveryError | None:
    """What an HTTP answer means: ``None`` for success (2xx)."""
    if 200 <= status < 300:
        return None
    message = _("The other side answered %(status)s", status=status)
    if status in (408, 425, 429) or status >= 500:
        return Transient(message, after=after, http_status=status)
    return Rejected(message, http_status=status)
