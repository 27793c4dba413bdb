"""``tenon demo``: something to look around in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ..messages import _
from .context import pass_tenon

if TYPE_CHECKING:
    from ..app import Tenon


@click.command()
@pass_tenon
def demo(tenon: Tenon) -> None:
    """Bring the schema up to date, and fill an empty database with a demo.

    A database with anything in it is left as it is.
    """
    from ..errors import ConflictError

    if not prepare(tenon):
        raise ConflictError(
            _(
                "The database %(url)s is not empty, so it was left alone",
                url=tenon.settings.database.safe_url,
            ),
            hint=_("Name a new one: TENON_DATABASE=sqlite:///demo.db tenon demo"),
        )
    tell_login()


def prepare(tenon: Tenon) -> bool:
    """Migrate, and seed where the database is empty; whether it was."""
    from ..demo import seed

    steps = tenon.migrations.upgrade()
    if steps:
        click.echo(_("Migrated the database: %(count)d revisions.", count=len(steps)))
    seeded = seed(tenon)
    if seeded:
        click.echo(_("Filled the empty database with a demo."))
    return seeded


def tell_login() -> None:
    """Say with which names and password one comes in."""
    from ..demo import ADMIN, MANAGER, PASSWORD, SELLERS

    click.echo(_("Sign in as"))
    for person in (ADMIN, MANAGER, SELLERS[0][0]):
        click.echo(f"  {person.email:<20} {person.title}")
    click.echo(_("with the password %(password)s", password=PASSWORD))
