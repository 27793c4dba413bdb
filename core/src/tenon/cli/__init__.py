"""The command line: ``tenon``, whose commands are imported when they are called."""

from __future__ import annotations

import click

from .lazy import LazyGroup

COMMANDS = {
    "init": (".init:init", "Write a settings file to start from."),
    "run": (".serve:run", "Serve pages and API, with the worker beside them."),
    "demo": (".demo:demo", "Fill an empty database with a demo."),
    "db": (".db:db", "The database schema: what is pending, upgrade, check."),
    "plugins": (".plugins:plugins", "Which plugins there are, what they add, what is wrong."),
    "plugin": (".plugin_new:plugin", "Write a plugin of your own."),
    "user": (".user:user", "People who work here."),
    "totp": (".totp:totp", "Second steps: codes of authenticator apps."),
    "apikey": (".user:apikey", "Keys with which programs act for a user."),
    "access": (".access:access", "Who may do what, why, and what would change."),
    "import": (".importing:import_", "Bring records in from a file."),
    "export": (".importing:export", "Write records to a file."),
    "pipelines": (".pipelines:pipelines", "Stages, and whether pipelines are sound."),
    "worker": (".worker:worker", "Deliver events and run jobs, in a process of its own."),
    "outbox": (".worker:outbox", "What waits to be delivered, what failed."),
    "accesslog": (".access_log:accesslog", "Who was refused what, who signed in, what was exported."),
}


@click.group(
    cls=LazyGroup,
    commands_at=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Plugins bring commands of their own: tenon PLUGIN --help.",
)
@click.option(
    "--settings",
    type=click.Path(dir_okay=False),
    help="The settings file; $TENON_SETTINGS or ./tenon.toml unless given.",
)
@click.option("--debug", is_flag=True, help="Show where an error came from.")
@click.version_option(package_name="tenon-crm", prog_name="tenon")
def main(settings: str | None, debug: bool) -> None:
    """Tenon: a CRM made of plugins."""


__all__ = ["COMMANDS", "main"]
