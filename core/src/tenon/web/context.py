"""What a request's handlers and templates need: the composed parts, who asks, who reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from flask import current_app, g, request, session
from werkzeug.routing import BaseConverter, ValidationError

from ..errors import NotSignedInError
from ..identity.actor import Actor
from ..records.registry import EntityType
from .i18n import Catalogues, Reader, best_locale, known_locale, reader_for

if TYPE_CHECKING:
    from ..app import Tenon


def tenon() -> Tenon:
    """The parts that the app is composed of."""
    return cast("Tenon", current_app.extensions["tenon"])


def actor() -> Actor:
    """Whoever is signed in; ``NotSignedInError`` where nobody is."""
    found: Actor | None = g.get("actor")
    if found is None:
        raise NotSignedInError()
    return found


def reader() -> Reader:
    """The language and clock of whoever reads this page."""
    if "reader" not in g:
        g.reader = _reader()
    return cast(Reader, g.reader)


def _reader() -> Reader:
    settings = tenon().settings.locale
    who: Actor | None = g.get("actor")
    catalogues: Catalogues = current_app.extensions["tenon_catalogues"]
    chosen = (
        known_locale(session.get("locale"))
        or known_locale(who.locale if who else None)
        or best_locale(tag for tag, _weight in request.accept_languages)
        or known_locale(settings.default)
        or "en"
    )
    zone = (who.timezone if who else None) or settings.timezone
    return reader_for(catalogues, chosen, zone, tenon().clock.now())


def by_htmx() -> bool:
    """Whether htmx asked, so that a part of the page is enough."""
    return request.headers.get("HX-Request") == "true"


def may(action: str, entity: str) -> bool:
    """Whether the one who asks may do ``action`` to some record of ``entity``."""
    return tenon().access.allows(actor(), action, entity)


class EntityConverter(BaseConverter):
    """``/<entity:kind>``: a kind of record by the name of its collection."""

    regex = "[a-z][a-z0-9-]*"

    def to_python(self, value: str) -> EntityType:
        found: EntityType | None = tenon().records.registry.collections.get(value)
        if found is None:
            raise ValidationError
        return found

    def to_url(self, value: Any) -> str:
        return str(value.collection if isinstance(value, EntityType) else value)
