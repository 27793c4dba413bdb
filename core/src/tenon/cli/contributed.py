"""Commands that plugins bring, as ``tenon PLUGIN COMMAND`` or in a group of the kernel's."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import click

from ..messages import _

if TYPE_CHECKING:
    from .context import Deployment


def plugin_group(deployment: Deployment, name: str) -> click.Group | None:
    """The commands of the plugin ``name``; ``None`` where no plugin is called so.

    Only for an installed plugin are the settings read and the plugins loaded.
    """
    if name not in entry_points(group="tenon.plugins").names:
        return None
    plugin = deployment.plugins.get(name)
    if plugin is None:
        raise click.ClickException(
            _(
                "The plugin %(name)s is installed, but does not run in this deployment. "
                "To see why: tenon plugins why %(name)s",
                name=name,
            )
        )
    group = click.Group(name, help=plugin.manifest.summary)
    for command in _commands(deployment, name):
        group.add_command(command)
    if not group.commands:
        raise click.ClickException(_("The plugin %(name)s brings no commands.", name=name))
    return group


def _commands(deployment: Deployment, name: str) -> list[click.Command]:
    from ..plugin.contributions import Command

    given = deployment.plugins.contributions(Command)
    return [
        contribution.command for plugin, contribution in given if plugin == name and not contribution.group
    ]


def commands_of_group(deployment: Deployment, group: str) -> dict[str, click.Command]:
    """The commands that plugins contribute for a group of the kernel's, by name."""
    from ..plugin.contributions import Command

    given = deployment.plugins.contributions(Command)
    return {c.command.name: c.command for _plugin, c in given if c.group == group}
