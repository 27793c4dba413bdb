"""Finding the records that a chunk of rows refers to: one query for each field."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from marshmallow import ValidationError

from ...errors import Problem, TenonError
from ...messages import Message, _, joined
from .. import external
from ..query import Query, Where
from ..record import Record
from ..registry import EntityType, pointer
from ..work import Work
from .mapping import Lookup, Mapping, Rule
from .prepare import Prepared
from .problems import at, one_line

REMEMBERED = 5000
CHUNK = 500


class References:
    """Resolves the lookups of rows; remembers what it found, within bounds.

    A reference to the same kind of record that is not found yet may come later
    in the file: it is put into ``Prepared.later`` instead of being refused, until
    ``last`` says that there is no later.
    """

    def __init__(self, mapping: Mapping, type_: EntityType) -> None:
        self._type = type_
        self._rules = {rule.field: rule for rule in mapping.rules if rule.lookup}
        self._known: dict[str, OrderedDict[str, UUID]] = {path: OrderedDict() for path in self._rules}

    def resolve(self, work: Work, rows: Sequence[Prepared], *, last: bool = False) -> None:
        """Put the ids that ``lookups`` name into ``values``; what cannot be found becomes a problem."""
        for path, rule in self._rules.items():
            asking = [row for row in rows if path in row.lookups]
            if asking:
                self._resolve(work, rule, asking, last)

    def forget(self) -> None:
        """Drop what was remembered: a transaction that made records was rolled back."""
        for known in self._known.values():
            known.clear()

    def _resolve(self, work: Work, rule: Rule, rows: Sequence[Prepared], last: bool) -> None:
        to = str(self._type.fields[rule.field].spec.to)
        assert rule.lookup is not None
        known = self._known[rule.field]
        wanted = {row.lookups[rule.field] for row in rows} - known.keys()
        found, wrong = self._find(work, to, rule.lookup, wanted)
        missing = wanted - found.keys() - wrong.keys()
        own = to == self._type.name and not last
        if missing and not own and rule.lookup.missing == "create":
            made, failed = _create(work, to, rule.lookup, sorted(missing))
            found |= made
            wrong |= failed
        for text, id_ in found.items():
            known[text] = id_
        for row in rows:
            self._settle(row, rule, own, known, wrong, work.type(to))
        while len(known) > REMEMBERED:
            known.popitem(last=False)

    def _settle(
        self,
        row: Prepared,
        rule: Rule,
        own: bool,
        known: OrderedDict[str, UUID],
        wrong: dict[str, Message],
        to: EntityType,
    ) -> None:
        text = row.lookups[rule.field]
        assert rule.lookup is not None
        if text in known:
            row.values[rule.field] = known[text]
        elif text in wrong:
            row.problems.append(Problem(pointer(rule.field), "lookup", at(rule.origin, wrong[text])))
        elif own:
            row.later[rule.field] = text
        elif rule.lookup.missing == "empty":
            row.values[rule.field] = None
        else:
            detail = _("there is no %(entity)s %(text)s", entity=to.label, text=repr(text))
            row.problems.append(Problem(pointer(rule.field), "missing-reference", at(rule.origin, detail)))

    def _find(
        self, work: Work, to: str, lookup: Lookup, texts: Iterable[str]
    ) -> tuple[dict[str, UUID], dict[str, Message]]:
        """Ids by text, and what is wrong with the texts that cannot be looked up."""
        ordered = sorted(texts)
        if lookup.system:
            return external.resolve(work, to, lookup.system, ordered), {}
        wrong: dict[str, Message] = {}
        by_value: dict[Any, list[str]] = defaultdict(list)
        field = work.type(to).field(lookup.by)
        for text in ordered:
            try:
                by_value[field.load(text)].append(text)
            except ValidationError as error:
                wrong[text] = _("%(text)s: %(reason)s", text=repr(text), reason=_reason(error))
        by_value.pop(None, None)
        matches: dict[Any, list[Record]] = defaultdict(list)
        for record in with_values(work, to, lookup.by, list(by_value), fields=(lookup.by, "archived_at")):
            matches[record[lookup.by]].append(record)
        found: dict[str, UUID] = {}
        for value, records in matches.items():
            present = [r for r in records if not r.archived] or records
            for text in by_value.get(value, ()):
                if len(present) > 1:
                    wrong[text] = _(
                        "%(count)s records are called %(text)s; look them up by what is unique",
                        count=len(present),
                        text=repr(text),
                    )
                else:
                    found[text] = present[0].id
        return found, wrong


def _reason(error: ValidationError) -> str:
    messages = error.messages
    return messages[0] if isinstance(messages, list) else str(messages)


def _create(
    work: Work, to: str, lookup: Lookup, texts: Sequence[str]
) -> tuple[dict[str, UUID], dict[str, Message]]:
    made: dict[str, UUID] = {}
    failed: dict[str, Message] = {}
    given = () if lookup.system else (lookup.by,)
    results = work.bulk_create(to, [{**lookup.create, **dict.fromkeys(given, text)} for text in texts])
    for text, result in zip(texts, results, strict=True):
        if isinstance(result, TenonError):
            failed[text] = _("%(text)s could not be made: %(reason)s", text=repr(text), reason=told(result))
        else:
            made[text] = result.id
    if lookup.system and made:
        external.link(work, to, made, lookup.system)
    return made, failed


def with_values(
    work: Work, entity: str, path: str, values: Sequence[Any], *, fields: tuple[str, ...] | None = None
) -> Iterable[Record]:
    """Every record, archived or not, whose field ``path`` has one of ``values``."""
    for start in range(0, len(values), CHUNK):
        where = Where(path, "in", list(values[start : start + CHUNK]))
        after = None
        while True:
            query = Query(filter=where, sort=("id",), size=1000, after=after, fields=fields, archived="all")
            page = work.page(entity, query)
            yield from page.data
            after = page.next
            if after is None:
                break


def told(error: TenonError) -> str:
    """All an error says, in one line for the error file."""
    if error.problems:
        return one_line(error.problems)
    return joined((error.message, error.hint), "; ") if error.hint else error.message
