"""``tenon run``: pages, API and worker in one process."""

from __future__ import annotations

import ipaddress
import signal
from collections.abc import Callable
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from ..messages import _
from ..requestlog import FORMATS, LEVELS, configure_logging
from .context import Deployment, pass_deployment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..app import Tenon


@click.command()
@click.option("--demo", "with_demo", is_flag=True, help="Migrate, and fill an empty database with a demo.")
@click.option("--host", help="Address to listen on; 127.0.0.1 unless the settings say otherwise.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on, 0 for any that is free.")
@click.option("--threads", type=click.IntRange(1, 256), help="Requests served at once.")
@click.option("--no-worker", is_flag=True, help="Leave delivery and jobs to `tenon worker`.")
@click.option("--log", "level", type=click.Choice(LEVELS), help="What is logged; info has each request.")
@click.option("--log-format", "form", type=click.Choice(FORMATS), help="text for people, json for programs.")
@pass_deployment
def run(
    deployment: Deployment,
    with_demo: bool,
    host: str | None,
    port: int | None,
    threads: int | None,
    no_worker: bool,
    level: str | None,
    form: str | None,
) -> None:
    """Serve pages and API until Ctrl+C or SIGTERM."""
    from ..serving import Server, listen_on, wsgi_app

    configure_logging(level, form)
    server = deployment.settings.server
    with listen_on(host or server.host, server.port if port is None else port) as bound:
        tenon = _composed(deployment, with_demo)
        serving = Server(wsgi_app(tenon), bound, tenon, threads or server.threads)
        with _until_signalled(serving.stop), _worker(tenon, no_worker):
            _greet(tenon, serving.host, serving.address)
            serving.serve()
            click.echo(_("Stopping ..."))
    tenon.storage.close()


def _composed(deployment: Deployment, with_demo: bool) -> Tenon:
    """The deployment with its faces, on a schema that is current."""
    from ..app import add_faces

    tenon = deployment.tenon
    if with_demo:
        from .demo import prepare

        prepare(tenon)
    tenon.migrations.ensure_current()
    add_faces(tenon)
    return tenon


@contextmanager
def _worker(tenon: Tenon, no_worker: bool) -> Iterator[None]:
    """The worker's threads beside the server, for as long as it serves."""
    if no_worker or not tenon.settings.worker.embedded:
        yield
        return
    worker = tenon.exchange.worker(tenon.settings.worker.threads).start()
    try:
        yield
    finally:
        worker.stop()


@contextmanager
def _until_signalled(stop: Callable[[], None]) -> Iterator[None]:
    """Let SIGTERM and Ctrl+C call ``stop``; a second one ends the process as ever."""

    def asked(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, before[number])
        stop()

    before: dict[int, Any] = {n: signal.signal(n, asked) for n in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _greet(tenon: Tenon, host: str, address: str) -> None:
    from ..demo import has_demo_login
    from .demo import tell_login

    click.echo(_("Tenon is at %(address)s", address=tenon.settings.server.url or address))
    if has_demo_login(tenon):
        tell_login()
        if not ipaddress.ip_address(host).is_loopback:
            click.echo(_("Others can reach this address, and the demo's password is no secret."), err=True)
    elif not tenon.identity.users.has_admin():
        click.echo(_("Nobody can administer it yet. In another terminal: tenon user add NAME EMAIL --admin"))
    advice = tenon.access.policy.advice
    if advice:
        click.echo(advice)
    click.echo(_("Ctrl+C stops it."))
