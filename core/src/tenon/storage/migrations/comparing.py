"""Compares an owner's models with its tables, leaving everybody else's alone."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.engine import Connection

from ..base import Base
from .owners import KERNEL, MigrationOwner, kernel_owner, owner_of


def scoped_context(
    connection: Connection, owners: Sequence[MigrationOwner], owner: MigrationOwner
) -> MigrationContext:
    """A context in which autogenerate sees ``owner``'s tables only."""
    if owner == kernel_owner():
        _import_kernel_models()
    prefixes = [other.prefix for other in owners]

    def is_ours(name: str | None, kind: str) -> bool:
        return kind != "table" or owner_of(name or "", prefixes) == owner.prefix

    return MigrationContext.configure(
        connection,
        opts={
            "target_metadata": Base.metadata,
            "version_table": owner.version_table,
            "include_name": lambda name, kind, _parents: is_ours(name, kind),
            "include_object": lambda _object, name, kind, _reflected, _other: is_ours(name, kind),
        },
    )


def differences(connection: Connection, owners: Sequence[MigrationOwner], owner: MigrationOwner) -> list[str]:
    """What would have to change in ``owner``'s tables for them to be what its models say."""
    diffs = compare_metadata(scoped_context(connection, owners, owner), Base.metadata)
    return [_sentence(diff) for group in diffs for diff in (group if isinstance(group, list) else [group])]


def _import_kernel_models() -> None:
    """The kernel's tables are declared in the ``models`` of its rooms; no process needs all of them."""
    for file in sorted(KERNEL.rglob("models.py")):
        inside = file.with_suffix("").relative_to(KERNEL.parent)
        import_module(".".join(inside.parts))


def _sentence(diff: tuple[Any, ...]) -> str:
    """``add column notes_note.colour`` for Alembic's ``("add_column", None, "notes_note", Column)``."""
    kind, *parts = diff
    within = [part for part in parts if getattr(part, "table", None) is not None]
    named = [f"{part.table.name}.{part.name}" for part in within] or [
        str(getattr(part, "name", part)) for part in parts if not isinstance(part, (dict, bool, type(None)))
    ]
    return " ".join([kind.replace("_", " "), *named])
