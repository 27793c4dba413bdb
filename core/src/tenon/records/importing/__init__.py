"""Files becoming records: readers, maps, and imports that can be tried out, resumed and undone."""

from __future__ import annotations

from .guess import guess_map
from .imports import Imports, Run, Step
from .mapfile import load_map, parse_map
from .mapping import Mapping, Rule
from .mapwriter import with_text, write_map
from .plan import load_plan
from .problems import FileError, MapError
from .rows import FileOptions
from .source import open_source
from .tally import Tally

__all__ = [
    "FileError",
    "FileOptions",
    "Imports",
    "MapError",
    "Mapping",
    "Rule",
    "Run",
    "Step",
    "Tally",
    "guess_map",
    "load_map",
    "load_plan",
    "open_source",
    "parse_map",
    "with_text",
    "write_map",
]
