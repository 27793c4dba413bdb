"""What every template can use: texts, values and addresses for whoever reads."""

from __future__ import annotations

from typing import Any

from babel import Locale
from babel.numbers import get_territory_currencies
from flask import Flask, g, request, session
from markupsafe import Markup, escape

from ..messages import Message
from ..records.registry import EntityType
from . import navigation
from .assets import asset, icon_sheet
from .context import reader, tenon
from .i18n import LOCALES, known_locale
from .listing import ListState

COMMON_TERRITORIES = (
    "US",
    "DE",
    "GB",
    "CN",
    "JP",
    "VN",
    "SA",
    "AE",
    "EG",
    "CH",
    "IN",
    "SG",
    "AU",
    "CA",
    "BR",
    "MX",
    "KR",
)


def translate(text: str, /, **params: Any) -> str:
    """``_("…")`` in a template. Parameters are escaped unless they are markup themselves."""
    read = reader()
    if isinstance(text, Message):
        return read.text(text, **params)
    found = read.translations.gettext(text)
    return Markup(escape(found)) % {k: read.isolated(v) for k, v in params.items()} if params else found


def translate_plural(one: str, many: str, n: int, /, **params: Any) -> str:
    return reader().plural(one, many, n, **params)


def label(text: Any) -> str:
    """The ``t`` filter: a label in the reader's language; what a customer typed stays as it is."""
    return reader().label(text) if isinstance(text, str) else str(text)


def path_label(path: str, type_: EntityType) -> str:
    """The label of a field of ``type_``; its path where there is no such field."""
    found = type_.fields.get(path)
    return reader().label(found.label) if found else path


def prepare(app: Flask) -> None:
    """Give the app's templates their names and filters."""
    env = app.jinja_env
    env.add_extension("jinja2.ext.do")
    env.filters["t"] = label
    env.filters["path_label"] = path_label
    env.globals.update(
        _=translate,
        ngettext=translate_plural,
        asset=asset,
        icon_sheet=icon_sheet,
        collection_of=collection_of,
        currency_codes=currency_codes,
        with_archived=with_archived,
    )
    app.context_processor(shared)


def shared() -> dict[str, Any]:
    """What the shell of every page shows."""
    found: dict[str, Any] = {
        "reader": reader(),
        "site_name": tenon().settings.name,
        "theme": session.get("theme", "light"),
        "languages": languages(),
        "here": request.full_path.rstrip("?"),
        "now": tenon().clock.now(),
        "default_currency": tenon().settings.locale.currency,
        "actor": g.get("actor"),
    }
    if g.get("actor") is not None:
        found["navigation"] = navigation.groups(g.actor)
        found["creatable"] = navigation.creatable()
    return found


def languages() -> list[dict[str, str]]:
    """The languages on offer, each in its own words."""
    offered = [known_locale(name) for name in tenon().settings.locale.locales]
    locales = [Locale.parse(name) for name in LOCALES if name in offered]
    return [
        {
            "name": str(locale),
            "tag": str(locale).replace("_", "-"),
            "label": (locale.language_name or str(locale)) if locale.language != "zh" else "中文",
            "direction": locale.text_direction,
        }
        for locale in locales
    ]


def collection_of(entity: str) -> str:
    return tenon().records.registry[entity].collection


def currency_codes() -> list[str]:
    """Currencies that a form suggests: those of large economies first, then all there are."""
    common = [code for territory in COMMON_TERRITORIES for code in get_territory_currencies(territory)]
    return list(dict.fromkeys([tenon().settings.locale.currency, *common]))


def with_archived(state: ListState, archived: str) -> str:
    """A list's address with its archived records left out, alone, or among the others."""
    pairs = [pair for pair in state.pairs() if pair[0] != "archived"]
    return ListState(state.type).url("web.list_page", *pairs, ("archived", archived))
