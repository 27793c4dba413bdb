"""Demo data: a few machines at the customers that are there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tenon.api import Query, Work

MODELS = ("Press P20", "Lathe L4", "Mill M7")


def seed(work: Work, tenon: Any) -> None:
    """Two machines for each of the first parties, with warranties around today."""
    today = work.now.date()
    for place, party in enumerate(work.page("party", Query(size=6, sort=("name",))).data):
        for number in range(2):
            installed = today - timedelta(days=300 + 40 * place + number)
            work.create(
                "machine",
                {
                    "serial_number": f"TN-{place + 1:02}{number + 1:02}",
                    "model": MODELS[(place + number) % len(MODELS)],
                    "party_id": party.id,
                    "installed_on": installed,
                    "warranty_until": installed + timedelta(days=365),
                },
            )
