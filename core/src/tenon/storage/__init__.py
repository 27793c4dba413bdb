"""The database: engine, column types, field columns, migrations."""

from __future__ import annotations

from .base import Base, ExtensionColumns, OwnedColumns, RecordColumns, StageColumns
from .engine import Storage

__all__ = ["Base", "ExtensionColumns", "OwnedColumns", "RecordColumns", "StageColumns", "Storage"]
