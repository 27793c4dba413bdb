"""A chunk of rows becoming records, in one transaction, through the one write path."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from ...errors import Problem, TenonError
from ...messages import _
from .. import external
from ..record import Record
from ..registry import EntityType, Loaded
from ..work import Work
from .mapping import Mapping
from .prepare import Prepared, RowReader
from .references import References, told, with_values
from .seen import SeenKeys

Found = dict[int, Record]


@dataclass
class Result:
    """What became of each row of a chunk, by its index. ``made`` and ``updated`` hold the records."""

    made: dict[int, Record] = field(default_factory=dict)
    updated: dict[int, tuple[Record, dict[str, Any]]] = field(default_factory=dict)
    unchanged: dict[int, Record] = field(default_factory=dict)
    skipped: list[Prepared] = field(default_factory=list)
    failed: list[Prepared] = field(default_factory=list)
    later: list[tuple[Prepared, UUID]] = field(default_factory=list)


class Chunks:
    """Writes chunks of one file. Holds what has to be known across them."""

    def __init__(self, mapping: Mapping, type_: EntityType, reader: RowReader, seen: SeenKeys) -> None:
        self.references = References(mapping, type_)
        self._mapping = mapping
        self._type = type_
        self._reader = reader
        self._seen = seen

    def write(self, work: Work, rows: Sequence[Prepared]) -> Result:
        """Make, update or refuse the records of those rows."""
        result = Result()
        good = self._without_repeats(rows, result)
        self.references.resolve(work, good)
        good = [row for row in good if not row.problems]
        found = self._existing(work, good)
        fresh = [row for row in good if row.row.index not in found and not row.problems]
        self._create(work, fresh, result)
        self._update(work, [row for row in good if row.row.index in found], found, result)
        result.failed = [row for row in rows if row.problems]
        result.later = self._later(good, result)
        return result

    def _without_repeats(self, rows: Sequence[Prepared], result: Result) -> list[Prepared]:
        repeats = self._seen.repeats(rows)
        good: list[Prepared] = []
        for row in rows:
            repeat = repeats.get(row.row.index)
            if row.skipped:
                result.skipped.append(row)
            elif repeat is not None and self._tolerated(repeat.same):
                row.problems.clear()
                result.skipped.append(row)
            elif repeat is not None:
                detail = _("the key %(key)s was already in line %(line)s", key=_shown(row), line=repeat.row)
                row.problems.append(Problem("", "repeat", str(detail)))
            elif not row.problems:
                good.append(row)
        return good

    def _tolerated(self, same: bool) -> bool:
        return self._mapping.on_repeat == "first" or (self._mapping.on_repeat == "distinct" and same)

    # Finding what is there

    def _existing(self, work: Work, rows: Sequence[Prepared]) -> Found:
        """The record each row is about, where there is one; a doubtful one becomes a problem."""
        if not self._reader.keyed or not rows:
            return {}
        if self._mapping.external_id:
            return self._by_external_id(work, rows)
        matches: dict[tuple[Any, ...], list[Record]] = defaultdict(list)
        paths = self._reader.key_paths
        for record in self._candidates(work, rows):
            matches[tuple(record[path] for path in paths)].append(record)
        found: Found = {}
        for row in rows:
            key = tuple(row.values.get(path) for path in paths)
            records = matches.get(key, []) if None not in key else []
            present = [record for record in records if not record.archived]
            if len(present) > 1:
                detail = _("%(count)s records have the key %(key)s", count=len(present), key=_shown(row))
                row.problems.append(Problem("", "ambiguous", str(detail)))
            elif present:
                found[row.row.index] = present[0]
            elif records:
                self._archived(row)
        return found

    def _candidates(self, work: Work, rows: Sequence[Prepared]) -> list[Record]:
        path, *others = self._reader.key_paths
        values = {row.values.get(path) for row in rows} - {None}
        found = with_values(work, self._type.name, path, sorted(values, key=str))
        allowed = {other: {row.values.get(other) for row in rows} for other in others}
        return [record for record in found if all(record[other] in allowed[other] for other in others)]

    def _by_external_id(self, work: Work, rows: Sequence[Prepared]) -> Found:
        assert self._mapping.external_id is not None
        keys = {row.row.index: str(row.key[0]) for row in rows if row.key}
        ids = external.resolve(work, self._type.name, self._mapping.external_id.system, keys.values())
        records = {r.id: r for r in with_values(work, self._type.name, "id", sorted(ids.values()))}
        found: Found = {}
        for row in rows:
            id_ = ids.get(keys.get(row.row.index, ""))
            record = records.get(id_) if id_ else None
            if record is not None and record.archived:
                self._archived(row)
            elif record is not None:
                found[row.row.index] = record
            elif id_ is not None:
                row.problems.append(Problem("", "hidden", str(_("its record is not one you may see"))))
        return found

    def _archived(self, row: Prepared) -> None:
        detail = _("the record %(key)s is archived; restore it first", key=_shown(row))
        row.problems.append(Problem("", "archived", str(detail)))

    # Writing

    def _create(self, work: Work, rows: Sequence[Prepared], result: Result) -> None:
        if not rows:
            return
        facts = [self._facts(row) for row in rows]
        notes = [{"history": row.history} if row.history else None for row in rows]
        written = work.bulk_create(self._type.name, [row.values for row in rows], notes=notes, facts=facts)
        for row, made in zip(rows, written, strict=True):
            if isinstance(made, TenonError):
                _refuse(row, made)
            else:
                result.made[row.row.index] = made
        self._link(work, rows, result)

    def _facts(self, row: Prepared) -> dict[str, Any] | None:
        # A record that has an id in the file keeps it, so that references in other files hold.
        id_ = row.values.pop("id", None)
        return {**row.facts, "id": id_} if id_ else row.facts or None

    def _link(self, work: Work, rows: Sequence[Prepared], result: Result) -> None:
        if self._mapping.external_id is None or not result.made:
            return
        pairs = {str(row.key[0]): result.made[row.row.index].id for row in rows
                 if row.key and row.row.index in result.made}  # fmt: skip
        external.link(work, self._type.name, pairs, self._mapping.external_id.system)

    def _update(self, work: Work, rows: Sequence[Prepared], found: Found, result: Result) -> None:
        changing: list[tuple[Prepared, Record, dict[str, Any]]] = []
        for row in rows:
            record = found[row.row.index]
            changes = self._changes(row, record)
            if self._mapping.on_match == "skip":
                result.skipped.append(row)
            elif self._mapping.on_match == "refuse":
                detail = _("the record %(key)s is there already", key=_shown(row))
                row.problems.append(Problem("", "exists", str(detail)))
            elif changes:
                changing.append((row, record, changes))
            else:
                result.unchanged[row.row.index] = record
        if changing:
            self._write_updates(work, changing, result)

    def _changes(self, row: Prepared, record: Record) -> dict[str, Any]:
        keep = self._mapping.on_empty == "keep"
        return Loaded(
            (path, value)
            for path, value in row.values.items()
            if path != "id" and record.get(path) != value and not (keep and value is None)
        )

    def _write_updates(
        self, work: Work, changing: Sequence[tuple[Prepared, Record, dict[str, Any]]], result: Result
    ) -> None:
        notes = [_dated(row, record, changes) for row, record, changes in changing]
        items = [(record.id, changes, record.version) for _row, record, changes in changing]
        written = update_all(work, self._type, items, notes)
        for (row, _record, changes), updated in zip(changing, written, strict=True):
            if isinstance(updated, TenonError):
                _refuse(row, updated)
            else:
                result.updated[row.row.index] = (updated, changes)

    def _later(self, rows: Sequence[Prepared], result: Result) -> list[tuple[Prepared, UUID]]:
        found = []
        for row in rows:
            index = row.row.index
            record = result.made.get(index) or result.unchanged.get(index)
            if record is None and index in result.updated:
                record = result.updated[index][0]
            if row.later and record is not None:
                found.append((row, record.id))
        return found


def update_all(
    work: Work,
    type_: EntityType,
    items: Sequence[tuple[UUID, dict[str, Any], int | None]],
    notes: Sequence[dict[str, Any] | None],
) -> list[Record | TenonError]:
    """Bulk updates, except of references among the same kind of record.

    Those go one by one: a bulk is checked before any of it is written, so two of
    its changes could close a circle that neither closes alone.
    """
    own = {field.path for field in type_.references if field.spec.to == type_.name}
    single = [place for place, (_id, changes, _version) in enumerate(items) if own & changes.keys()]
    results: dict[int, Record | TenonError] = {}
    for place in single:
        id_, changes, version = items[place]
        try:
            results[place] = work.update(type_.name, id_, changes, expect=version, note=notes[place])
        except TenonError as error:
            results[place] = error
    rest = [place for place in range(len(items)) if place not in results]
    if rest:
        found = work.bulk_update(type_.name, [items[i] for i in rest], notes=[notes[i] for i in rest])
        results.update(zip(rest, found, strict=True))
    return [results[place] for place in range(len(items))]


def _dated(row: Prepared, record: Record, changes: dict[str, Any]) -> dict[str, Any] | None:
    """A stage that the file dates is entered at that date, unless the record moved on since."""
    if "stage" not in changes or not row.history or row.history[-1]["stage"] != changes["stage"]:
        return None
    at, since = row.history[-1]["at"], record.get("stage_since")
    return {"at": at} if since is None or datetime.fromisoformat(at) >= since else None


def _refuse(row: Prepared, error: TenonError) -> None:
    if error.problems:
        row.problems += error.problems
    else:
        row.problems.append(Problem("", error.code, told(error)))


def _shown(row: Prepared) -> str:
    return repr(", ".join(str(part) for part in row.key or ()))
