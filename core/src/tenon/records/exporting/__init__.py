"""Any list as a file: CSV, XLSX or JSON lines."""

from __future__ import annotations

from .columns import ExportColumn, export_columns
from .export import FORMATS, export, export_file
from .harmless import harmless

__all__ = ["FORMATS", "ExportColumn", "export", "export_columns", "export_file", "harmless"]
