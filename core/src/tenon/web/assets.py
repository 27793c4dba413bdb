"""Static files under addresses that change with their content, so that browsers keep them."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, Response, request, url_for

STATIC = Path(__file__).parent / "static"
YEAR = 365 * 24 * 3600


@cache
def content_hash(name: str) -> str:
    """Ten characters that stand for a file's content; empty for a file that is not there."""
    path = STATIC / name
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10] if path.is_file() else ""


def asset(name: str) -> str:
    """The address of a file in ``static/``, with its content's hash."""
    return url_for("web.static", filename=name, v=content_hash(name))


def icon_sheet() -> str:
    return asset("vendor/icons.svg")


def keep_hashed_files(app: Flask) -> None:
    """Let browsers keep what was asked for by its hash; a new file has a new address."""

    @app.after_request
    def cache_forever(response: Response) -> Response:
        if request.endpoint == "web.static" and request.args.get("v"):
            response.cache_control.public = True
            response.cache_control.max_age = YEAR
            response.cache_control.immutable = True
            response.cache_control.no_cache = None
        return response
