"""A plugin's table in the settings file, checked and typed by its manifest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..nearest import did_you_mean, listed
from ..settings.setting import Setting, shown, typed
from .discovery import Candidate
from .report import Code, PluginProblem

if TYPE_CHECKING:
    from ..settings import Settings


def typed_options(candidate: Candidate, settings: Settings) -> tuple[dict[str, Any], list[PluginProblem]]:
    """The plugin's settings with defaults filled in, and what is wrong with them."""
    schema = candidate.manifest.settings if candidate.manifest else {}
    raw = settings.plugins.table(candidate.name).values
    problems = list(_unknown(candidate, schema, raw, settings))
    values: dict[str, Any] = {}
    for key, setting in schema.items():
        try:
            values[key] = typed(setting, raw[key]) if key in raw else _default(setting)
        except ValueError as error:
            problems.append(_wrong(candidate, setting, raw.get(key), str(error), settings))
    return values, problems


def _default(setting: Setting) -> Any:
    if setting.required:
        raise ValueError(_kind(setting))
    return setting.default


def _kind(setting: Setting) -> str:
    return f"one of {', '.join(setting.choices)}" if setting.choices else f"a value of type {setting.type}"


def _unknown(
    candidate: Candidate, schema: Mapping[str, Setting], raw: Mapping[str, Any], settings: Settings
) -> Iterator[PluginProblem]:
    for key in sorted(set(raw) - set(schema)):
        known = [*schema, "on_error"]
        yield candidate.problem(
            Code.SETTINGS_INVALID,
            settings.where("plugins", candidate.name, key),
            f"Unknown key {key!r} in [plugins.{candidate.name}]{did_you_mean(key, known)}",
            f"one of {listed(known)}",
            "Rename the key, or take it out.",
        )


def _wrong(
    candidate: Candidate, setting: Setting, raw: Any, expected: str, settings: Settings
) -> PluginProblem:
    table = f"[plugins.{candidate.name}]"
    if raw is None:
        what = f"The required key {setting.key!r} is missing from {table}"
        hint = f"Add {setting.key} = … to {table}.{f' {setting.help}' if setting.help else ''}"
    else:
        given = "a value that is not shown" if setting.secret else shown(raw)
        what = f"The key {setting.key!r} in {table} is {given}"
        hint = f"Change the value of {setting.key!r}."
    return candidate.problem(
        Code.SETTINGS_INVALID, settings.where("plugins", candidate.name, setting.key), what, expected, hint
    )
