"""What a deployment is told to be: one TOML file, a few environment variables."""

from __future__ import annotations

from .model import (
    FILE,
    MODES,
    DatabaseSettings,
    LimitSettings,
    LocaleSettings,
    OidcProvider,
    OutgoingSettings,
    PluginChoice,
    PluginTable,
    ServerSettings,
    SessionSettings,
    Settings,
    WorkerSettings,
)
from .reading import load_settings
from .secret import SecretKey

__all__ = [
    "FILE",
    "MODES",
    "DatabaseSettings",
    "LimitSettings",
    "LocaleSettings",
    "OidcProvider",
    "OutgoingSettings",
    "PluginChoice",
    "PluginTable",
    "SecretKey",
    "ServerSettings",
    "SessionSettings",
    "Settings",
    "WorkerSettings",
    "load_settings",
]
