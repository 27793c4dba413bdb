"""Every key of the settings file, section by section.

From this table come the check of the file, the names of the environment
variables, the defaults and the page ``docs/reference/settings.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from .model import (
    MODES,
    DatabaseSettings,
    LimitSettings,
    LocaleSettings,
    OutgoingSettings,
    ServerSettings,
    SessionSettings,
    Settings,
    WorkerSettings,
)
from .setting import Setting


@dataclass(frozen=True)
class Key:
    """A key of the settings file and the environment variable that overrides it."""

    setting: Setting
    env: str | None = None


def _key(key: str, type_: str, default: Any, help_: str, env: str | None = None, **more: Any) -> Key:
    return Key(Setting(key, type_, default, help=help_, **more), f"TENON_{env}" if env else None)


_TOP = (
    _key("modes", "list", MODES, "Ways of selling that are switched on", "MODES", choices=MODES),
    _key(
        "access",
        "choice",
        "policy",
        "`policy`: refuse to start unless a plugin decides who may do what; `open`: without one, "
        "every signed-in user may do everything",
        "ACCESS",
        choices=("open", "policy"),
    ),
    _key(
        "access_net",
        "choice",
        "off",
        "`on`: the database itself refuses what a plugin's query forgets: on SQLite tables that it does not "
        "name, on PostgreSQL rows (`tenon access net install`)",
        "ACCESS_NET",
        choices=("off", "on"),
    ),
    _key(
        "secret_key",
        "string",
        None,
        "Signs sessions and links; made in `var/secret` when it is not given",
        "SECRET_KEY",
        secret=True,
    ),
    _key("var", "string", "var", "Folder for what the deployment writes", "VAR"),
    _key("name", "string", "Tenon", "What pages call the deployment"),
)


def _keys_of(
    kind: type[Any], described: Mapping[str, tuple[str, str, str | None, dict[str, Any]]]
) -> tuple[Key, ...]:
    defaults = kind()
    return tuple(
        _key(name, type_, getattr(defaults, name), help_, env, **more)
        for name, (type_, help_, env, more) in described.items()
    )


SECTIONS: Mapping[str, tuple[Key, ...]] = {
    "": _TOP,
    "database": _keys_of(
        DatabaseSettings,
        {
            "url": (
                "string",
                "A SQLAlchemy URL: `sqlite:///…` or `postgresql://…`",
                "DATABASE",
                {"secret": True},
            ),
            "pool": ("integer", "Connections that one process keeps", None, {"min": 1, "max": 500}),
        },
    ),
    "server": _keys_of(
        ServerSettings,
        {
            "host": ("string", "Address to listen on", "HOST", {}),
            "port": ("integer", "Port to listen on", "PORT", {"min": 0, "max": 65535}),
            "threads": ("integer", "Requests served at once", "THREADS", {"min": 1, "max": 256}),
            "url": ("string", "The address that others use, where it differs", "URL", {}),
            "proxies": (
                "integer",
                "Reverse proxies whose forwarded headers are believed",
                None,
                {"min": 0, "max": 5},
            ),
        },
    ),
    "worker": _keys_of(
        WorkerSettings,
        {
            "embedded": ("boolean", "Run the worker inside the web process", "WORKER", {}),
            "threads": ("integer", "Deliveries and jobs at once", None, {"min": 1, "max": 64}),
        },
    ),
    "locale": _keys_of(
        LocaleSettings,
        {
            "default": ("string", "Language of those who chose none", "LOCALE", {}),
            "locales": ("list", "Languages on offer", None, {}),
            "timezone": ("string", "IANA time zone of those who chose none", "TIMEZONE", {}),
            "currency": ("string", "ISO 4217 code of amounts that name none", "CURRENCY", {}),
        },
    ),
    "limits": _keys_of(
        LimitSettings,
        {
            "max_body": ("integer", "Bytes of a request body", None, {"min": 1_000}),
            "max_upload": ("integer", "Bytes of an uploaded file", None, {"min": 1_000}),
            "max_json_depth": ("integer", "Nesting of a JSON body", None, {"min": 4, "max": 200}),
            "page_size": ("integer", "Records on a page that asks for no size", None, {"min": 1}),
            "max_page_size": ("integer", "Records on a page at most", None, {"min": 1, "max": 10_000}),
            "max_bulk": ("integer", "Records in one bulk operation", None, {"min": 1, "max": 100_000}),
            "requests_per_minute": ("integer", "Requests of one user or key", None, {"min": 1}),
            "sign_ins_per_minute": (
                "integer",
                "Sign-in attempts a minute, from one address and for one account",
                None,
                {"min": 1},
            ),
            "reads_per_hour": (
                "integer",
                "Records that one user reads in an hour before the access log tells of it; 0 for any number",
                None,
                {"min": 0},
            ),
            "refuse_reads": ("boolean", "Refuse to read more in that hour", None, {}),
            "export_rows_per_day": (
                "integer",
                "Rows that one user may export in a day; 0 for any number",
                None,
                {"min": 0},
            ),
            "access_log_days": ("integer", "Days that the access log is kept; 0 for good", None, {"min": 0}),
        },
    ),
    "session": _keys_of(
        SessionSettings,
        {
            "lifetime": ("duration", "How long a sign-in lasts", None, {"min": timedelta(minutes=1)}),
            "idle": (
                "duration",
                "How long a sign-in lasts in which nothing is asked for",
                None,
                {"min": timedelta(minutes=5)},
            ),
            "require_totp": (
                "choice",
                "Who has to sign in with a code of an authenticator app as well",
                "REQUIRE_TOTP",
                {"choices": ("nobody", "admins", "everyone")},
            ),
            "secure_cookie": ("boolean", "Send the cookie over HTTPS alone", "SECURE_COOKIE", {}),
        },
    ),
    "outgoing": _keys_of(
        OutgoingSettings,
        {
            "allow": ("list", "Private `host:port` pairs that outgoing calls may reach", None, {}),
            "timeout": (
                "duration",
                "How long an outgoing call may take",
                None,
                {"min": timedelta(seconds=1)},
            ),
        },
    ),
}

KINDS: Mapping[str, type[Any]] = {
    item.name: kind for item in fields(Settings) for kind in [type(item.default)] if item.name in SECTIONS
}
ENABLED = Setting("enabled", "list", help="Plugins that run; every installed one when absent")
ENVIRONMENT = {key.env for keys in SECTIONS.values() for key in keys if key.env} | {
    "TENON_SETTINGS",
    "TENON_PLUGINS",
}
