"""The record that an activity or a task is about, of any kind."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import MappedColumn, declared_attr, mapped_column

from ..api import Change, FieldSpec, Id, NotFoundError, Record, Work, _, fields


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


def validate_about(work: Work, change: Change) -> None:
    """Refuse a record that is not there; note the customer behind it."""
    if not (change.changed("about_entity") or change.changed("about_id")):
        return
    entity, id_ = change.value("about_entity"), change.value("about_id")
    if entity is None and id_ is None:
        return
    about = _record(work, change, entity, id_)
    if about is not None and not change.changed("party_id"):
        change.values["party_id"] = party_behind(work, about)


def _record(work: Work, change: Change, entity: str | None, id_: UUID | None) -> Record | None:
    if entity is None or id_ is None:
        missing = "about_entity" if entity is None else "about_id"
        change.refuse(f"/{missing}", "required", _("Name both the kind of record and its id"))
    elif entity not in work.registry:
        change.refuse(
            "/about_entity", "unknown-entity", _("There is no kind of record %(name)s", name=entity)
        )
    else:
        try:
            return work.get(entity, id_)
        except NotFoundError as error:
            change.refuse("/about_id", "reference", error.message)
    return None


def party_behind(work: Work, record: Record) -> UUID | None:
    """The customer a record is about: itself, or the first one that it refers to.

    An opportunity's account stands before its contact because its field does.
    """
    if record.entity.entity.party is not None:
        return record.id
    for field in record.entity.references:
        target, found = field.spec.to, record.get(field.path)
        if found is not None and (target == "party" or _is_party(work, target)):
            party: UUID = found
            return party
    return None


def _is_party(work: Work, entity: str | None) -> bool:
    return entity in work.registry and work.type(str(entity)).entity.party is not None
