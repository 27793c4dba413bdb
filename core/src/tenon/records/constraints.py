"""From a constraint that the database upheld to the field a person can mend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import structlog
from sqlalchemy import exc

from ..errors import ConflictError, DuplicateError, InvalidError, Problem, TenonError
from ..messages import _, joined
from . import visible
from .registry import EntityType, pointer
from .signals import Change

if TYPE_CHECKING:
    from .work import Work

log = structlog.get_logger(__name__)


def explain(work: Work, change: Change, error: exc.IntegrityError) -> TenonError:
    """The error to show in place of the database's."""
    text = str(error.orig)
    kind = type(error.orig).__name__
    if "UNIQUE" in text or kind == "UniqueViolation":
        return _duplicate(work, change, text)
    if "FOREIGN KEY" in text or kind == "ForeignKeyViolation":
        return _dangling(work, change, text)
    # What the database says names columns and values, of fields too that the actor may not see.
    log.warning("database refused a write", entity=change.entity.name, error=text)
    if "NOT NULL" in text or kind == "NotNullViolation":
        return InvalidError(problems=[Problem("", "required", _("A field that is needed is empty"))])
    return ConflictError(
        _("The database refuses these values"), hint=_("Ask an administrator: the log tells which.")
    )


def _duplicate(work: Work, change: Change, text: str) -> DuplicateError:
    known = visible.fields(work, change.entity)
    paths = [p for p in unique_paths(change.entity, text) if p in known or p in change.values]
    labels = joined(change.entity.fields[p].label for p in paths) or change.entity.label
    values = ", ".join(str(change.value(p)) for p in paths)
    detail = (
        _("%(labels)s: %(values)s is already taken", labels=labels, values=values)
        if paths
        else _("%(labels)s: a value is already taken", labels=labels)
    )
    return DuplicateError(
        detail,
        hint=_("Use another value, or open the record that has it and change that one."),
        problems=[Problem(pointer(p), "duplicate", detail) for p in paths],
    )


def unique_paths(type_: EntityType, text: str) -> list[str]:
    """The field paths of the unique constraint that the database names in ``text``.

    SQLite names columns (``table.column``), PostgreSQL the constraint or index.
    """
    tables = [type_.table, *(e.table for e in type_.extensions)]
    for table in tables:
        for constraint in _uniques(table):
            names = [c.name for c in constraint.columns]
            listed = ", ".join(f"{table.name}.{n}" for n in names)
            if (constraint.name and f'"{constraint.name}"' in text) or text.rstrip().endswith(f": {listed}"):
                return [
                    p
                    for p, f in type_.fields.items()
                    if f.column is not None and f.column in list(constraint.columns)
                ]
    return [path for path in type_.custom_fields if custom_index(type_, path) in text]


def _uniques(table: sa.Table) -> list[Any]:
    constraints = [c for c in table.constraints if isinstance(c, sa.UniqueConstraint)]
    return [*constraints, *(i for i in table.indexes if i.unique)]


def custom_index(type_: EntityType, path: str, *, unique: bool = True) -> str:
    """The name of the index made for a custom field."""
    return f"{'ux' if unique else 'ix'}_{type_.table.name}_{path.replace('.', '_')}"[:63]


def _dangling(work: Work, change: Change, text: str) -> InvalidError:
    named = [
        f
        for f in change.entity.references
        if f.column is not None
        and any(
            fk.constraint is not None and f'"{fk.constraint.name}"' in text for fk in f.column.foreign_keys
        )
    ]
    suspects = named or [
        f for f in change.entity.references if change.values.get(f.path) is not None and not f.spec.readonly
    ]
    problems = [
        Problem(pointer(f.path), "unknown-reference", _("There is no such %(label)s", label=f.label))
        for f in suspects
    ]
    return InvalidError(problems=visible.masked(work, change.entity, problems))
