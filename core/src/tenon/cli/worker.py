"""``tenon worker`` and ``tenon outbox``: delivery, and looking after it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import click

from ..messages import _
from .columns import echo_columns
from .context import pass_tenon

if TYPE_CHECKING:
    from ..app import Tenon
    from ..exchange import Delivery

STATES = ("new", "leased", "sent", "done", "rejected", "unknown", "dead", "skipped")


@click.command()
@click.option("--threads", type=click.IntRange(1, 64), help="Deliveries and jobs at once.")
@click.option("--once", is_flag=True, help="Do what is due now, then stop.")
@pass_tenon
def worker(tenon: Tenon, threads: int | None, once: bool) -> None:
    """Deliver events and run jobs until stopped (Ctrl-C or SIGTERM).

    Several may run at once, on several machines. Where the web process has its
    own (worker.embedded), none is needed.
    """
    tenon.migrations.ensure_current()
    if once:
        click.echo(_("%(count)d steps done.", count=tenon.exchange.run_due()))
        return
    count = threads or tenon.settings.worker.threads
    click.echo(_("The worker runs with %(count)d threads. Ctrl-C stops it.", count=count))
    if not tenon.exchange.worker(count).run_until_signalled():
        raise click.ClickException(
            _("A delivery took too long to wait for; it is taken up again in a minute.")
        )


@click.group()
def outbox() -> None:
    """Deliveries: what waits, what failed, once more."""


@outbox.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only these.")
@click.option("--target", help="Only those of one target, such as webhook:ID.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@pass_tenon
def list_(tenon: Tenon, state: str | None, target: str | None, limit: int) -> None:
    """List deliveries, the latest first."""
    found = tenon.exchange.operations.list(state=state, target=target, limit=limit)
    if not found:
        click.echo(_("There are no such deliveries."))
        return
    heading = ("ID", "STATE", "EVENT", "TARGET", "TRIES", "DUE", "LAST ERROR")
    echo_columns(heading, map(_row, found))


def _row(delivery: Delivery) -> tuple[object, ...]:
    waits = delivery.state in ("new", "unknown")
    return (
        delivery.id,
        delivery.state,
        delivery.event.name,
        delivery.target,
        delivery.attempts,
        delivery.due_at if waits else None,
        (delivery.last_error or "").partition("\n")[0][:60],
    )


@outbox.command()
@click.argument("delivery", type=click.UUID)
@pass_tenon
def show(tenon: Tenon, delivery: UUID) -> None:
    """Show one DELIVERY with its event."""
    import orjson

    found = tenon.exchange.operations.show(delivery)
    event = found.event
    said = {
        "delivery": {
            "id": found.id,
            "target": found.target,
            "lane": found.lane,
            "state": found.state,
            "attempts": found.attempts,
            "due_at": found.due_at,
            "last_error": found.last_error,
            "last_status": found.last_status,
        },
        "event": {
            "id": event.id,
            "name": event.name,
            "entity": event.entity,
            "record_id": event.record_id,
            "at": event.at,
            "via": event.via,
            "actor_id": event.actor_id,
            "payload": dict(event.payload),
        },
    }
    click.echo(orjson.dumps(said, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode())


@outbox.command()
@click.argument("delivery", type=click.UUID, required=False)
@click.option("--dead", is_flag=True, help="Every dead delivery.")
@click.option("--target", help="With --dead: only those of one target.")
@pass_tenon
def replay(tenon: Tenon, delivery: UUID | None, dead: bool, target: str | None) -> None:
    """Deliver again: one DELIVERY that has ended, or every dead one."""
    if (delivery is None) is not dead:
        raise click.UsageError(_("Name one delivery, or say --dead."))
    operations = tenon.exchange.operations
    if delivery is None:
        click.echo(_("%(count)d will be delivered again.", count=operations.replay_dead(target)))
        return
    operations.replay(delivery)
    click.echo(_("%(id)s will be delivered again.", id=delivery))


@outbox.command()
@click.argument("delivery", type=click.UUID)
@click.argument("outcome", type=click.Choice(("done", "resend", "skipped")))
@pass_tenon
def resolve(tenon: Tenon, delivery: UUID, outcome: str) -> None:
    """Say what became of a DELIVERY that is unknown or dead, so that its lane goes on."""
    found = tenon.exchange.operations.resolve(delivery, outcome)  # type: ignore[arg-type]
    click.echo(_("%(id)s is %(state)s now.", id=found.id, state=found.state))


@outbox.command("stats")
@pass_tenon
def stats_(tenon: Tenon) -> None:
    """Count what waits and what failed, by target, and say how late it is."""
    from ..exchange import stats

    with tenon.storage.reading() as connection:
        found = stats(connection, tenon.clock.now())
    rows = [(target, state, count) for (target, state), count in sorted(found.deliveries.items())]
    rows += [("jobs", state, count) for state, count in sorted(found.jobs.items())]
    rows.append(("outbox", "waiting", found.events_waiting))
    echo_columns(("TARGET", "STATE", "COUNT"), rows)
    click.echo(_("The oldest that is due waits for %(seconds)d seconds.", seconds=found.lag_seconds))
