"""The pages: server-rendered, complete without a script, quicker with htmx."""

from __future__ import annotations

from .registering import register

__all__ = ["register"]
