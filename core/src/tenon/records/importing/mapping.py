"""A map: how the columns of a file become the fields of a record, as data.

``docs/reference/import-map.md`` describes the TOML form, key by key.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from typing import Any, Literal

from .rows import FileOptions

OnMatch = Literal["update", "skip", "refuse"]
OnRepeat = Literal["error", "first", "distinct"]
OnMissing = Literal["refuse", "empty", "create"]
OnEmpty = Literal["keep", "clear"]
NoKey = Literal["refuse", "create"]
Case = Literal["lower", "upper", "title", "slug"]


@dataclass(frozen=True)
class Lookup:
    """How the text in a cell names another record.

    ``by`` is a field path of the other record, ``id``, or with ``system`` the id by which
    that system knows it. ``create`` are values of a record made where none is found.
    """

    by: str = "id"
    system: str | None = None
    missing: OnMissing = "refuse"
    create: MappingOf[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """How one field gets its value: from a column, from a template, or always the same.

    A template holds column names in braces: ``{product} for {account}``. The text
    is trimmed, cased, replaced and looked up in ``values`` in that order, then read as what the
    field is. ``default`` stands in for an empty cell.
    """

    field: str
    column: str | None = None
    template: str | None = None
    constant: Any = None
    values: MappingOf[str, Any] = dataclasses.field(default_factory=dict)
    only: bool = False
    default: Any = None
    trim: bool = True
    case: Case | None = None
    date: tuple[str, ...] = ()
    decimal: str = "."
    thousands: str = ""
    scale: int = 0
    timezone: str = "UTC"
    separator: str = ","
    empty: tuple[str, ...] = ()
    lookup: Lookup | None = None

    @property
    def origin(self) -> str:
        """Where the value comes from, for a sentence."""
        return self.column or self.template or repr(self.constant)


@dataclass(frozen=True)
class Skip:
    """Rows to leave out: all tests given here hold for the cell in ``column``."""

    column: str
    equals: tuple[str, ...] = ()
    empty: bool | None = None


@dataclass(frozen=True)
class HistoryRule:
    """A stage the record was in since the date in column ``at``.

    Without ``stage`` it is the stage that the row itself names. A row whose cell
    is empty has no such step.
    """

    at: str
    stage: str | None = None
    date: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExternalKey:
    """The column that holds the id by which ``system`` knows the record."""

    system: str
    column: str


@dataclass(frozen=True)
class Mapping:
    """Everything an import has to know beside the file.

    A record is found again by ``external_id``, else by the fields in ``key``,
    else by the entity's natural key.
    """

    entity: str
    rules: tuple[Rule, ...]
    file: FileOptions = dataclasses.field(default_factory=FileOptions)
    key: tuple[str, ...] = ()
    external_id: ExternalKey | None = None
    on_match: OnMatch = "update"
    on_repeat: OnRepeat = "error"
    on_empty: OnEmpty = "keep"
    no_key: NoKey = "refuse"
    mend: MappingOf[str, MappingOf[str, str]] = dataclasses.field(default_factory=dict)
    skip_if: tuple[Skip, ...] = ()
    history: tuple[HistoryRule, ...] = ()
    name: str = "map.toml"
    text: str = ""

    def columns(self) -> set[str]:
        """Every column the map names, those inside templates left out."""
        found = {rule.column for rule in self.rules if rule.column}
        found |= (
            self.mend.keys() | {skip.column for skip in self.skip_if} | {step.at for step in self.history}
        )
        return found | ({self.external_id.column} if self.external_id else set())
