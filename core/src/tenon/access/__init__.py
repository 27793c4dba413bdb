"""Who may do what: the one enforcement point."""

from .policy import ALL_FIELDS, Access, FieldSet, OpenPolicy, Policy

__all__ = ["ALL_FIELDS", "Access", "FieldSet", "OpenPolicy", "Policy"]
