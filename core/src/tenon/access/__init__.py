"""Who may do what: the one enforcement point."""

from __future__ import annotations

from .explanation import Explanation, Step
from .policy import ALL_FIELDS, Access, Branch, FieldSet, OpenPolicy, Policy
from .scopes import ScopeQuery, ScopeView

__all__ = [
    "ALL_FIELDS",
    "Access",
    "Branch",
    "Explanation",
    "FieldSet",
    "OpenPolicy",
    "Policy",
    "ScopeQuery",
    "ScopeView",
    "Step",
]
