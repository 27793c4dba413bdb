"""Where the API begins: what there is, and where."""

from __future__ import annotations

from flask import Response, request

from .operations import PREFIX, Call, answer

LINKS = ("openapi.json", "me", "search", "pipelines", "approvals")


def index(call: Call) -> Response:
    """Every collection with its address; with a key, those that it may read."""
    base = f"{request.script_root}{PREFIX}"
    types = [
        t
        for t in call.tenon.records.registry_without_customers
        if call.anonymous or call.tenon.access.allows(call.actor, "read", t.name)
    ]
    return answer(
        {
            "name": call.tenon.settings.name,
            "version": "v1",
            "links": {name.removesuffix(".json"): f"{base}/{name}" for name in LINKS},
            "collections": [
                {"entity": t.name, "label": str(t.label_plural), "href": f"{base}/{t.collection}"}
                for t in types
            ],
        }
    )
