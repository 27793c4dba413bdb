"""Who may do what: the one enforcement point."""

from __future__ import annotations

from .policy import ALL_FIELDS, Access, FieldSet, OpenPolicy, Policy

__all__ = ["ALL_FIELDS", "Access", "FieldSet", "OpenPolicy", "Policy"]
