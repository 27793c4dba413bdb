"""Entities, custom fields, the one write path, the one read path, audit, import and export."""

from __future__ import annotations

from .query import And, Filter, Not, Or, Query, Where
from .read import Page
from .record import Record
from .records import Records
from .registry import EntityType, Field, Registry, build_type
from .signals import Change, Signals
from .work import Work

__all__ = [
    "And",
    "Change",
    "EntityType",
    "Field",
    "Filter",
    "Not",
    "Or",
    "Page",
    "Query",
    "Record",
    "Records",
    "Registry",
    "Signals",
    "Where",
    "Work",
    "build_type",
]
