"""``tenon accesslog``: who was refused what, who signed in, what was exported."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from ..access.kinds import KINDS
from ..messages import _
from .columns import echo_columns
from .context import pass_tenon

if TYPE_CHECKING:
    from ..access.entries import Entry
    from ..app import Tenon


class Since(click.ParamType[datetime | timedelta]):
    """A date, a moment, or how long ago: ``7d``, ``12h``."""

    name = "7d|2026-01-31"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from ..settings.setting import Setting, typed

        if isinstance(value, datetime | timedelta):
            return value
        try:
            return typed(Setting("since", "duration"), value)
        except ValueError:
            pass
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            self.fail(_("Say how long ago, as 7d or 12h, or from which day, as 2026-01-31"), param, ctx)
        return found if found.tzinfo else found.replace(tzinfo=UTC)


@click.command()
@click.option("--since", type=Since(), default="7d", show_default=True, help="From when on; days are UTC.")
@click.option("--kind", type=click.Choice(list(KINDS)), help="Only these.")
@click.option("--user", "email", help="Only what this user did.")
@click.option("--entity", help="Only about one kind of record, such as account.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object a line, for programs.")
@pass_tenon
def accesslog(
    tenon: Tenon,
    since: datetime | timedelta,
    kind: str | None,
    email: str | None,
    entity: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Show the access log, the newest first."""
    from ..access.entries import Wanted, entries

    begin = tenon.clock.now() - since if isinstance(since, timedelta) else since
    who = tenon.identity.users.find(email).id if email else None
    found = entries(tenon.storage, Wanted(kind=kind, actor=who, entity=entity, since=begin), limit)
    if as_json:
        _echo_json(found)
    elif not found:
        click.echo(_("There are no such entries."))
    else:
        echo_columns(("AT", "KIND", "WHO", "ABOUT", "WHY", "ADDRESS", "NUMBER"), map(_row, found))


def _echo_json(found: list[Entry]) -> None:
    from ..storage import json

    for entry in found:
        click.echo(json.dump_text(asdict(entry)))


def _row(entry: Entry) -> tuple[object, ...]:
    about = " ".join(str(part) for part in (entry.action, entry.entity, entry.record_id) if part)
    return entry.at, entry.kind, entry.actor_name, about, entry.reason, entry.address, entry.count
