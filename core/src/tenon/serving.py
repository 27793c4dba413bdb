"""Serving the app: an address to listen on, waitress in this process, a quiet end."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .errors import ConfigError
from .messages import _
from .requestlog import RequestLog

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from .app import Tenon

DRAIN_SECONDS = 20.0
LOOK_SECONDS = 0.5


def listen_on(host: str, port: int) -> socket.socket:
    """A bound socket; ``ConfigError`` says what to do where the address cannot be had.

    Taken before anything is composed, so that a port in use is told at once.
    """
    try:
        family, _kind, _protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, socket.SOCK_STREAM)
        # A server that was just stopped leaves its port in TIME_WAIT.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        raise address_refused(host, port, error) from error
    return bound


def address_refused(host: str, port: int, error: OSError) -> ConfigError:
    """Why that address cannot be listened on, and what to do about it."""
    if error.errno == errno.EADDRINUSE:
        return ConfigError(
            _("Port %(port)d on %(host)s is in use by another program", port=port, host=host),
            hint=_(
                "Stop that program (`ss -ltnp 'sport = :%(port)d'` shows which it is), "
                "or serve on another port: tenon run --port %(other)d",
                port=port,
                other=port + 1 if port < 65535 else 8000,
            ),
        )
    if error.errno == errno.EACCES:
        return ConfigError(
            _("Port %(port)d may not be opened by this user", port=port),
            hint=_("Ports below 1024 belong to the system. Take another: tenon run --port 8000"),
        )
    return ConfigError(
        _("%(host)s is not an address of this machine: %(reason)s", host=host, reason=error.strerror),
        hint=_("Use 127.0.0.1 for this machine alone, or 0.0.0.0 for every network it is in."),
    )


def wsgi_app(tenon: Tenon) -> WSGIApplication:
    """The app as any WSGI server takes it: with request ids, a log, and believed proxies."""
    app: WSGIApplication = tenon.app
    if tenon.settings.server.proxies:
        from werkzeug.middleware.proxy_fix import ProxyFix

        count = tenon.settings.server.proxies
        app = ProxyFix(app, x_for=count, x_proto=count, x_host=count, x_prefix=count)
    return RequestLog(app)


class Server:
    """Waitress on a bound socket, which stops without dropping an answer.

    ``threads`` requests are served at once. :meth:`stop` may be called from a signal
    handler or another thread.
    """

    def __init__(self, app: WSGIApplication, bound: socket.socket, tenon: Tenon, threads: int) -> None:
        from waitress.server import create_server

        host, port = bound.getsockname()[:2]
        try:
            self._waitress: Any = create_server(
                app,
                sockets=[bound],
                threads=threads,
                ident="tenon",
                max_request_body_size=tenon.settings.limits.max_upload,
                clear_untrusted_proxy_headers=not tenon.settings.server.proxies,
            )
        except OSError as error:
            raise address_refused(host, port, error) from error
        self.host, self.port = str(host), int(port)
        self._stopping = False

    @property
    def address(self) -> str:
        """What to type into a browser on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{self.port}/"

    def serve(self) -> None:
        """Serve until :meth:`stop`, then answer what has been asked, and close."""
        self._loop(lambda: self._stopping)
        self._waitress.accepting = False
        deadline = time.monotonic() + DRAIN_SECONDS
        self._loop(lambda: not self._busy() or time.monotonic() > deadline)
        self._waitress.task_dispatcher.shutdown(timeout=1)
        self._waitress.close()

    def stop(self) -> None:
        """Take no more connections, and let :meth:`serve` return."""
        self._stopping = True
        self._waitress.pull_trigger()

    def _loop(self, until: Callable[[], bool]) -> None:
        while not until():
            self._waitress.asyncore.loop(
                timeout=LOOK_SECONDS, map=self._waitress._map, count=1, use_poll=True
            )

    def _busy(self) -> bool:
        channels = list(self._waitress.active_channels.values())
        return any(channel.requests or channel.total_outbufs_len for channel in channels)
