"""A renewal is offered for machines that we know of.

The pipeline belongs to b2b_accounts, which this plugin can work with and does not need. Where it
is absent, the kernel leaves the patch out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tenon.api import AddGuard, Denial, Guard, GuardCheck, PipelinePatch, Record, Work, _

from .installed import machines_at


def machines_known(record: Record, transition: Any, work: Work) -> Iterable[Denial]:
    """Deny the move where no machine of the account is written down."""
    account_id = record.get("account_id")
    if account_id is None or not machines_at(work, account_id):
        yield Denial("no-machine", _("Write down at least one machine that stands at the account"))


MACHINES_KNOWN = GuardCheck("machines_known", machines_known)

RENEWAL_PATCH = PipelinePatch(
    "renewal", (AddGuard("offered", entry=Guard(checks=("machines_known",))),), modes=frozenset({"b2b"})
)
