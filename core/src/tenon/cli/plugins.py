"""``tenon plugins``: what is installed, what it adds, what is wrong, and where things come from.

None of these commands needs a database; ``list`` does not even import a plugin.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from ..errors import ConfigError
from ..messages import _
from ..nearest import did_you_mean
from ..plugin import hookspecs
from ..plugin.hooks import CONTRIBUTION_HOOKS, SPECS
from ..plugin.loaded import LoadedPlugin, LoadedPlugins
from ..plugin.loader import load_plugins
from ..plugin.overview import PluginState, overview
from ..plugin.places import PLACES
from ..plugin.report import PluginsError, format_problems
from ..settings import Settings, load_settings
from ..settings.setting import shown
from .columns import echo_columns

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


@click.group()
def plugins() -> None:
    """Plugins: list, show, check, and where things come from."""


@plugins.command("list")
@AS_JSON
def list_plugins(as_json: bool) -> None:
    """List every installed plugin, in load order; nothing of them is run."""
    states = overview(_settings())
    if as_json:
        _json([state.data() for state in states])
        return
    heading = ("NAME", "VERSION", "STATUS", "MODES", "WHAT IT IS")
    _table(heading, (_row(state) for state in states))


def _row(state: PluginState) -> tuple[str, ...]:
    manifest = state.candidate.manifest
    modes = ", ".join(sorted(manifest.modes)) if manifest and manifest.modes else "every"
    about = state.reason or (manifest.summary if manifest else "")
    return state.name, state.candidate.version, state.status, modes, about


@plugins.command()
@click.argument("name")
@AS_JSON
def show(name: str, as_json: bool) -> None:
    """Show what plugin NAME is, needs, is set to, and adds."""
    settings = _settings()
    states = {state.name: state for state in overview(settings)}
    if name not in states:
        raise click.ClickException(
            _("No plugin %(name)s is installed%(meant)s", name=repr(name), meant=did_you_mean(name, states))
        )
    loaded, trouble = _load(settings)
    data = _about(states[name], loaded, trouble)
    if as_json:
        _json(data)
        return
    for heading, value in data.items():
        _section(heading, value)


def _load(settings: Settings) -> tuple[LoadedPlugins | None, str]:
    try:
        return load_plugins(settings), ""
    except PluginsError as error:
        return None, str(error.message)


def _about(state: PluginState, loaded: LoadedPlugins | None, trouble: str) -> dict[str, Any]:
    data = state.data()
    plugin = loaded.get(state.name) if loaded else None
    if loaded and plugin:
        data["settings"] = dict(_shown_settings(plugin))
        data["hooks"] = [f"{i.hook} ({i.line})" for i in plugin.hooks]
        data["contributions"] = list(_contributed(loaded, plugin))
        data["left_out"] = [
            f"{type(o.given.contribution).__name__} {o.given.key}: {o.reason}"
            for o in loaded.left_out
            if o.given.plugin == state.name
        ]
    elif trouble and state.status == "on":
        data["contributions"] = [f"{trouble}; see `tenon plugins check`"]
    return data


def _shown_settings(plugin: LoadedPlugin) -> Iterator[tuple[str, str]]:
    for key, setting in plugin.manifest.settings.items():
        value = plugin.settings[key]
        if value is None:
            yield key, "not set"
        else:
            yield key, "a secret that is not shown" if setting.secret else shown(value)


def _contributed(loaded: LoadedPlugins, plugin: LoadedPlugin) -> Iterator[str]:
    for given in loaded.world.given:
        if given.plugin == plugin.name:
            modes = ", ".join(sorted(given.contribution.modes))
            tail = f" [{modes}]" if modes else ""
            yield f"{type(given.contribution).__name__} {given.key} ({given.line}){tail}"


def _section(heading: str, value: Any) -> None:
    title = heading.replace("_", " ").capitalize()
    if isinstance(value, dict):
        value = [f"{key} = {inner}" for key, inner in value.items()]
    if isinstance(value, list):
        lines = [item if isinstance(item, str) else item["what"] for item in value]
        if lines:
            click.echo(f"{title}:")
        for line in lines:
            click.echo(f"  {line}")
    elif value not in ("", None):
        click.echo(f"{title}: {_yes_or_no(value)}")


def _yes_or_no(value: Any) -> Any:
    return ("yes" if value else "no") if isinstance(value, bool) else value


@plugins.command()
def check() -> None:
    """Load the plugins as a start would, and report every problem; exits 1 where there is one."""
    try:
        loaded = load_plugins(load_settings(_settings_file()))
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    names = ", ".join(plugin.name for plugin in loaded.order)
    click.echo(_("%(count)d plugins fit together: %(names)s", count=len(loaded.order), names=names))
    if loaded.problems:
        click.echo(_("In quarantine:"))
        click.echo(format_problems(loaded.problems))


@plugins.command()
@click.argument("thing")
def why(thing: str) -> None:
    """Say where THING comes from: plugin, file and line, and the setting that switches it.

    THING is a plugin, an entity (account), a field (account.industry), a pipeline, a stage
    (new_business.proposal), a hook, a place of slots (record.panel), or the key of a permission,
    job or any other contribution.
    """
    loaded = load_plugins(_settings())
    found = loaded.why(thing)
    if not found:
        known = {given.key for given in loaded.world.given} | set(SPECS) | set(PLACES)
        raise click.ClickException(
            _("No plugin gives %(thing)s%(meant)s", thing=repr(thing), meant=did_you_mean(thing, known))
        )
    for origin in found:
        owner = f"{origin.plugin} ({origin.distribution})" if origin.distribution else origin.plugin
        click.echo(f"{origin.thing}: {origin.kind} of {owner}")
        click.echo(f"  at {origin.where}")
        for label, text in (("switched by", origin.setting), ("note", origin.note)):
            if text:
                click.echo(f"  {label}: {text}")


@plugins.command()
def slots() -> None:
    """List the places where plugins can show something, and what is shown there."""
    loaded, _trouble = _load(_settings())
    given = loaded.world.given if loaded else ()
    rows = []
    for place in PLACES.values():
        here = [f"{g.plugin}.{g.key}" for g in given if getattr(g.contribution, "place", "") == place.name]
        rows.append((place.name, place.where, place.returns, ", ".join(here)))
    _table(("PLACE", "WHERE", "RENDER RETURNS", "FILLED BY"), rows)


@plugins.command()
def hooks() -> None:
    """List the hooks that a plugin can implement, and who does."""
    loaded, _trouble = _load(_settings())
    order = loaded.order if loaded else ()
    rows = []
    for name, arguments in SPECS.items():
        users = [plugin.name for plugin in order if any(i.hook == name for i in plugin.hooks)]
        gives = CONTRIBUTION_HOOKS[name].__name__ if name in CONTRIBUTION_HOOKS else ""
        about = (getattr(hookspecs, name).__doc__ or "").strip().partition("\n")[0]
        rows.append((f"{name}({', '.join(arguments)})", gives, about, ", ".join(users)))
    _table(("HOOK", "GIVES", "WHAT FOR", "IMPLEMENTED BY"), rows)


def _settings_file() -> str | None:
    # The outermost command takes --settings for all.
    found: str | None = click.get_current_context().find_root().params.get("settings")
    return found


def _settings() -> Settings:
    return load_settings(_settings_file())


def _json(data: Any) -> None:
    click.echo(json.dumps(data, indent=2, sort_keys=False))


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A drawn table on a terminal, bare columns in a pipe."""
    if not sys.stdout.isatty():
        echo_columns(heading, rows)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in heading:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
