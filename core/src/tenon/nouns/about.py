"""The record that an activity or a task is about, of any kind."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import MappedColumn, declared_attr, mapped_column

from ..api import FieldSpec, Id, _, fields


class AboutColumns:
    """``about_entity`` and ``about_id`` name one record; ``party_id`` is the customer behind it."""

    @declared_attr
    def about_entity(cls) -> MappedColumn[Any]:
        return fields.text(_("About a"), max_length=60)

    @declared_attr
    def about_id(cls) -> MappedColumn[Any]:
        return mapped_column(Id, nullable=True, info={"field": FieldSpec("id", _("About"))})

    @declared_attr
    def party_id(cls) -> MappedColumn[Any]:
        return fields.reference(_("Customer"), to="party", column="nouns_party.id", index=False)
