"""``plugin.toml``: what a plugin says about itself before any of its code runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from ..nearest import did_you_mean, listed
from ..settings import MODES
from ..settings.setting import SETTING_TYPES, Setting, shown, typed
from ..settings.tomlfile import TomlError, TomlFile, read_toml

API = 1
FILE = "plugin.toml"
KEYS = (
    "name",
    "api",
    "version",
    "summary",
    "kernel",
    "requires",
    "optional",
    "conflicts",
    "modes",
    "models",
    "migrations",
    "settings",
)

_NAME = re.compile(r"^[a-z][a-z0-9_]{1,39}$")
_RESERVED = frozenset({"enabled", "tenon", "custom", "ext"})
_SETTING_KEYS = ("type", "default", "required", "choices", "min", "max", "help", "secret")


@dataclass(frozen=True)
class Flaw:
    """Something wrong with a manifest, and where."""

    where: str
    what: str
    expected: str = ""
    hint: str = "Correct that line of the manifest."


@dataclass(frozen=True)
class Manifest:
    """A checked manifest. ``file`` knows the line of every key.

    ``requires`` maps plugin names to version specifiers, ``modes`` is empty for
    every mode, ``models`` are modules (a leading dot is relative to the plugin's
    package), ``migrations`` is a folder of that package.
    """

    name: str
    api: int = API
    version: str | None = None
    summary: str = ""
    kernel: str = ""
    requires: Mapping[str, str] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    modes: frozenset[str] = frozenset()
    models: tuple[str, ...] = ()
    migrations: str = "migrations"
    settings: Mapping[str, Setting] = field(default_factory=dict)
    file: TomlFile = field(default_factory=lambda: TomlFile(FILE, {}), repr=False, compare=False)

    def where(self, *keys: str) -> str:
        return self.file.where(*keys)


def read_manifest(path: Path, display: str) -> tuple[Manifest | None, list[Flaw]]:
    """Read and check ``path``. ``display`` is what messages call the file.

    Gives the manifest, or every flaw there is.
    """
    try:
        file = read_toml(path, display)
    except TomlError as error:
        where = f"{display}:{error.line}" if error.line else display
        return None, [
            Flaw(
                where,
                f"The manifest is not TOML: {error}",
                "TOML as https://toml.io has it",
            )
        ]
    except OSError as error:
        return None, [
            Flaw(display, f"The manifest cannot be read: {error.strerror or error}", "a readable file")
        ]
    reading = _Reading(file)
    manifest = reading.manifest()
    return (None, reading.flaws) if reading.flaws else (manifest, [])


class _Reading:
    def __init__(self, file: TomlFile) -> None:
        self.file = file
        self.data = file.data
        self.flaws: list[Flaw] = []

    def manifest(self) -> Manifest:
        self._unknown(self.data, KEYS)
        return Manifest(
            name=self._name(),
            api=self._api(),
            version=self._version(),
            summary=self._text("summary") or "",
            kernel=self._kernel(),
            requires=MappingProxyType(self._requires()),
            optional=self._names("optional"),
            conflicts=self._names("conflicts"),
            modes=self._modes(),
            models=self._models(),
            migrations=self._text("migrations") or "migrations",
            settings=MappingProxyType(self._settings()),
            file=self.file,
        )

    def _flaw(self, keys: tuple[str, ...], what: str, expected: str, *hint: str) -> None:
        self.flaws.append(Flaw(self.file.where(*keys), what, expected, *hint))

    def _unknown(self, table: Mapping[str, Any], known: tuple[str, ...], *path: str) -> None:
        place = f" in [{'.'.join(path)}]" if path else ""
        for key in table:
            if key not in known:
                what = f"Unknown key {key!r}{place}{did_you_mean(key, known)}"
                self._flaw(
                    (*path, key), what, f"one of {listed(known, 20)}", "Rename the key, or take it out."
                )

    def _name(self) -> str:
        name = self.data.get("name")
        if not isinstance(name, str) or not _NAME.match(name):
            self._flaw(
                ("name",),
                f"The manifest's name is {_given(name)}",
                'lower case letters, digits and _, as in name = "b2b_accounts"',
            )
            return ""
        if name in _RESERVED:
            self._flaw(("name",), f"The name {name!r} is taken by the kernel", f"any but {listed(_RESERVED)}")
        return name

    def _api(self) -> int:
        api = self.data.get("api")
        if isinstance(api, bool) or not isinstance(api, int):
            self._flaw(("api",), f"The manifest's api is {_given(api)}", f"a whole number, as in api = {API}")
            return API
        return api

    def _version(self) -> str | None:
        version = self._text("version")
        if version is not None:
            try:
                Version(version)
            except InvalidVersion:
                self._flaw(
                    ("version",), f"The version {version!r} is not a version", 'as in version = "1.2.0"'
                )
        return version

    def _kernel(self) -> str:
        floor = self._text("kernel") or ""
        if floor and not re.match(r"^>=\s*\d[\w.]*$", floor):
            what = f"The kernel version {floor!r} is not a floor"
            self._flaw(
                ("kernel",),
                what,
                'a floor alone, as in kernel = ">=0.1"',
                "A cap would break patch upgrades; `api` says what fits.",
            )
            return ""
        return floor

    def _requires(self) -> dict[str, str]:
        table = self.data.get("requires", {})
        if not isinstance(table, dict):
            self._flaw(
                ("requires",),
                f"'requires' is {_given(table)}",
                'a table, as in requires = { b2b_accounts = ">=1.0" }',
            )
            return {}
        return {name: self._specifier(name, spec) for name, spec in sorted(table.items())}

    def _specifier(self, name: str, spec: Any) -> str:
        expected = f'a version specifier, as in {name} = ">=1.0", or "*"'
        if not isinstance(spec, str):
            self._flaw(("requires", name), f"The version of {name!r} is {_given(spec)}", expected)
            return ""
        if spec.strip() in ("", "*"):
            return ""
        try:
            SpecifierSet(spec)
        except InvalidSpecifier:
            self._flaw(("requires", name), f"The version of {name!r} is {_given(spec)}", expected)
        return spec

    def _names(self, key: str) -> tuple[str, ...]:
        value = self.data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self._flaw(
                (key,), f"{key!r} is {_given(value)}", f'a list of plugin names, as in {key} = ["erp_bridge"]'
            )
            return ()
        return tuple(sorted(set(value)))

    def _modes(self) -> frozenset[str]:
        modes = self._names("modes")
        for mode in modes:
            if mode not in MODES:
                self._flaw(
                    ("modes",),
                    f"Unknown mode {mode!r}{did_you_mean(mode, MODES)}",
                    f"one or more of {listed(MODES)}",
                )
        return frozenset(modes)

    def _models(self) -> tuple[str, ...]:
        value = self.data.get("models", [])
        modules = [value] if isinstance(value, str) else value
        if not isinstance(modules, list) or not all(isinstance(item, str) and item for item in modules):
            self._flaw(
                ("models",),
                f"'models' is {_given(value)}",
                'a module or a list of them, as in models = ".models"',
            )
            return ()
        return tuple(modules)

    def _text(self, key: str) -> str | None:
        value = self.data.get(key)
        if value is not None and not isinstance(value, str):
            self._flaw((key,), f"{key!r} is {_given(value)}", "a text in quotes")
            return None
        return value

    def _settings(self) -> dict[str, Setting]:
        table = self.data.get("settings", {})
        if not isinstance(table, dict):
            self._flaw(
                ("settings",),
                f"'settings' is {_given(table)}",
                "a table of settings, each a table with a type",
            )
            return {}
        return {key: found for key, raw in table.items() for found in self._setting(key, raw)}

    def _setting(self, key: str, raw: Any) -> Iterator[Setting]:
        path = ("settings", key)
        if not isinstance(raw, dict):
            self._flaw(
                path, f"The setting {key!r} is {_given(raw)}", f'a table, as in {key} = {{ type = "string" }}'
            )
            return
        if key == "on_error":
            self._flaw(path, "The setting 'on_error' is the kernel's own", "another name")
            return
        self._unknown(raw, _SETTING_KEYS, *path)
        kind = raw.get("type", "string")
        if kind not in SETTING_TYPES:
            meant = did_you_mean(str(kind), SETTING_TYPES)
            self._flaw(
                (*path, "type"),
                f"The setting {key!r} has the unknown type {kind!r}{meant}",
                f"one of {listed(SETTING_TYPES)}",
            )
            return
        if kind == "choice" and not raw.get("choices"):
            self._flaw(path, f"The setting {key!r} is a choice without choices", 'choices = ["a", "b"]')
            return
        yield self._bounded(path, key, kind, raw)

    def _bounded(self, path: tuple[str, ...], key: str, kind: str, raw: Mapping[str, Any]) -> Setting:
        bare = Setting(key, kind, choices=tuple(raw.get("choices", ())))
        values = {name: self._typed(bare, path, name, raw[name]) for name in ("min", "max") if name in raw}
        bounded = Setting(
            key,
            kind,
            required=bool(raw.get("required", False)),
            choices=bare.choices,
            min=values.get("min"),
            max=values.get("max"),
            help=str(raw.get("help", "")),
            secret=bool(raw.get("secret", False)),
        )
        default = self._typed(bounded, path, "default", raw["default"]) if "default" in raw else None
        return replace(bounded, default=default)

    def _typed(self, setting: Setting, path: tuple[str, ...], name: str, raw: Any) -> Any:
        try:
            return typed(setting, raw)
        except ValueError as error:
            self._flaw(
                (*path, name), f"The {name} of the setting {setting.key!r} is {_given(raw)}", str(error)
            )
            return None


def _given(value: Any) -> str:
    return "missing" if value is None else shown(value)
