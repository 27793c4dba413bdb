"""The pages of access, at ``/x/permissions``."""

from __future__ import annotations

from tenon.api import Endpoint

from .pages import pages


def access_pages() -> tuple[Endpoint, ...]:
    return (Endpoint("access_pages", pages(), face="web"),)
