"""How a command gets at the deployment.

``ctx.obj`` of the outermost command is a :class:`Deployment`, which reads, loads and composes
only what is asked of it, so that ``--help`` and commands that need no database stay quick.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import click

if TYPE_CHECKING:
    from ..app import Tenon
    from ..plugin.loaded import LoadedPlugins
    from ..settings import Settings

P = ParamSpec("P")
R = TypeVar("R")


class Deployment:
    """The deployment a command is about; calling it composes the whole.

    ``file`` is the settings file that ``--settings`` named. Everything is made once.
    ``drafting`` lets plugins lack migrations, for the command that writes them.
    """

    drafting = False

    def __init__(self, file: str | None = None) -> None:
        self.file = file

    @cached_property
    def settings(self) -> Settings:
        """What the settings file and the environment say."""
        from ..settings import load_settings

        return load_settings(self.file)

    @cached_property
    def plugins(self) -> LoadedPlugins:
        """The plugins that the settings want, loaded; no database is needed."""
        from ..plugin.loader import load_plugins

        return load_plugins(self.settings, drafting=self.drafting)

    @cached_property
    def tenon(self) -> Tenon:
        """Every room, composed, without faces."""
        import structlog

        from ..app import create_tenon
        from ..requestlog import configure_logging

        if not structlog.is_configured():
            configure_logging()
        return create_tenon(self.settings, plugins=self.plugins)

    def __call__(self) -> Tenon:
        return self.tenon


def pass_deployment(command: Callable[Concatenate[Deployment, P], R]) -> Callable[P, R]:
    """Hand the deployment, nothing of it composed yet, to a command as its first argument."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        deployment: Deployment = click.get_current_context().obj
        return command(deployment, *args, **kwargs)

    return run


def pass_tenon(command: Callable[Concatenate[Tenon, P], R]) -> Callable[P, R]:
    """Hand the composed deployment to a command as its first argument."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        compose: Callable[[], Tenon] = click.get_current_context().obj
        return command(compose(), *args, **kwargs)

    return run
