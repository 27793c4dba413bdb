"""``tenon init``: a settings file to start from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import ConflictError
from ..messages import _
from ..settings.model import FILE, MODES

if TYPE_CHECKING:
    from ..settings import Settings

TEXT = """\
# Settings of this deployment. Every key, with its default: docs/reference/settings.md.
# What is not set here can be set in the environment, such as TENON_DATABASE.

name = "{name}"

# Ways of selling: "b2b" (companies, long sales), "b2c" (people, orders), or both.
modes = [{modes}]

# Who may do what. "policy": a plugin decides, and without one nothing starts.
# "open": everybody who signed in may do everything.
# A policy begins with: tenon access init
access = "open"

[database]
# A SQLite file beside this one, or "postgresql://user:password@host/name".
url = "{database}"

[server]
host = "127.0.0.1"
port = 8000

[locale]
default = "en"
currency = "{currency}"
timezone = "{timezone}"

[plugins]
# Every installed plugin runs, unless those that shall are named.
# enabled = ["b2b_accounts"]
"""


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option("--name", default="Tenon", help="What pages call the deployment.")
@click.option(
    "--mode", "modes", multiple=True, type=click.Choice(MODES), help="May be repeated; both unless given."
)
@click.option("--database", default="sqlite:///var/tenon.db", help="A URL of SQLite or PostgreSQL.")
@click.option("--currency", default="USD", help="ISO 4217 code of amounts that name none.")
@click.option("--timezone", default="UTC", help="IANA name, such as Europe/Berlin.")
def init(
    folder: Path, name: str, modes: tuple[str, ...], database: str, currency: str, timezone: str
) -> None:
    """Write a tenon.toml with comments into FOLDER, the present one unless given."""
    from ..settings import load_settings

    path = folder / FILE
    folder.mkdir(parents=True, exist_ok=True)
    chosen = ", ".join(f'"{mode}"' for mode in modes or MODES)
    text = TEXT.format(
        name=_quoted(name),
        modes=chosen,
        database=_quoted(database),
        currency=_quoted(currency),
        timezone=_quoted(timezone),
    )
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise ConflictError(
            _("%(path)s is there already, and was left as it is", path=str(path)),
            hint=_("Edit it, or name another folder: tenon init FOLDER"),
        ) from error
    try:
        settings = load_settings(path, {})
    except Exception:
        path.unlink()
        raise
    click.echo(_("Wrote %(path)s. Next, in that folder:", path=str(path)))
    steps = ["db upgrade", "user add NAME EMAIL --admin", "run"]
    if _begins_a_policy(settings):
        steps.insert(1, "access init")
    click.echo("\n".join(f"  tenon {step}" for step in steps))


def _begins_a_policy(settings: Settings) -> bool:
    """Whether a plugin that runs here has a policy to start from."""
    from ..errors import ConfigError
    from ..plugin.contributions import Command
    from ..plugin.loader import load_plugins

    try:
        commands = load_plugins(settings).contributions(Command)
    except ConfigError:
        # Whoever runs the next step is told what is wrong.
        return False
    return any(c.group == "access" and c.command.name == "init" for _plugin, c in commands)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
