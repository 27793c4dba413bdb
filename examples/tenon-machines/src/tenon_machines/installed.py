"""Finding machines by the customer they stand at."""

from __future__ import annotations

from uuid import UUID

from tenon.api import Query, Record, Where, Work

MOST = 50


def machines_at(work: Work, party_id: UUID) -> list[Record]:
    """The customer's machines that the reader may see, those whose warranty ends first in front."""
    query = Query(
        filter=Where("party_id", "eq", party_id), sort=("warranty_until", "serial_number"), size=MOST
    )
    return work.page("machine", query).data
