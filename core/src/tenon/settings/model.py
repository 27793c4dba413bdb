"""The settings of a deployment, typed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from .secret import SecretKey
from .tomlfile import TomlFile

FILE = "tenon.toml"
MODES = ("b2b", "b2c")
ON_ERROR = ("fail", "quarantine")


@dataclass(frozen=True)
class DatabaseSettings:
    """Where the data is: a SQLAlchemy URL. ``pool`` is connections per process."""

    url: str = "sqlite:///var/tenon.db"
    pool: int = 10

    @property
    def safe_url(self) -> str:
        """The URL with its password hidden, for messages and logs."""
        return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", self.url)

    def __repr__(self) -> str:
        return f"DatabaseSettings(url={self.safe_url!r}, pool={self.pool})"


@dataclass(frozen=True)
class ServerSettings:
    """Where pages and the API are served. ``url`` is how others reach it."""

    host: str = "127.0.0.1"
    port: int = 8000
    threads: int = 8
    url: str | None = None
    proxies: int = 0


@dataclass(frozen=True)
class WorkerSettings:
    """``embedded`` runs the worker in the web process, with so many threads."""

    embedded: bool = True
    threads: int = 2


@dataclass(frozen=True)
class LocaleSettings:
    """``default`` and ``locales`` are BCP 47 tags, ``timezone`` an IANA name, ``currency`` ISO 4217."""

    default: str = "en"
    locales: tuple[str, ...] = ("en", "zh-Hans", "ar", "vi")
    timezone: str = "UTC"
    currency: str = "USD"


@dataclass(frozen=True)
class LimitSettings:
    """Bounds on what one request, one user and one address may ask for. Bodies and uploads in bytes;
    0 is no bound for ``reads_per_hour`` and ``export_rows_per_day``, and for good for ``access_log_days``.
    """

    max_body: int = 2_000_000
    max_upload: int = 200_000_000
    max_json_depth: int = 32
    page_size: int = 50
    max_page_size: int = 200
    max_bulk: int = 1_000
    requests_per_minute: int = 1_200
    sign_ins_per_minute: int = 10
    reads_per_hour: int = 100_000
    refuse_reads: bool = False
    export_rows_per_day: int = 200_000
    access_log_days: int = 400


@dataclass(frozen=True)
class SessionSettings:
    """How long a sign-in lasts, whether its cookie needs HTTPS, of whom a second step is asked."""

    lifetime: timedelta = timedelta(hours=12)
    idle: timedelta = timedelta(hours=4)
    require_totp: Literal["nobody", "admins", "everyone"] = "nobody"
    secure_cookie: bool = False


@dataclass(frozen=True)
class OidcProvider:
    """An ``[oidc.<name>]`` table: an OpenID Connect provider that people sign in with.

    ``domains`` are those of the e-mail addresses that may come in, any where there are none.
    ``roles`` maps values of the claim ``roles_claim`` to roles.
    """

    name: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    label: str = ""
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    create_users: bool = False
    domains: tuple[str, ...] = ()
    roles_claim: str | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    trust_second_step: bool = False


@dataclass(frozen=True)
class OutgoingSettings:
    """``allow`` lists private ``host:port`` pairs that outgoing calls may reach."""

    allow: tuple[str, ...] = ()
    timeout: timedelta = timedelta(seconds=10)


@dataclass(frozen=True)
class PluginTable:
    """A ``[plugins.<name>]`` table: the plugin's own settings, not typed yet."""

    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    on_error: Literal["fail", "quarantine"] = "fail"


@dataclass(frozen=True)
class PluginChoice:
    """Which plugins run. ``enabled`` is ``None`` for every installed one."""

    enabled: tuple[str, ...] | None = None
    tables: Mapping[str, PluginTable] = field(default_factory=dict)

    def table(self, name: str) -> PluginTable:
        return self.tables.get(name, PluginTable())


@dataclass(frozen=True)
class Settings:
    """Everything a deployment was told, checked and typed.

    ``pipelines`` holds a customer's changes by pipeline, read by the pipelines room, ``oidc``
    the providers that people sign in with, by name.
    ``root`` is the folder that relative paths start from: the settings file's
    own, or the working directory. ``file`` knows lines, for messages.
    """

    modes: frozenset[str] = frozenset(MODES)
    access: Literal["open", "policy"] = "open"
    access_net: Literal["off", "on"] = "off"
    var: Path = Path("var")
    name: str = "Tenon"
    database: DatabaseSettings = DatabaseSettings()
    server: ServerSettings = ServerSettings()
    worker: WorkerSettings = WorkerSettings()
    locale: LocaleSettings = LocaleSettings()
    limits: LimitSettings = LimitSettings()
    session: SessionSettings = SessionSettings()
    outgoing: OutgoingSettings = OutgoingSettings()
    plugins: PluginChoice = PluginChoice()
    pipelines: Mapping[str, Any] = field(default_factory=dict)
    oidc: Mapping[str, OidcProvider] = field(default_factory=dict)
    secret: SecretKey = field(default_factory=lambda: SecretKey(None, Path("var/secret")))
    root: Path = field(default_factory=Path.cwd)
    file: TomlFile | None = field(default=None, repr=False, compare=False)

    @property
    def secret_key(self) -> str:
        """The key that signs sessions; made and kept in ``var/secret`` on first use."""
        return self.secret.reveal()

    def where(self, *keys: str) -> str:
        """``tenon.toml:4`` for a key of the file, for messages."""
        return self.file.where(*keys) if self.file else FILE

    @classmethod
    def for_tests(cls, **overrides: Any) -> Settings:
        """Defaults fit for a test, with fields replaced.

        An override is a field of this class. A section may be given as a mapping
        of the keys that differ: ``for_tests(limits={"max_body": 10})``.
        ``database`` may be a URL, ``plugins`` the names of those enabled.
        """
        base = cls(
            secret=SecretKey("a secret that only tests know", Path("var/secret")),
            database=DatabaseSettings(url="sqlite://"),
            worker=WorkerSettings(embedded=False),
            plugins=PluginChoice(enabled=()),
        )
        return replace(base, **{key: _override(base, key, value) for key, value in overrides.items()})


def _override(base: Settings, key: str, value: Any) -> Any:
    if key == "modes":
        return frozenset(value)
    if key == "database" and isinstance(value, str):
        return DatabaseSettings(url=value)
    if key == "plugins" and not isinstance(value, PluginChoice):
        return _choice_for_tests(value)
    if isinstance(value, Mapping) and key not in ("pipelines", "oidc"):
        return replace(getattr(base, key), **value)
    return value


def _choice_for_tests(value: Any) -> PluginChoice:
    if value is None:
        return PluginChoice()
    if not isinstance(value, Mapping):
        return PluginChoice(enabled=tuple(value))
    tables = {
        name: PluginTable({k: v for k, v in table.items() if k != "on_error"}, table.get("on_error", "fail"))
        for name, table in value.items()
    }
    return PluginChoice(enabled=tuple(value), tables=tables)
