"""Where one can go: the entities of the modes in force, boards, one's own work, settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flask import request, url_for

from ..identity.actor import Actor
from ..messages import Message, _
from ..records.registry import EntityType
from .context import may, tenon
from .slots import menu_links


@dataclass(frozen=True)
class NavLink:
    label: Message | str
    url: str
    icon: str
    current: bool = False
    badge: str | None = None


@dataclass(frozen=True)
class NavGroup:
    label: Message | None
    links: tuple[NavLink, ...]


def shown_types() -> list[EntityType]:
    """The kinds of record with a place in the menu that the reader may see."""
    return [t for t in tenon().records.registry if t.entity.menu and may("read", t.name)]


def groups(actor: Actor) -> list[NavGroup]:
    """The menu, for whoever is signed in."""
    found = [
        NavGroup(None, tuple(_own_work())),
        NavGroup(_("Boards"), tuple(_boards())),
        NavGroup(
            _("Records"), tuple(_link(t.label_plural, _list_url(t), t.entity.icon) for t in shown_types())
        ),
        NavGroup(_("More"), tuple(_link(s.label, s.url, s.icon, s.badge) for s in menu_links(actor))),
        NavGroup(_("Administration"), tuple(_administration(actor))),
    ]
    return [group for group in found if group.links]


def creatable() -> list[NavLink]:
    """What the Create menu offers."""
    return [
        NavLink(t.label, url_for("web.create_page", entity=t.collection), t.entity.icon)
        for t in shown_types()
        if may("create", t.name)
    ]


def _own_work() -> Iterator[NavLink]:
    yield _link(_("Home"), url_for("web.home"), "home")
    if "task" in tenon().records.registry and may("read", "task"):
        yield _link(_("My day"), url_for("web.my_day"), "calendar-due")
    yield _link(_("Approvals"), url_for("web.approvals"), "checks")


def _boards() -> Iterator[NavLink]:
    for type_ in tenon().records.registry:
        if type_.stages and may("read", type_.name):
            for pipeline in tenon().pipelines.pipelines_for(type_.name):
                url = url_for("web.board", entity=type_.collection, pipeline=pipeline.key)
                yield _link(pipeline.label, url, "layout-kanban")


def _administration(actor: Actor) -> Iterator[NavLink]:
    yield _link(_("Imports"), url_for("web.imports"), "database-import")
    if actor.admin:
        yield _link(_("Settings"), url_for("web.settings"), "settings")


def _list_url(type_: EntityType) -> str:
    return url_for("web.list_page", entity=type_.collection)


def _link(label: Message | str, url: str, icon: str, badge: str | None = None) -> NavLink:
    here = request.path.rstrip("/")
    own = url.partition("?")[0].rstrip("/")
    board = "/board/" in here and "/board/" not in own
    inside = here == own or (own != "" and here.startswith(own + "/") and not board)
    return NavLink(label, url, icon, inside, badge)
