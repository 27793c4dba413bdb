"""``tenon totp``: who signs in with a second step, and taking one away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ..identity import system
from ..messages import _
from .columns import echo_columns
from .context import pass_tenon

if TYPE_CHECKING:
    from ..app import Tenon


@click.group()
def totp() -> None:
    """Second steps: codes of authenticator apps."""


@totp.command("list")
@pass_tenon
def list_second_steps(tenon: Tenon) -> None:
    """List who has a second step, and since when."""
    since = tenon.identity.second_step.states()
    people = [(user, since.get(user.id)) for user in tenon.identity.users.all() if user.signs_in]
    echo_columns(
        ("NAME", "E-MAIL", "SINCE"), ((u.name, u.email, f"{at:%Y-%m-%d}" if at else "–") for u, at in people)
    )


@totp.command()
@click.argument("email")
@pass_tenon
def reset(tenon: Tenon, email: str) -> None:
    """Take EMAIL's second step and recovery codes away, and end their sign-ins."""
    found = tenon.identity.users.find(email)
    if tenon.identity.second_step.reset(found.id, by=system("tenon totp reset")):
        click.echo(_("%(name)s signs in with the password alone now.", name=found.name))
    else:
        click.echo(_("%(name)s has no second step.", name=found.name))
