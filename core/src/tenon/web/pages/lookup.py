"""Suggestions for a reference field, as the combobox asks for them while somebody types."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from ...records.registry import EntityType
from ..context import actor, tenon
from ..pickers import candidates

MOST = 12


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/<entity:entity>/lookup", "lookup", lookup)


def lookup(entity: EntityType) -> dict[str, Any]:
    with tenon().records.reading(actor(), via="web") as work:
        found = candidates(work, entity.name, request.args.get("q", ""), MOST)
        return {"data": [{"id": str(record.id), "title": record.title} for record in found]}
