"""Read a settings file and the environment, and tell everything that is wrong with them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..errors import Problem, SettingsError
from ..nearest import did_you_mean, listed, nearest
from .keys import ENABLED, ENVIRONMENT, KINDS, SECTIONS, Key
from .model import FILE, MODES, ON_ERROR, PluginChoice, PluginTable, Settings
from .providers import PREFIX, read_providers
from .secret import SecretKey
from .setting import Setting, shown, typed
from .tomlfile import TomlError, TomlFile, read_toml

_LOCALE = re.compile(r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$")
_CURRENCY = re.compile(r"^[A-Z]{3}$")


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
        oidc = read_providers(self.data.get("oidc", {}), self.env, self._at, self._typed, self._problem)
        self._sense(values)
        if self.problems:
            raise SettingsError(
                self._headline(),
                hint="Every key is described in docs/reference/settings.md.",
                problems=self.problems,
            )
        return replace(self._assemble(values, plugins), oidc=MappingProxyType(oidc))

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
        known = {*SECTIONS, "plugins", "pipelines", "oidc", *(key.setting.key for key in SECTIONS[""])} - {""}
        for name in self.data:
            if name not in known:
                meant = did_you_mean(name, known)
                self._problem("unknown-key", f"unknown key {name!r}{self._at(name)}{meant or _known(known)}")

    def _unknown_environment(self) -> None:
        # Other programs may own TENON_… variables: only a near miss is a mistake.
        for name in sorted(self.env):
            if (
                name.startswith("TENON_")
                and name not in ENVIRONMENT
                and not name.startswith(("TENON_PLUGINS__", PREFIX))
            ):
                meant = nearest(name[6:], [known[6:] for known in ENVIRONMENT], cutoff=0.8)
                if meant:
                    self._problem(
                        "unknown-key", f"unknown environment variable {name}: did you mean TENON_{meant}?"
                    )

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
        # A key may be right elsewhere: the name of a section is the second guess.
        for key in table:
            if key not in known:
                meant = did_you_mean(key, known) or did_you_mean(key, SECTIONS) or _known(known)
                self._problem(
                    "unknown-key", f"unknown key {key!r} in [{section}]{self._at(section, key)}{meant}"
                )

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

    def _pipelines(self) -> Mapping[str, Any]:
        table = self.data.get("pipelines", {})
        if isinstance(table, Mapping):
            return table
        self._problem("wrong-type", f"[pipelines]{self._at('pipelines')} must be a table")
        return {}

    def _plugins(self) -> PluginChoice:
        table = self.data.get("plugins", {})
        if not isinstance(table, dict):
            self._problem("wrong-type", f"[plugins]{self._at('plugins')} must be a table")
            return PluginChoice()
        return PluginChoice(self._enabled(table), MappingProxyType(self._tables(table)))

    def _enabled(self, table: Mapping[str, Any]) -> tuple[str, ...] | None:
        if "TENON_PLUGINS" in self.env:
            enabled = self._typed(ENABLED, self.env["TENON_PLUGINS"], "$TENON_PLUGINS")
        elif "enabled" in table:
            place = f"'enabled' in [plugins]{self._at('plugins', 'enabled')}"
            enabled = self._typed(ENABLED, table["enabled"], place)
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
                place = f"{name!r} in [plugins]{self._at('plugins', name)}"
                self._problem("wrong-type", f"{place} must be a table [plugins.{name}]{meant}")
                continue
            tables[name] = self._plugin_table(name, {**own, **overrides.get(name, {})})
        return tables

    def _plugin_table(self, name: str, own: dict[str, Any]) -> PluginTable:
        on_error = own.pop("on_error", "fail")
        if on_error not in ON_ERROR:
            place = f"'on_error' in [plugins.{name}]{self._at('plugins', name, 'on_error')}"
            meant = did_you_mean(str(on_error), ON_ERROR)
            self._problem(
                "wrong-value", f"{place} must be one of {', '.join(ON_ERROR)}, not {shown(on_error)}{meant}"
            )
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
        sections = {name: kind(**values[name]) for name, kind in KINDS.items()}
        url = _absolute_sqlite(sections["database"].url, self.root)
        return Settings(
            modes=frozenset(top["modes"]),
            access=top["access"],
            access_net=top["access_net"],
            var=var,
            name=top["name"],
            plugins=plugins,
            pipelines=self._pipelines(),
            secret=SecretKey(top["secret_key"], var / "secret"),
            root=self.root,
            file=self.file,
            **{**sections, "database": replace(sections["database"], url=url)},
        )


def _known(names: Iterable[str]) -> str:
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
        yield (
            "locale.default",
            f", not {locale['default']!r}",
            f"one of the locales {listed(locale['locales'])}",
        )
    if not _CURRENCY.match(locale["currency"]):
        yield "locale.currency", f", not {locale['currency']!r}", "an ISO 4217 code such as EUR"
    if not _is_timezone(locale["timezone"]):
        yield "locale.timezone", f", not {locale['timezone']!r}", "an IANA name such as Europe/Berlin"


def _is_timezone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _absolute_sqlite(url: str, root: Path) -> str:
    """A relative SQLite file is beside the settings, wherever the process was started."""
    found = re.match(r"^(sqlite(?:\+\w+)?:///)(?!/|:memory:|file:)([^?]+)(.*)$", url)
    return f"{found[1]}{root / found[2]}{found[3]}" if found else url
