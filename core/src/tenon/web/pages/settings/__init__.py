"""Settings for administrators: fields, people, keys, webhooks, plugins, health."""

from __future__ import annotations

from flask import Blueprint

from . import apikeys, fields, health, overview, people, plugins, webhooks

PARTS = (overview, fields, people, apikeys, webhooks, plugins, health)


def routes(pages: Blueprint) -> None:
    for part in PARTS:
        part.routes(pages)


__all__ = ["routes"]
