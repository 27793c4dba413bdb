"""Migrations: one Alembic history and one version table per plugin.

Nothing here imports Alembic until a migration is run or drawn, so that asking
at start-up whether the schema is current stays cheap.
"""

from __future__ import annotations

from .migrations import Migrations
from .owners import MigrationOwner
from .revisions import PendingRevision, Revision
from .state import Orphan
from .verdict import SchemaProblem, SchemaReport

__all__ = [
    "MigrationOwner",
    "Migrations",
    "Orphan",
    "PendingRevision",
    "Revision",
    "SchemaProblem",
    "SchemaReport",
]
