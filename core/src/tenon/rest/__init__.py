"""The REST face: one grammar for every kind of record, and the document that describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from .health import health
from .operations import PREFIX, Api
from .problems import answer_unrouted

if TYPE_CHECKING:
    from ..app import Tenon


def register(app: Flask, tenon: Tenon) -> None:
    """Add ``/api/v1``, what plugins bring under ``/api/v1/x``, and the health routes."""
    from . import routes

    api = Api(tenon, routes.OPERATIONS)
    app.register_blueprint(api.blueprint())
    app.register_blueprint(health(tenon))
    answer_unrouted(app, "/api/")
    for plugin, endpoint in tenon.endpoints:
        if endpoint.face == "api":
            api.protect(endpoint.blueprint)
            app.register_blueprint(
                endpoint.blueprint, url_prefix=f"{PREFIX}/x/{plugin}", name=f"api_{plugin}_{endpoint.key}"
            )


__all__ = ["PREFIX", "register"]
