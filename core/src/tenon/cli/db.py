"""``tenon db``: the schema's migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ..messages import _
from .columns import echo_columns
from .context import pass_deployment, pass_tenon

if TYPE_CHECKING:
    from ..app import Tenon
    from ..storage.migrations import Orphan
    from .context import Deployment


@click.group()
def db() -> None:
    """The database schema: what is pending, upgrade, check."""


@db.command()
@pass_tenon
def plan(tenon: Tenon) -> None:
    """List the revisions that an upgrade would run, in order."""
    steps = tenon.migrations.plan()
    for step in steps:
        click.echo(str(step))
    if steps:
        click.echo(_("%(count)d to run. Back up the database, then: tenon db upgrade", count=len(steps)))
    else:
        click.echo(_("Nothing to run: the schema is current."))


@db.command()
@pass_tenon
def upgrade(tenon: Tenon) -> None:
    """Bring every plugin's tables to what its code needs."""
    done = tenon.migrations.upgrade(lambda step: click.echo(str(step)))
    if done:
        click.echo(_("%(count)d revisions run. The schema is current.", count=len(done)))
    else:
        click.echo(_("Nothing to run: the schema is current."))


@db.command()
@click.option("--models", is_flag=True, help="Also compare the models with the tables (for developers).")
@pass_tenon
def check(tenon: Tenon, models: bool) -> None:
    """Say whether database and code fit; the exit code is 1 where they do not."""
    report = tenon.migrations.check(models=models)
    for orphan in report.kept:
        click.echo(_kept(orphan))
    report.raise_for_problems()
    click.echo(_("Database and code fit."))


@db.command()
@pass_tenon
def orphans(tenon: Tenon) -> None:
    """List tables that are kept for plugins that are not enabled or not installed."""
    kept = tenon.migrations.orphans()
    if not kept:
        click.echo(_("No tables are kept for plugins that are away."))
        return
    echo_columns(("PLUGIN", "REVISION", "TABLES"), ((o.owner, o.revision, o.tables) for o in kept))


@db.command()
@click.argument("plugin")
@click.option("-m", "--message", default="Initial", help="What the revision does, in a few words.")
@click.option("--initial", is_flag=True, help="Draw 0001 anew, for a plugin that was never released.")
@pass_deployment
def revision(deployment: Deployment, plugin: str, message: str, initial: bool) -> None:
    """Draw PLUGIN's next revision from its models (for developers)."""
    deployment.drafting = True
    path = deployment.tenon.migrations.revision(plugin, message, initial=initial)
    if path is None:
        click.echo(
            _("Nothing to draw: the models of %(plugin)s are what its migrations make.", plugin=plugin)
        )
        return
    click.echo(_("Wrote %(path)s. Read it, then: tenon db upgrade", path=str(path)))


def _kept(orphan: Orphan) -> str:
    return _(
        "Kept for %(owner)s, which is not enabled or not installed: %(tables)s",
        owner=orphan.owner,
        tables=", ".join(orphan.tables) or "no tables",
    )
