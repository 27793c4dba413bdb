"""The filters of rules and territories: JSON as in the API's search, held against a kind of record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import get_close_matches

import sqlalchemy as sa

from tenon.api import (
    And,
    BadRequestError,
    Change,
    Filter,
    Message,
    Not,
    Or,
    TenonError,
    Where,
    Work,
    _,
    filter_from,
    predicate,
)

from .grants import shareable

CHECKING = "whether a filter fits a kind of record"


def parsed(text: str | None) -> Filter | None:
    """The filter that a text is, ``None`` where it is empty; ``BadRequestError`` for what is none."""
    if text is None or not text.strip():
        return None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRequestError(_("This is not JSON: %(reason)s", reason=str(error)[:100])) from None
    found = filter_from(data)
    for test in tests(found):
        if test.value == "$me" or (isinstance(test.value, list) and "$me" in test.value):
            raise BadRequestError(_("$me means nobody here: a rule holds for everybody alike"))
    return found


def condition(work: Work, entity: str, found: Filter | None) -> sa.ColumnElement[bool]:
    """A filter as SQL on the kind's records; ``TenonError`` where it does not fit.

    ``work`` is the system's.
    """
    return sa.true() if found is None else predicate(work, entity, found)


def tests(found: Filter | None) -> Iterator[Where]:
    """Every test in a filter."""
    match found:
        case Where():
            yield found
        case And() | Or():
            for part in found.parts:
                yield from tests(part)
        case Not():
            yield from tests(found.part)


# Refusing


def refuse_kind(work: Work, change: Change) -> None:
    """Refuse a kind of record that there is not, or that cannot be shared."""
    entity = change.value("entity")
    if entity in work.registry and shareable(work.type(entity)):
        return
    if entity in work.registry:
        detail: Message = _("%(kind)s cannot be shared by itself", kind=work.type(entity).label)
    else:
        known = [type_.name for type_ in work.registry if shareable(type_)]
        near = get_close_matches(str(entity), known, n=3, cutoff=0.5) or known
        detail = _(
            "There is no kind of record %(name)s; there are: %(names)s", name=entity, names=", ".join(near)
        )
    change.refuse("/entity", "unknown-entity", detail)


def refuse_filter(work: Work, change: Change) -> None:
    """Refuse a filter that cannot be read, or that the kind of record cannot be filtered by."""
    entity = change.value("entity")
    if entity not in work.registry:
        return
    try:
        condition(work.as_system(CHECKING), entity, parsed(change.value("filter")))
    except TenonError as error:
        code = error.problems[0].code if error.problems else "invalid"
        detail = f"{error.message}. {error.hint}" if error.hint else error.message
        change.refuse("/filter", code, detail)
