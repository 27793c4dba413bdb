"""Global search over every kind of record, grouped, and what plugins find beside them."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from .. import slots
from ..context import actor, tenon
from ..links import cells_for

PER_KIND = 8


def routes(pages: Blueprint) -> None:
    pages.add_url_rule("/search", "search", search)


def search() -> str:
    text = request.args.get("q", "").strip()
    with tenon().records.reading(actor(), via="web") as work:
        found = work.search(text, size=PER_KIND) if text else {}
        groups = [(work.type(name), records) for name, records in found.items()]
        return render_template(
            "tenon/search.html",
            text=text,
            search_text=text,
            groups=groups,
            per_kind=PER_KIND,
            cells=cells_for(work, [record for _type, records in groups for record in records]),
            others=slots.search_results(work, text) if text else [],
        )
