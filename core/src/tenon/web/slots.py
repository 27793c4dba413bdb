"""What plugins show on pages. One that fails shows a card that says so, never a broken page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from flask import render_template

from ..errors import NotFoundError, TenonError
from ..identity.actor import Actor
from ..messages import Message, _
from ..plugin.contributions import Slot
from ..records.record import Record
from ..records.registry import EntityType
from ..records.work import Work
from .context import actor, may, tenon

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SlotContext:
    """What ``render`` is given. Which parts are set depends on the place (see ``plugin/places.py``)."""

    tenon: Any
    actor: Actor
    work: Work | None = None
    entity: EntityType | None = None
    record: Record | None = None
    records: Sequence[Record] = ()
    query: str = ""


@dataclass(frozen=True)
class Part:
    """One slot as it is shown: ``html`` of a template, or what ``render`` gave as ``data``."""

    slot: Slot
    plugin: str
    html: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    failed: bool = False

    @property
    def key(self) -> str:
        return f"{self.plugin}.{self.slot.key}"


@dataclass(frozen=True)
class MenuLink:
    label: Message | str
    url: str
    icon: str
    badge: str | None = None


def slots_at(place: str, entity: str | None = None) -> list[tuple[str, Slot]]:
    """The slots of a place that the reader may see, by weight."""
    found = [
        (plugin, slot)
        for plugin, slot in tenon().plugins.contributions(Slot)
        if slot.place == place and slot.entity in (None, entity) and _permitted(slot)
    ]
    return sorted(found, key=lambda pair: (pair[1].weight, pair[0], pair[1].key))


def _permitted(slot: Slot) -> bool:
    if slot.permission is None:
        return True
    entity, _colon, action = slot.permission.partition(":")
    return may(action, entity)


def context(work: Work | None = None, **parts: Any) -> SlotContext:
    return SlotContext(tenon=tenon(), actor=actor(), work=work, **parts)


def rendered(place: str, about: SlotContext) -> list[Part]:
    """Every slot of a place with its template filled in; lazy ones come later, by themselves."""
    entity = about.entity.name if about.entity else None
    parts = (_part(plugin, slot, about, wait=slot.lazy) for plugin, slot in slots_at(place, entity))
    return [part for part in parts if part is not None]


def one(place: str, key: str, about: SlotContext) -> Part | None:
    """A single slot, asked for by ``plugin.key``: what a lazy panel is filled with."""
    entity = about.entity.name if about.entity else None
    for plugin, slot in slots_at(place, entity):
        if f"{plugin}.{slot.key}" == key:
            return _part(plugin, slot, about, wait=False)
    raise NotFoundError(_("There is no such panel"))


def _part(plugin: str, slot: Slot, about: SlotContext, *, wait: bool) -> Part | None:
    if wait:
        return Part(slot, plugin)
    return _isolated(plugin, slot, lambda: _filled(plugin, slot, about))


def _filled(plugin: str, slot: Slot, about: SlotContext) -> Part | None:
    data = slot.render(about) if slot.render else {}
    if data is None:
        return None
    given = data if isinstance(data, Mapping) else {"text": data}
    html = (
        render_template(slot.template, slot=slot, record=about.record, entity=about.entity, **given)
        if slot.template
        else ""
    )
    return Part(slot, plugin, html, given)


def _isolated(plugin: str, slot: Slot, run: Callable[[], Part | None]) -> Part | None:
    """The part, or one that says it failed; a plugin's mistake is logged, not passed on."""
    try:
        return run()
    except TenonError as error:
        log.warning("slot refused", plugin=plugin, slot=slot.key, place=slot.place, error=str(error))
    except Exception:
        log.exception("slot failed", plugin=plugin, slot=slot.key, place=slot.place)
    return Part(slot, plugin, failed=True)


def values(place: str, about: SlotContext) -> list[tuple[Slot, Mapping[UUID, Any]]]:
    """For ``list.column`` and ``board.badge``: one call for all records of the page."""
    entity = about.entity.name if about.entity else None
    found = []
    for plugin, slot in slots_at(place, entity):
        part = _isolated(plugin, slot, partial(_batch, plugin, slot, about))
        if part is not None:
            found.append((slot, {} if part.failed else part.data.get("values", {})))
    return found


def _batch(plugin: str, slot: Slot, about: SlotContext) -> Part | None:
    return Part(slot, plugin, data={"values": slot.render(about)}) if slot.render else None


def menu_links(who: Actor) -> list[MenuLink]:
    """Menu items of plugins, with a badge where ``render`` gives one."""
    about = SlotContext(tenon=tenon(), actor=who)
    parts = rendered("menu.item", about)
    return [
        MenuLink(part.slot.label, part.slot.url or "", part.slot.icon or "puzzle", part.data.get("badge"))
        for part in parts
    ]


def actions(place: str, about: SlotContext) -> list[MenuLink]:
    """Buttons of plugins; ``render`` may name another address or label, or hide it with None."""
    return [
        MenuLink(part.data.get("label", part.slot.label), _address(part, about), part.slot.icon or "puzzle")
        for part in rendered(place, about)
        if not part.failed
    ]


def _address(part: Part, about: SlotContext) -> str:
    url = str(part.data.get("url") or part.slot.url or "")
    return url.replace("{id}", str(about.record.id)) if about.record else url


def badges(about: SlotContext) -> list[tuple[str, str | None]]:
    """Texts beside a record's title, each with its colour if it has one."""
    parts = (part for part in rendered("record.badge", about) if not part.failed and part.data.get("text"))
    return [(part.data["text"], part.data.get("color")) for part in parts]


def search_results(work: Work, text: str) -> list[tuple[Slot, Iterable[Mapping[str, Any]]]]:
    """What plugins find beside records: ``{title, url, hint}`` each."""
    found = []
    for plugin, slot in slots_at("search.provider"):
        about = context(work, query=text)
        part = _isolated(plugin, slot, partial(_batch, plugin, slot, about))
        if part is not None and part.data.get("values"):
            found.append((slot, part.data["values"]))
    return found
