"""Filters as predicates, for SQL of a plugin's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from .asked import compiler
from .query import Filter

if TYPE_CHECKING:
    from .work import Work


def predicate(work: Work, entity: str, found: Filter) -> sa.ColumnElement[bool]:
    """``found`` as a predicate on ``work.type(entity).source``.

    It names the fields that the actor may see and reaches through references as far as they may;
    ``BadRequestError`` with the nearest right names for what does not fit the kind of record.
    """
    return compiler(work).compile(work.type(entity), found)
