"""``tenon access``: who may do what, by the commands of whatever plugin decides it."""

from __future__ import annotations

import click

from ..messages import _
from .context import Deployment
from .contributed import commands_of_group


class AccessGroup(click.Group):
    """A group whose commands plugins contribute with ``group="access"``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_found(ctx))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return _found(ctx).get(cmd_name)


def _found(ctx: click.Context) -> dict[str, click.Command]:
    """The commands by name; a sentence that says what to enable where there are none."""
    deployment: Deployment = ctx.find_root().obj
    found = commands_of_group(deployment, "access")
    if not found:
        raise click.ClickException(
            _(
                'No plugin decides here who may do what (the settings have access = "%(access)s"). '
                'Install and enable one, such as permissions, set access = "policy" in tenon.toml, '
                "then: tenon access init",
                access=deployment.settings.access,
            )
        )
    return found


@click.group(cls=AccessGroup)
def access() -> None:
    """Who may do what, why, and what would change."""
