"""From a row of cells to the values of a record, without asking the database anything."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ...errors import Problem
from ...messages import _
from ..registry import EntityType, Field, Loaded, pointer
from .binding import FACTS, key_fields, places
from .cells import CellError, compile_cell, plain_text
from .mapping import HistoryRule, Mapping, Rule, Skip
from .problems import at
from .rows import Layout, Row
from .templates import compile_template

Key = tuple[Any, ...]
Read = Callable[[Sequence[Any]], Any]


@dataclass(slots=True)
class Prepared:
    """A row understood.

    ``lookups`` are the references still to be found, by field path; ``later`` those
    that may be to a record further down in the same file.
    """

    row: Row
    values: Loaded = field(default_factory=Loaded)
    lookups: dict[str, str] = field(default_factory=dict)
    later: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, str]] = field(default_factory=list)
    key: Key | None = None
    problems: list[Problem] = field(default_factory=list)
    skipped: bool = False

    def digest(self) -> bytes:
        """What tells rows with the same key apart: everything the map took from them."""
        text = repr((sorted(self.values.items()), sorted(self.lookups.items()), self.history))
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


class RowReader:
    """Reads rows of one file as records of one kind, as a map says. Pure and repeatable."""

    def __init__(self, mapping: Mapping, type_: EntityType, layout: Layout) -> None:
        self._mapping = mapping
        self._places = places(layout)
        self._width = len(layout.header)
        self.key_paths = key_fields(mapping, type_)
        self.keyed = bool(self.key_paths or mapping.external_id)
        self._mends = [(self._places[column], texts) for column, texts in mapping.mend.items()]
        self._rules = [(rule, self._reading(rule, type_.fields[rule.field])) for rule in mapping.rules]
        self._skips = [self._skipping(skip) for skip in mapping.skip_if]
        self._steps = [self._step(step, type_) for step in mapping.history]

    def read(self, row: Row) -> Prepared:
        """The row as values, or with every problem of it."""
        found = Prepared(row)
        if row.damage:
            found.problems.append(Problem("", "damaged", str(row.damage)))
            return found
        cells = self._mended(row.cells) if self._mends else row.cells
        if any(skip(cells) for skip in self._skips):
            found.skipped = True
            return found
        for rule, read in self._rules:
            self._take(found, cells, rule, read)
        self._take_history(found, cells)
        found.key = self._key(found, cells)
        return found

    def _mended(self, cells: Sequence[Any]) -> list[Any]:
        mended = list(cells)
        for place, texts in self._mends:
            text = plain_text(mended[place]).strip()
            mended[place] = texts.get(text, mended[place])
        return mended

    def _reading(self, rule: Rule, field: Field) -> Read:
        convert = compile_cell(rule, field)
        if rule.column is not None:
            place = self._places[rule.column]
            return lambda cells: convert(cells[place])
        if rule.template is not None:
            fill = compile_template(rule.template, self._places)
            return lambda cells: convert(fill(cells))
        return lambda _cells: convert(rule.constant)

    def _take(self, found: Prepared, cells: Sequence[Any], rule: Rule, read: Read) -> None:
        try:
            value = read(cells)
        except CellError as error:
            origin = rule.column or rule.field
            found.problems.append(Problem(pointer(rule.field), error.code, at(origin, error.detail)))
            return
        if rule.field in FACTS:
            if value is not None:
                found.facts[rule.field] = value
        elif rule.lookup and value is not None:
            found.lookups[rule.field] = value
        elif rule.field != "version":
            found.values[rule.field] = value

    def _key(self, found: Prepared, cells: Sequence[Any]) -> Key | None:
        if self._mapping.external_id:
            place = self._places[self._mapping.external_id.column]
            parts: Key = (plain_text(cells[place]).strip() or None,)
        else:
            parts = tuple(found.values.get(path, found.lookups.get(path)) for path in self.key_paths)
        if parts and None not in parts:
            return parts
        if self.keyed and self._mapping.no_key == "refuse" and not self._broken_key(found):
            named = (
                self._mapping.external_id.column if self._mapping.external_id else ", ".join(self.key_paths)
            )
            found.problems.append(
                Problem(
                    "",
                    "no-key",
                    _("the key %(name)s is empty: the record could not be found again", name=named),
                )
            )
        return None

    def _broken_key(self, found: Prepared) -> bool:
        wrong = {problem.pointer for problem in found.problems}
        return any(pointer(path) in wrong for path in self.key_paths)

    def _skipping(self, skip: Skip) -> Callable[[Sequence[Any]], bool]:
        place = self._places[skip.column]
        equals = {text.casefold() for text in skip.equals}

        def skipping(cells: Sequence[Any]) -> bool:
            text = plain_text(cells[place]).strip()
            return (skip.empty is None or (not text) == skip.empty) and (
                not equals or text.casefold() in equals
            )

        return skipping

    def _step(self, step: HistoryRule, type_: EntityType) -> tuple[HistoryRule, Read]:
        moment = type_.fields["created_at"]
        return step, self._reading(Rule(field="created_at", column=step.at, date=step.date), moment)

    def _take_history(self, found: Prepared, cells: Sequence[Any]) -> None:
        for step, read in self._steps:
            try:
                at = read(cells)
            except CellError as error:
                found.problems.append(Problem("", error.code, at(step.at, error.detail)))
                continue
            stage = step.stage or found.values.get("stage")
            if isinstance(at, datetime) and stage:
                found.history.append({"stage": stage, "at": at.isoformat()})
        # Stable: what has the same date stays in the order of the map.
        found.history.sort(key=lambda known: known["at"])
