"""The app for other WSGI servers: ``granian --interface wsgi tenon.wsgi:app``.

It is composed when a server asks for ``app``, from ``$TENON_SETTINGS`` or ``./tenon.toml``. It runs
no worker: ``tenon worker`` does, in a process of its own.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


@cache
def compose() -> WSGIApplication:
    """The app of this process, composed once."""
    from .app import EXTENSION, create_app
    from .requestlog import configure_logging
    from .serving import wsgi_app

    configure_logging()
    return wsgi_app(create_app().extensions[EXTENSION])


def __getattr__(name: str) -> Any:
    if name == "app":
        return compose()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
