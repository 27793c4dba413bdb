"""The one way out: an HTTP client that cannot be talked into calling inwards.

The host is resolved once, every address is checked, and the connection is made
to the address that was checked, so that a name which changes its mind in
between gains nothing. Name, ``Host`` and certificate check stay those of the URL.
Redirects are not followed, proxies of the environment not used, and both the
whole time and the size of the answer are limited.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..messages import _
from .addresses import AllowList, Endpoint, endpoint
from .errors import DeliveryError, Transient, UnknownOutcome

if TYPE_CHECKING:
    import httpx

Resolve = Callable[[str, int], list[str]]

TIMEOUT = 10.0
MAX_BYTES = 1_000_000


def resolve(host: str, port: int) -> list[str]:
    """Every address of ``host``, in the system's order of preference."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class HttpClient:
    """Calls other systems.

    ``allow`` lists the ``host:port`` pairs that may be private. ``timeout`` is for a whole
    call, in seconds; ``max_bytes`` for the body of an answer. The lookup of a name
    counts into the time, but ends when the system's resolver gives up.
    """

    def __init__(
        self,
        allow: Iterable[str] = (),
        timeout: float = TIMEOUT,
        max_bytes: int = MAX_BYTES,
        resolve: Resolve = resolve,
    ) -> None:
        self.allow = AllowList(allow)
        self.timeout = timeout
        self.max_bytes = max_bytes
        self._resolve = resolve

    def check(self, url: str) -> None:
        """``AddressRefused`` when ``url`` cannot be one that may be called. Resolves nothing."""
        place = endpoint(url)
        if place.host.replace(".", "").isdigit() or ":" in place.host:
            self.allow.check(place, [place.host])

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        content: bytes | str | None = None,
        json: Any = None,
        timeout: float | None = None,
    ) -> httpx.Response:
        """Make one call and read the whole answer, whatever its status.

        Raises ``AddressRefused`` before anything is looked up or sent, ``Transient`` when
        nothing was sent, ``UnknownOutcome`` when the call may have arrived.
        """
        import httpx

        place = endpoint(url)
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        sent = {"accept-encoding": "identity", "user-agent": "Tenon", **(headers or {})}
        request = httpx.Request(method, url, params=params, headers=sent, content=content, json=json)
        if endpoint(str(request.url)) != place:
            raise UnknownOutcome(_("%(url)s is read in two ways", url=url))
        with _explained(place):
            return self._call(request, place, deadline)

    def get(self, url: str, **options: Any) -> httpx.Response:
        """``request("GET", …)``."""
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> httpx.Response:
        """``request("POST", …)``."""
        return self.request("POST", url, **options)

    def _call(self, request: httpx.Request, place: Endpoint, deadline: float) -> httpx.Response:
        from .pinned import PinnedTransport

        def addresses() -> list[str]:
            try:
                found = self._resolve(place.host, place.port)
            except (OSError, UnicodeError) as error:
                raise Transient(_("%(host)s cannot be found: %(why)s", host=place.host, why=error)) from error
            self.allow.check(place, found)
            return found

        with PinnedTransport(addresses, deadline, self._tls) as transport:
            response = transport.handle_request(request)
            response.request = request
            try:
                return self._whole(response)
            finally:
                response.close()

    def _whole(self, response: httpx.Response) -> httpx.Response:
        import httpx

        encoding = response.headers.get("content-encoding", "identity")
        if encoding != "identity":
            raise UnknownOutcome(_("The answer is encoded as %(encoding)s, unasked", encoding=encoding))
        body = b"".join(self._bounded(response.iter_raw()))
        return httpx.Response(
            response.status_code, headers=response.headers, content=body, request=response.request
        )

    def _bounded(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        size = 0
        for chunk in chunks:
            size += len(chunk)
            if size > self.max_bytes:
                raise UnknownOutcome(_("The answer is longer than %(limit)s bytes", limit=self.max_bytes))
            yield chunk

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        import httpx

        return httpx.create_ssl_context(trust_env=False)


class _explained:  # noqa: N801 - reads as a function
    """Turn what the libraries raise into what it means for a delivery."""

    def __init__(self, place: Endpoint) -> None:
        self._place = place

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: Any, error: BaseException | None, _trace: Any) -> None:
        import httpcore

        if error is None or isinstance(error, DeliveryError) or not isinstance(error, Exception):
            return
        why = str(error) or error.__class__.__name__
        place = self._place
        if isinstance(error, (httpcore.ConnectError, httpcore.ConnectTimeout)):
            raise Transient(_("%(place)s cannot be reached: %(why)s", place=place, why=why)) from error
        if isinstance(error, (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError)):
            raise UnknownOutcome(
                _("%(place)s did not answer properly: %(why)s", place=place, why=why)
            ) from error
