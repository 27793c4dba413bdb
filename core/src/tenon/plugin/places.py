"""Where a plugin can show something: the places that :class:`Slot` can name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Place:
    """A named place of a page.

    ``context`` says what ``render`` is given, ``returns`` what it must return.
    ``needs`` are the fields of a ``Slot`` without which the place has nothing to show.
    """

    name: str
    where: str
    context: str
    returns: str
    needs: tuple[str, ...] = ()


_RECORD = "`tenon`, `actor`, `work` (open for reading), `entity` (EntityType), `record`"
_LIST = "`tenon`, `actor`, `work` (open for reading), `entity` (EntityType), `records` (those on the page)"

_ALL = (
    Place(
        "menu.item",
        "the navigation",
        "`tenon`, `actor`",
        "nothing, or `{badge: text}` shown beside the label",
        ("url",),
    ),
    Place(
        "home.widget",
        "the home page",
        "`tenon`, `actor`, `work` (open for reading)",
        "a mapping for the template",
        ("template",),
    ),
    Place(
        "list.column",
        "a column of an entity's list",
        _LIST,
        "`{record id: text}` for the whole page, in one call",
        ("entity", "render"),
    ),
    Place(
        "list.action",
        "a button above an entity's list",
        _LIST,
        "nothing, or `{url, label}` in place of the slot's own",
        ("entity", "url"),
    ),
    Place(
        "record.badge",
        "beside a record's title",
        _RECORD,
        "a text, `{text, color}`, or None for no badge",
        ("render",),
    ),
    Place(
        "record.panel",
        "the body of a record's page",
        _RECORD,
        "a mapping for the template, or None for no panel",
        ("template",),
    ),
    Place(
        "record.action",
        "a button of a record's page",
        _RECORD,
        "nothing, `{url, label}`, or None to hide it",
        ("url",),
    ),
    Place(
        "record.sidebar",
        "the side of a record's page",
        _RECORD,
        "a mapping for the template, or None for nothing",
        ("template",),
    ),
    Place(
        "form.after",
        "below the fields of a form",
        _RECORD + " (`record` is None when creating)",
        "a mapping for the template",
        ("template",),
    ),
    Place(
        "board.badge",
        "a card of the pipeline board",
        _LIST,
        "`{record id: text}` for all cards, in one call",
        ("render",),
    ),
    Place(
        "search.provider",
        "global search",
        "`tenon`, `actor`, `work` (open for reading), `query` (text)",
        "a list of `{title, url, hint}`",
        ("render",),
    ),
    Place(
        "settings.page",
        "a page of the settings menu; with `url`, a link to a page of the plugin's own",
        "`tenon`, `actor`",
        "a mapping for the template",
    ),
)

PLACES: Mapping[str, Place] = MappingProxyType({place.name: place for place in _ALL})
