"""The kit that plugins are tested with.

It is a pytest plugin: its fixtures (:mod:`tenon.testing.plugin`) are there where ``tenon-crm`` is
installed. ``PluginConformance`` is the class whose checks every plugin's tests inherit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..app import Tenon
    from ..clock import ManualClock
    from ..settings import Settings
    from .api_client import Answer, ApiClient
    from .conformance import PluginConformance
    from .events import Events

__all__ = ["Answer", "ApiClient", "Events", "ManualClock", "PluginConformance", "Settings", "Tenon"]

_PLACES = {
    "Answer": ".api_client",
    "ApiClient": ".api_client",
    "Events": ".events",
    "ManualClock": "..clock",
    "PluginConformance": ".conformance",
    "Settings": "..settings",
    "Tenon": "..app",
}


def __getattr__(name: str) -> Any:
    # Imported when it is asked for: pytest loads this package in every run on the machine.
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PLACES[name], __name__), name)
