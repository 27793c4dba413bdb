"""The outermost group: imports a command when it is called, and tells errors as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import IO, Any

import click

from ..errors import TenonError
from ..messages import _
from ..nearest import did_you_mean
from .context import Deployment


class Failure(click.ClickException):
    """An error of ours on its way to the terminal: what was wrong, and what to do."""

    exit_code = 1

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"tenon: {self.message}", file=file, err=file is None)


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports each when it is asked for.

    ``commands_at`` maps names to ``(".module:attribute", short help)``. A name it does not
    know is looked for among the plugins.
    """

    def __init__(self, *args: Any, commands_at: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.commands_at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands_at)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands_at:
            from .contributed import plugin_group

            return plugin_group(ctx.obj, cmd_name)
        module, _colon, attribute = self.commands_at[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module, __package__), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            ctx.fail(_("There is no command %(name)r", name=name) + did_you_mean(name, self.commands_at))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, short) for name, (_module, short) in self.commands_at.items()])

    def invoke(self, ctx: click.Context) -> Any:
        # A command's name is looked up before the group's own function runs, and it may be a plugin's.
        ctx.obj = Deployment(ctx.params.get("settings"))
        with _told(debug=bool(ctx.params.get("debug"))):
            return super().invoke(ctx)


@contextmanager
def _told(*, debug: bool) -> Iterator[None]:
    """Turn every error into a sentence; ``debug`` lets it through with its traceback."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except Exception as error:
        if debug:
            raise
        raise Failure(_sentence(error)) from error


def _sentence(error: Exception) -> str:
    if isinstance(error, TenonError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        place = f": {error.filename}" if error.filename else ""
        return f"{error.strerror}{place}"
    return _(
        "Something unexpected went wrong (%(kind)s: %(error)s). To see where: tenon --debug …",
        kind=type(error).__name__,
        error=str(error),
    )
