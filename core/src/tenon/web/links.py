"""What references are called and where they lead, for all records of a page at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from uuid import UUID

from ..messages import Message, _
from ..records.query import Query, Where
from ..records.record import Record
from ..records.work import Work
from .cells import Cells, Link, record_url
from .context import reader, tenon

STATUS_LABELS: Mapping[str, Message] = {"open": _("Open"), "won": _("Won"), "lost": _("Lost")}
PARTY = "party"


def cells_for(work: Work, records: Iterable[Record]) -> Cells:
    """Shows the values of ``records`` to the reader, with every title they need."""
    return Cells(reader(), links_of(work, list(records)), stage_labels())


def links_of(work: Work, records: Iterable[Record]) -> dict[tuple[str, UUID], Link]:
    """The records that ``records`` refer to; one query per kind of record."""
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for record in records:
        for found in record.entity.references:
            value = record.get(found.path)
            if value is not None and found.spec.to is not None and found.spec.to in work.registry:
                wanted[found.spec.to].add(value)
        if record.get("about_id") and record.get("about_entity") in work.registry:
            wanted[record["about_entity"]].add(record["about_id"])
    return {key: link for entity, ids in wanted.items() for key, link in links_to(work, entity, ids).items()}


def links_to(work: Work, entity: str, ids: Iterable[UUID]) -> dict[tuple[str, UUID], Link]:
    """Links to records of one kind. A party leads to the record it stands for."""
    if entity == PARTY:
        return _parties(work, list(ids))
    collection = work.type(entity).collection
    titles = work.titles(entity, ids)
    return {(entity, id_): Link(title, record_url(collection, id_)) for id_, title in titles.items()}


def _parties(work: Work, ids: list[UUID]) -> dict[tuple[str, UUID], Link]:
    if not work.access.allows(work.actor, "read", PARTY):
        return {}
    where = Where("id", "in", ids)
    page = work.page(PARTY, Query(filter=where, size=max(len(ids), 1), sort=("id",), archived="all"))
    found = {}
    for record in page.data:
        kind = record.get("entity") if record.get("entity") in work.registry else PARTY
        found[PARTY, record.id] = Link(record.title, record_url(work.type(kind).collection, record.id))
    return found


def stage_labels() -> dict[tuple[str, str, str], str]:
    """Labels of pipelines, stages and statuses, by entity, field path and key."""
    found: dict[tuple[str, str, str], str] = {}
    for type_ in tenon().records.registry:
        if not type_.stages:
            continue
        found.update({(type_.name, "stage_status", key): label for key, label in STATUS_LABELS.items()})
        for pipeline in tenon().pipelines.pipelines_for(type_.name):
            found[type_.name, "pipeline", pipeline.key] = pipeline.label
            found.update({(type_.name, "stage", key): stage.label for key, stage in pipeline.stages.items()})
    return found
