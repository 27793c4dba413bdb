"""``tenon access net``: PostgreSQL's row security below the predicates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from tenon.api import Command, _

from .rowsecurity import RowSecurity

Compose = Callable[[], Any]


@click.group()
def net() -> None:
    """The database's own row security, for code that forgets to ask (PostgreSQL)."""


@net.command()
@click.pass_obj
def install(compose: Compose) -> None:
    """Write the rules; again after plugins changed."""
    count = RowSecurity(compose().access.policy).install()
    click.echo(_("%(count)d tables have a rule.", count=count))
    click.echo(_('Switch it on: access_net = "on" in tenon.toml.'))


@net.command()
@click.pass_obj
def remove(compose: Compose) -> None:
    """Take the rules away."""
    RowSecurity(compose().access.policy).remove()
    click.echo(_("The rules are gone."))


@net.command()
@click.pass_context
def check(context: click.Context) -> None:
    """Say which tables lack their rule; fails where one does."""
    missing = RowSecurity(context.obj().access.policy).differences()
    for table in missing:
        click.echo(table)
    if missing:
        click.echo(_("Write them: tenon access net install"))
        context.exit(1)
    click.echo(_("Every table has its rule."))


NET = Command(net, group="access")
