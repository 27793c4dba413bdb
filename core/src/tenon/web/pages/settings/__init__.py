"""Settings for administrators: fields, people, keys, webhooks, plugins, health, access log."""

from __future__ import annotations

from flask import Blueprint

from . import accesslog, apikeys, fields, health, overview, people, plugins, secondsteps, teams, webhooks

PARTS = (overview, fields, people, teams, secondsteps, apikeys, webhooks, plugins, health, accesslog)


def routes(pages: Blueprint) -> None:
    for part in PARTS:
        part.routes(pages)


__all__ = ["routes"]
