"""What a deployment is told to be: one TOML file, a few environment variables.

The file is ``tenon.toml``. Every key is described once, in :data:`SECTIONS`; from it come the
check of the file, the names of the environment variables, the defaults and the
page ``docs/reference/settings.md``. A file with mistakes is refused with all of
them at once, each with its line and the nearest right name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from .errors import Problem, SettingsError
from .nearest import did_you_mean, listed, nearest
from .secret import SecretKey
from .setting import Setting, shown, typed
from .tomlfile import TomlError, TomlFile, read_toml

FILE = "tenon.toml"
MODES = ("b2b", "b2c")
ON_ERROR = ("fail", "quarantine")

_LOCALE = re.compile(r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$")
_CURRENCY = re.compile(r"^[A-Z]{3}$")


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
    """Bounds on what one request may ask for. Bodies and uploads in bytes."""

    max_body: int = 2_000_000
    max_upload: int = 200_000_000
    max_json_depth: int = 32
    page_size: int = 50
    max_page_size: int = 200
    max_bulk: int = 1_000
    requests_per_minute: int = 1_200
    sign_ins_per_minute: int = 10


@dataclass(frozen=True)
class SessionSettings:
    """How long a sign-in lasts, and whether its cookie needs HTTPS."""

    lifetime: timedelta = timedelta(hours=12)
    secure_cookie: bool = False


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

    ``root`` is the folder that relative paths start from: the settings file's
    own, or the working directory. ``file`` knows lines, for messages.
    """

    modes: frozenset[str] = frozenset(MODES)
    access: Literal["open", "policy"] = "open"
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
    if isinstance(value, Mapping):
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


# Every key of the file, section by section. The environment overrides the file.


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


def _keys_of(kind: type[Any], described: Mapping[str, tuple[str, str, str | None, dict[str, Any]]]) -> tuple[Key, ...]:
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
            "url": ("string", "A SQLAlchemy URL: `sqlite:///…` or `postgresql://…`", "DATABASE", {"secret": True}),
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
            "proxies": ("integer", "Reverse proxies whose forwarded headers are believed", None, {"min": 0, "max": 5}),
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
            "sign_ins_per_minute": ("integer", "Sign-in attempts from one address", None, {"min": 1}),
        },
    ),
    "session": _keys_of(
        SessionSettings,
        {
            "lifetime": ("duration", "How long a sign-in lasts", None, {"min": timedelta(minutes=1)}),
            "secure_cookie": ("boolean", "Send the cookie over HTTPS alone", "SECURE_COOKIE", {}),
        },
    ),
    "outgoing": _keys_of(
        OutgoingSettings,
        {
            "allow": ("list", "Private `host:port` pairs that outgoing calls may reach", None, {}),
            "timeout": ("duration", "How long an outgoing call may take", None, {"min": timedelta(seconds=1)}),
        },
    ),
}

_KINDS: Mapping[str, type[Any]] = {
    item.name: kind
    for item in fields(Settings)
    for kind in [type(item.default)]
    if item.name in SECTIONS
}
_PLUGINS_ENV = Setting("enabled", "list", help="Plugins that run; every installed one when absent")
_KNOWN_ENV = {key.env for keys in SECTIONS.values() for key in keys if key.env} | {
    "TENON_SETTINGS",
    "TENON_PLUGINS",
}


def load_settings(path: Path | str | None = None, env: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of a deployment.

    The file is ``path``, else ``$TENON_SETTINGS``, else ``./tenon.toml``; without any of
    them the defaults are those of a demo (both modes, every installed plugin,
    ``access = "open"``). ``env`` is the process's environment unless given. Raises
    :class:`~tenon.errors.SettingsError` with every problem there is.
    """
    env = os.environ if env is None else env
    file, root = _read(path, env)
    return _Reading(file, root, env).settings()


def _read(path: Path | str | None, env: Mapping[str, str]) -> tuple[TomlFile | None, Path]:
    named = path or env.get("TENON_SETTINGS")
    found = Path(named) if named else Path(FILE)
    if not named and not found.exists():
        return None, Path.cwd()
    try:
        return read_toml(found, found.name), found.resolve().parent
    except TomlError as error:
        at = f", line {error.line}" if error.line else ""
        raise SettingsError(
            f"The settings file {found}{at} is not TOML: {error}",
            hint="Mend the syntax; https://toml.io has the rules.",
        ) from error
    except OSError as error:
        raise SettingsError(
            f"The settings file {found} cannot be read: {error.strerror or error}",
            hint="Give another with --settings or $TENON_SETTINGS, or run `tenon init` to write one.",
        ) from error


class _Reading:
    """One pass over file and environment that gathers every problem."""

    def __init__(self, file: TomlFile | None, root: Path, env: Mapping[str, str]) -> None:
        self.file = file
        self.data: dict[str, Any] = file.data if file else {}
        self.root = root
        self.env = env
        self.problems: list[Problem] = []

    def settings(self) -> Settings:
        self._unknown_sections()
        self._unknown_environment()
        values = {name: self._section(name) for name in SECTIONS}
        plugins = self._plugins()
        self._sense(values)
        if self.problems:
            raise SettingsError(self._headline(), hint="Every key is described in docs/reference/settings.md.", problems=self.problems)
        return self._assemble(values, plugins)

    def _headline(self) -> str:
        count = len(self.problems)
        name = self.file.name if self.file else "the environment"
        return f"The settings in {name} have {count} problem{'s' if count > 1 else ''}"

    def _problem(self, code: str, detail: str) -> None:
        self.problems.append(Problem("", code, detail))

    def _at(self, *keys: str) -> str:
        line = self.file.line(*keys) if self.file else None
        return f", line {line}" if line else ""

    def _unknown_sections(self) -> None:
        known = {*SECTIONS, "plugins", *(key.setting.key for key in _TOP)} - {""}
        for name in self.data:
            if name not in known:
                meant = did_you_mean(name, known)
                self._problem("unknown-key", f"unknown key {name!r}{self._at(name)}{meant or _known(known)}")

    def _unknown_environment(self) -> None:
        # Other programs may own TENON_… variables: only a near miss is a mistake.
        for name in sorted(self.env):
            if name.startswith("TENON_") and name not in _KNOWN_ENV and not name.startswith("TENON_PLUGINS__"):
                meant = nearest(name[6:], [known[6:] for known in _KNOWN_ENV], cutoff=0.8)
                if meant:
                    self._problem("unknown-key", f"unknown environment variable {name}: did you mean TENON_{meant}?")

    def _section(self, name: str) -> dict[str, Any]:
        table = self.data.get(name, {}) if name else self.data
        if not isinstance(table, dict):
            self._problem("wrong-type", f"[{name}]{self._at(name)} must be a table, not {shown(table)}")
            return {}
        keys = {key.setting.key: key for key in SECTIONS[name]}
        if name:
            self._unknown_keys(name, table, keys)
        return {key: self._value(name, found, table) for key, found in keys.items()}

    def _unknown_keys(self, section: str, table: Mapping[str, Any], known: Mapping[str, Any]) -> None:
        for key in table:
            if key not in known:
                meant = did_you_mean(key, known) or _known(known)
                self._problem("unknown-key", f"unknown key {key!r} in [{section}]{self._at(section, key)}{meant}")

    def _value(self, section: str, key: Key, table: Mapping[str, Any]) -> Any:
        setting = key.setting
        if key.env and key.env in self.env:
            return self._typed(setting, self.env[key.env], f"${key.env}")
        if setting.key not in table:
            return self._default(section, setting)
        path = (section, setting.key) if section else (setting.key,)
        place = f"{setting.key!r}{f' in [{section}]' if section else ''}{self._at(*path)}"
        return self._typed(setting, table[setting.key], place)

    def _default(self, section: str, setting: Setting) -> Any:
        # Without any file this is somebody trying Tenon out, so nothing stands in the way.
        if not section and setting.key == "access" and self.file is None:
            return "open"
        return setting.default

    def _typed(self, setting: Setting, raw: Any, place: str) -> Any:
        try:
            return typed(setting, raw)
        except ValueError as error:
            given = "a value that is not shown" if setting.secret else shown(raw)
            meant = did_you_mean(raw, setting.choices) if isinstance(raw, str) else ""
            self._problem("wrong-value", f"{place} must be {error}, not {given}{meant}")
            return setting.default

    def _plugins(self) -> PluginChoice:
        table = self.data.get("plugins", {})
        if not isinstance(table, dict):
            self._problem("wrong-type", f"[plugins]{self._at('plugins')} must be a table")
            return PluginChoice()
        return PluginChoice(self._enabled(table), MappingProxyType(self._tables(table)))

    def _enabled(self, table: Mapping[str, Any]) -> tuple[str, ...] | None:
        if "TENON_PLUGINS" in self.env:
            enabled = self._typed(_PLUGINS_ENV, self.env["TENON_PLUGINS"], "$TENON_PLUGINS")
        elif "enabled" in table:
            place = f"'enabled' in [plugins]{self._at('plugins', 'enabled')}"
            enabled = self._typed(_PLUGINS_ENV, table["enabled"], place)
        else:
            return None
        return tuple(dict.fromkeys(enabled or ()))

    def _tables(self, table: Mapping[str, Any]) -> dict[str, PluginTable]:
        overrides = self._plugin_environment()
        tables = {}
        for name in sorted({*table, *overrides} - {"enabled"}):
            own = table.get(name, {})
            if not isinstance(own, dict):
                meant = did_you_mean(name, ["enabled"])
                self._problem("wrong-type", f"{name!r} in [plugins]{self._at('plugins', name)} must be a table [plugins.{name}]{meant}")
                continue
            tables[name] = self._plugin_table(name, {**own, **overrides.get(name, {})})
        return tables

    def _plugin_table(self, name: str, own: dict[str, Any]) -> PluginTable:
        on_error = own.pop("on_error", "fail")
        if on_error not in ON_ERROR:
            place = f"'on_error' in [plugins.{name}]{self._at('plugins', name, 'on_error')}"
            meant = did_you_mean(str(on_error), ON_ERROR)
            self._problem("wrong-value", f"{place} must be one of {', '.join(ON_ERROR)}, not {shown(on_error)}{meant}")
            on_error = "fail"
        return PluginTable(MappingProxyType(own), on_error)

    def _plugin_environment(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for name, value in self.env.items():
            parts = name.split("__")
            if parts[0] == "TENON_PLUGINS" and len(parts) == 3:
                found.setdefault(parts[1].lower(), {})[parts[2].lower()] = value
        return found

    def _sense(self, values: Mapping[str, dict[str, Any]]) -> None:
        """What types alone cannot say."""
        for place, bad, expected in _senseless(values):
            keys = place.split(".")
            where = f"{keys[-1]!r}{f' in [{keys[0]}]' if len(keys) > 1 else ''}{self._at(*keys)}"
            self._problem("wrong-value", f"{where} must be {expected}{bad}")

    def _assemble(self, values: Mapping[str, dict[str, Any]], plugins: PluginChoice) -> Settings:
        top = values[""]
        var = self.root / top["var"]
        sections = {name: kind(**values[name]) for name, kind in _KINDS.items()}
        url = _absolute_sqlite(sections["database"].url, self.root)
        return Settings(
            modes=frozenset(top["modes"]),
            access=top["access"],
            var=var,
            name=top["name"],
            plugins=plugins,
            secret=SecretKey(top["secret_key"], var / "secret"),
            root=self.root,
            file=self.file,
            **{**sections, "database": replace(sections["database"], url=url)},
        )


def _known(names: Iterator[str] | Any) -> str:
    return f"; the keys here are {listed(names)}"


def _senseless(values: Mapping[str, dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    top, locale, limits = values[""], values.get("locale", {}), values.get("limits", {})
    if not top["modes"]:
        yield "modes", "", f"at least one of {', '.join(MODES)}"
    if top["secret_key"] is not None and len(top["secret_key"]) < 16:
        yield "secret_key", "", "16 characters or longer, or left out"
    yield from _senseless_locale(locale)
    if limits and limits["page_size"] > limits["max_page_size"]:
        yield "limits.page_size", f" ({limits['max_page_size']})", "at most max_page_size"
    url = values.get("database", {}).get("url", "")
    if url and not re.match(r"^(sqlite|postgresql)(\+\w+)?://", url):
        yield "database.url", "", "a URL that begins with sqlite:// or postgresql://"


def _senseless_locale(locale: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    if not locale:
        return
    for tag in locale["locales"]:
        if not _LOCALE.match(tag):
            yield "locale.locales", f", not {tag!r}", "tags such as en, zh-Hans or pt-BR"
    if locale["default"] not in locale["locales"]:
        yield "locale.default", f", not {locale['default']!r}", f"one of the locales {listed(locale['locales'])}"
    if not _CURRENCY.match(locale["currency"]):
        yield "locale.currency", f", not {locale['currency']!r}", "an ISO 4217 code such as EUR"
    if not _is_timezone(locale["timezone"]):
        yield "locale.timezone", f", not {locale['timezone']!r}", "an IANA name such as Europe/Berlin"


def _is_timezone(name: str) -> bool:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _absolute_sqlite(url: str, root: Path) -> str:
    """A relative SQLite file is beside the settings, wherever the process was started."""
    found = re.match(r"^(sqlite(?:\+\w+)?:///)(?!/|:memory:|file:)([^?]+)(.*)$", url)
    return f"{found[1]}{root / found[2]}{found[3]}" if found else url
