"""``tenon user`` and ``tenon apikey``: who may come in, and with what."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from ..identity import NewUser, system
from ..identity.tokens import new_password
from ..messages import _
from .columns import echo_columns
from .context import pass_tenon
from .org import move, org

if TYPE_CHECKING:
    from ..app import Tenon
    from ..identity.keys import KeySummary

COMMAND = system("tenon user")
PASSWORD_STDIN = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
GENERATE = click.option("--generate", is_flag=True, help="Make up a password and print it.")


@click.group()
def user() -> None:
    """People who work here."""


user.add_command(org)
user.add_command(move)


@user.command()
@click.argument("name")
@click.argument("email")
@click.option("--admin", is_flag=True, help="May do everything.")
@click.option("--role", "roles", multiple=True, help="A role to give; may be repeated.")
@click.option("--no-password", is_flag=True, help="Make a user who cannot sign in.")
@PASSWORD_STDIN
@GENERATE
@pass_tenon
def add(
    tenon: Tenon,
    name: str,
    email: str,
    admin: bool,
    roles: tuple[str, ...],
    no_password: bool,
    password_stdin: bool,
    generate: bool,
) -> None:
    """Make a user called NAME who signs in as EMAIL."""
    password = None if no_password else _password(password_stdin, generate)
    new = NewUser(name=name, email=email, admin=admin, roles=roles)
    tenon.identity.create_user(new, password, actor=COMMAND, via="cli")
    click.echo(_("%(name)s was added.", name=name))
    if generate and password is not None:
        click.echo(_("Password: %(password)s", password=password))


@user.command("list")
@pass_tenon
def list_users(tenon: Tenon) -> None:
    """List the users."""
    heading = ("NAME", "E-MAIL", "ACTIVE", "SIGNS IN", "ADMIN", "ROLES")
    users = tenon.identity.users.all()
    echo_columns(heading, ((u.name, u.email, u.active, u.signs_in, u.admin, u.roles) for u in users))


@user.command()
@click.argument("email")
@PASSWORD_STDIN
@GENERATE
@pass_tenon
def password(tenon: Tenon, email: str, password_stdin: bool, generate: bool) -> None:
    """Give EMAIL a new password, which ends their sign-ins and a lock."""
    found = tenon.identity.users.find(email)
    chosen = _password(password_stdin, generate)
    tenon.identity.set_password(found.id, chosen, actor=COMMAND, via="cli")
    click.echo(_("%(name)s has a new password and was signed out everywhere.", name=found.name))
    if generate:
        click.echo(_("Password: %(password)s", password=chosen))


@user.command()
@click.argument("email")
@pass_tenon
def disable(tenon: Tenon, email: str) -> None:
    """Keep EMAIL out. Their records stay; `tenon user enable` lets them in again."""
    found = tenon.identity.users.find(email)
    tenon.identity.users.set_active(found.id, False, actor=COMMAND, via="cli")
    click.echo(_("%(name)s cannot come in any more.", name=found.name))


@user.command()
@click.argument("email")
@pass_tenon
def enable(tenon: Tenon, email: str) -> None:
    """Let EMAIL in again."""
    found = tenon.identity.users.find(email)
    tenon.identity.users.set_active(found.id, True, actor=COMMAND, via="cli")
    click.echo(_("%(name)s may come in again.", name=found.name))


@user.command()
@click.argument("email")
@click.option("--admin/--no-admin", default=None, help="Whether they may do everything.")
@click.option("--role", "roles", multiple=True, help="The roles to have from now on; may be repeated.")
@click.option("--no-roles", is_flag=True, help="Take every role away.")
@pass_tenon
def access(tenon: Tenon, email: str, admin: bool | None, roles: tuple[str, ...], no_roles: bool) -> None:
    """Change what EMAIL may do. What is not given stays."""
    found = tenon.identity.users.find(email)
    chosen = roles if roles or no_roles else None
    tenon.identity.users.set_access(found.id, admin=admin, roles=chosen, actor=COMMAND, via="cli")
    now = tenon.identity.users.get(found.id)
    echo_columns(("NAME", "ADMIN", "ROLES"), [(now.name, now.admin, now.roles)])


@click.group()
def apikey() -> None:
    """Keys with which programs act for a user."""


@apikey.command()
@click.argument("email")
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, help="A permission, as account:read or *:read; may be repeated."
)
@click.option("--days", type=click.IntRange(1, 3650), help="Days until it expires; never unless given.")
@pass_tenon
def create(tenon: Tenon, email: str, name: str, scopes: tuple[str, ...], days: int | None) -> None:
    """Make a key called NAME that acts for EMAIL. It is shown this once."""
    found = tenon.identity.users.find(email)
    expires_at = tenon.clock.now() + timedelta(days=days) if days else None
    _row, secret = tenon.identity.create_api_key(found.id, name, scopes=scopes or None, expires_at=expires_at)
    click.echo(secret)
    click.echo(_("Keep it now: only a hash of it is stored."), err=True)


@apikey.command("list")
@pass_tenon
def list_keys(tenon: Tenon) -> None:
    """List the keys, without their secrets."""
    heading = ("KEY", "NAME", "USER", "SCOPES", "STATE", "LAST USED")
    now = tenon.clock.now()

    def state(key: KeySummary) -> str:
        if key.revoked_at is not None:
            return "revoked"
        if key.expires_at is None:
            return "active"
        return "expired" if key.expires_at <= now else f"until {key.expires_at:%Y-%m-%d}"

    keys = tenon.identity.keys.all()
    echo_columns(
        heading,
        ((f"tnn_{k.prefix}", k.name, k.user_name, k.scopes or "all", state(k), k.last_used_at) for k in keys),
    )


@apikey.command()
@click.argument("key")
@pass_tenon
def revoke(tenon: Tenon, key: str) -> None:
    """End KEY (as `tenon apikey list` shows it) for good."""
    revoked = tenon.identity.keys.revoke(key.removeprefix("tnn_").partition("_")[0])
    click.echo(_("The key %(name)s is revoked.", name=revoked.name))


def _password(from_stdin: bool, generate: bool) -> str:
    if generate:
        return new_password()
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    chosen: str = click.prompt(_("Password"), hide_input=True, confirmation_prompt=True)
    return chosen
