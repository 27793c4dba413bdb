"""Signing in and out, and what is one's own: password, second step, sign-ins, keys."""

from __future__ import annotations

from flask import Blueprint

from . import choices, external, keys, own, second_step, sessions, signing_in, two_step

PARTS = (choices, signing_in, second_step, external, own, two_step, sessions, keys)


def routes(pages: Blueprint) -> None:
    """Mount them."""
    for part in PARTS:
        part.routes(pages)


__all__ = ["routes"]
