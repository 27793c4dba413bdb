"""Which columns an export has, and what stands in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import BadRequestError, Problem
from ...messages import _
from .. import visible
from ..registry import EntityType, Field, nearest
from ..work import Work

TITLE = ".title"
_LEFT_OUT = frozenset({"custom", "version"})


@dataclass(frozen=True)
class ExportColumn:
    """``title`` is the field's path, so that an import knows it again.

    With ``names`` the column holds the title of the record that the field refers to.
    """

    title: str
    field: Field
    names: bool = False


def export_columns(work: Work, type_: EntityType, paths: Sequence[str] | None = None) -> list[ExportColumn]:
    """Columns for ``paths``, or for every field the actor may see; references have two.

    ``account_id.title`` asks for the title alone. Raises
    :class:`~tenon.errors.BadRequestError` for a field that is not there to be seen.
    """
    seen = visible.fields(work, type_)
    known = {p: f for p, f in seen.items() if p not in _LEFT_OUT and f.kind != "json"}
    if paths is None:
        return [column for field in known.values() for column in _both(field, type_)]
    unknown = [p for p in paths if p.removesuffix(TITLE) not in known]
    if unknown:
        raise BadRequestError(
            _("%(entity)s has no field %(path)s", entity=type_.label, path=unknown[0]),
            hint=nearest(unknown[0], known),
            problems=[Problem("", "unknown-field", _("There is no field %(path)s", path=p)) for p in unknown],
        )
    found: list[ExportColumn] = []
    for path in paths:
        field = known[path.removesuffix(TITLE)]
        if path.endswith(TITLE):
            found.append(ExportColumn(path, field, names=True))
        else:
            found += [c for c in _both(field, type_) if not (c.names and c.title in paths)]
    return found


def _both(field: Field, type_: EntityType) -> list[ExportColumn]:
    own = ExportColumn(field.path, field)
    return [own, ExportColumn(field.path + TITLE, field, names=True)] if field.kind == "reference" else [own]
