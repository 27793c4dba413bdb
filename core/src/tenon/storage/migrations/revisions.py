"""Revisions as they lie in an owner's folder: ``0001_initial.py``, ``0002_add_region.py``.

The number is the revision's id and the numbers make the history, so that what
the code knows can be told from file names alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import SchemaError
from ...messages import _
from .owners import MigrationOwner

FILE_NAME = re.compile(r"(?P<id>\d{4})_(?P<slug>[a-z0-9_]+)\.py")


@dataclass(frozen=True)
class Revision:
    """One step of an owner's schema. ``down`` is the id before it, ``None`` for the first."""

    owner: str
    id: str
    down: str | None
    title: str
    path: Path


@dataclass(frozen=True)
class PendingRevision:
    """A revision that ``tenon db upgrade`` would run."""

    owner: MigrationOwner
    revision: Revision

    def __str__(self) -> str:
        return f"{self.owner.name} {self.revision.id} {self.revision.title}"


def revisions_of(owner: MigrationOwner) -> Sequence[Revision]:
    """The owner's revisions, oldest first. ``SchemaError`` where they make no one history."""
    found: list[Revision] = []
    for path in sorted(owner.path.glob("[!_]*.py")):
        match = FILE_NAME.fullmatch(path.name)
        if match is None or int(match["id"]) != len(found) + 1:
            raise _misnumbered(owner, path, len(found) + 1)
        down = found[-1].id if found else None
        found.append(Revision(owner.name, match["id"], down, match["slug"].replace("_", " "), path))
    return found


def _misnumbered(owner: MigrationOwner, path: Path, number: int) -> SchemaError:
    return SchemaError(
        _(
            "The migration %(file)s of %(owner)s does not continue its history: %(number)s comes next",
            file=path.name,
            owner=owner.name,
            number=f"{number:04}",
        ),
        hint=_(
            "Name it %(number)s_what_it_does.py, and set revision and down_revision inside to match.",
            number=f"{number:04}",
        ),
    )
