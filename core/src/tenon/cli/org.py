"""``tenon user org`` and ``tenon user move``: who reports to whom."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

import click

from ..errors import InvalidError, NotFoundError, Problem
from ..identity import system
from ..messages import _
from .columns import echo_columns
from .context import pass_tenon

if TYPE_CHECKING:
    from ..app import Tenon
    from ..identity.org import Difference

NONE = "none"


@click.command()
@click.option(
    "--check", is_flag=True, help="Compare the stored lines with users and teams; exit 1 if they differ."
)
@click.option("--repair", is_flag=True, help="Make the stored lines what users and teams say.")
@pass_tenon
def org(tenon: Tenon, check: bool, repair: bool) -> None:
    """Print who reports to whom as a tree."""
    if repair:
        with tenon.storage.writing() as connection:
            changed = tenon.identity.org.refresh(connection)
        click.echo(_("Lines that were put right: %(count)s", count=changed))
    if check:
        _check(tenon)
    if not check and not repair:
        _print(tenon)


def _check(tenon: Tenon) -> None:
    with tenon.storage.snapshot() as connection:
        found = tenon.identity.org.check(connection)
    if not found:
        click.echo(_("The stored lines are what users and teams say."))
        return
    names = {user.id: user.name for user in tenon.identity.users.all()}
    echo_columns(("ABOVE", "BELOW", "STORED", "SHOULD BE"), _rows(found, names))
    click.echo(_("Put them right with: tenon user org --repair"), err=True)
    raise click.exceptions.Exit(1)


def _rows(found: Iterable[Difference], names: dict[UUID, str]) -> Iterable[tuple[object, ...]]:
    def line(distance: int | None) -> object:
        return "no line" if distance is None else distance

    for d in found:
        above, below = (names.get(id_, str(id_)) for id_ in (d.above_id, d.below_id))
        yield above, below, line(d.stored), line(d.due)


def _print(tenon: Tenon) -> None:
    from ..identity.chart import chart

    with tenon.storage.snapshot() as connection:
        lines = chart(connection)
    for line in lines:
        about = [line.title] if line.title else []
        about += [str(_("%(count)s below", count=line.below))] if line.below else []
        about += [] if line.active else [str(_("disabled"))]
        about += [str(_("also reports to %(name)s", name=person.name)) for person in line.also]
        click.echo("  " * line.depth + line.name + (f"  ({', '.join(about)})" if about else ""))


@click.command()
@click.argument("email")
@click.option("--manager", help="The e-mail address of whom they report to from now on, or none.")
@click.option("--team", help="The name of their team from now on, or none.")
@pass_tenon
def move(tenon: Tenon, email: str, manager: str | None, team: str | None) -> None:
    """Give EMAIL another manager or team. What is not given stays."""
    found = tenon.identity.users.find(email)
    values: dict[str, UUID | None] = {}
    if manager is not None:
        values["manager_id"] = None if manager == NONE else tenon.identity.users.find(manager).id
    if team is not None:
        values["team_id"] = None if team == NONE else _team(tenon, team)
    if not values:
        raise InvalidError(
            _("Nothing to change was given"), hint=_("Give --manager EMAIL, --team NAME, or none for either.")
        )
    with tenon.records.writing(system("tenon user move"), via="cli") as work:
        work.update("user", found.id, values)
    click.echo(_("%(name)s has another place.", name=found.name))


def _team(tenon: Tenon, name: str) -> UUID:
    from ..records.query import Query, Where

    with tenon.records.reading(system("tenon user move"), via="cli") as work:
        teams = work.page("team", Query(filter=Where("name", "eq", name), size=2)).data
    if not teams:
        raise NotFoundError(
            _("There is no team %(name)s", name=name), hint=_("See which there are on the page Teams.")
        )
    if len(teams) > 1:
        detail = _("Several teams have the name %(name)s", name=name)
        raise InvalidError(detail, problems=[Problem("/team", "ambiguous", detail)])
    return teams[0].id
