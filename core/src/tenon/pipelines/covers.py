"""What an approval rests on: the values whose change makes it void."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..plugin.contributions import Approval

if TYPE_CHECKING:
    from ..records.record import Record
    from ..records.registry import EntityType
    from ..records.signals import Change


def covered(record: Record, moved: Mapping[str, Any], approvals: Iterable[Approval]) -> dict[str, Any]:
    """The record's present values that the approvers' agreement rests on, in JSON form."""
    type_ = record.entity
    paths = {"stage", "pipeline", *moved, *_amount(type_)}
    paths |= {approval.when.field for approval in approvals if approval.when is not None}
    return {path: type_.fields[path].dump(record.get(path)) for path in sorted(paths) if path in type_.fields}


def _amount(type_: EntityType) -> tuple[str, ...]:
    path = type_.stages.amount if type_.stages is not None else None
    if path is None:
        return ()
    currency = type_.fields[path].spec.currency
    return (path, currency) if currency else (path,)


def same_as_asked(record: Record, covers: Mapping[str, Any]) -> bool:
    """Whether the record still has the values that were shown to the approvers."""
    fields = record.entity.fields
    return all(p in fields and record.get(p) == fields[p].load(value) for p, value in covers.items())


def same_values(change: Change, values: Mapping[str, Any]) -> bool:
    """Whether a change gives the record the values that were approved."""
    fields = change.entity.fields
    return all(p in fields and change.value(p) == fields[p].load(value) for p, value in values.items())
